package lazy

import (
	"encoding/json"

	"github.com/open-policy-agent/opa/v1/ast"
)

// ParseObject reads a JSON object, or null, as Rego sees it: an empty text is null. The managedFields of an object's
// metadata are left out: no built-in rule reads them, and they are half of many objects.
func ParseObject(raw json.RawMessage) (ast.Value, error) { return (&Reader{}).Parse(raw) }

// Parse reads all of a JSON object as OPA sees it.
func (r *Reader) Parse(raw json.RawMessage) (ast.Value, error) {
	read, err := r.Read(raw)
	if err != nil {
		return nil, err
	}
	return Forced(read), nil
}
