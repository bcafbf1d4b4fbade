package engine

import (
	"encoding/json"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine/lazy"
)

// ParseObject reads a JSON object, or null, as Rego sees it: an empty text is null. The managedFields of an object's
// metadata are left out: no built-in rule reads them, and they are half of many objects.
func ParseObject(raw json.RawMessage) (ast.Value, error) { return parse(&lazy.Reader{}, raw) }

func parse(reader *lazy.Reader, raw json.RawMessage) (ast.Value, error) {
	read, err := reader.Read(raw)
	if err != nil {
		return nil, err
	}
	return lazy.Force(read)
}
