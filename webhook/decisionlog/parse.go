package decisionlog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"

	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/webhook/jsonscan"
)

// Record is one line of a log: a decision, or Guardrails where Guardrails is not nil.
type Record struct {
	header
	// Request has the objects as they were recorded.
	Request admissionv1.AdmissionRequest
	// Result is a Result, empty where the request could not be evaluated.
	Result json.RawMessage
	// Objects are those of the inventory by their digests.
	Objects map[string]json.RawMessage

	// Revision names the Guardrails; "null" are none.
	Revision   string
	Guardrails json.RawMessage
}

// ErrOther is returned for a line that is not a record, as those of other programs in the same stream.
var ErrOther = errors.New("it is not a record of a decision log")

// Parse reads a line. The record keeps parts of it.
func Parse(line []byte) (*Record, error) {
	if record, ok := usual(line); ok && readable(record.Schema, record.Type) == nil {
		return record, record.check()
	}
	return parse(line)
}

// parse reads a record in any form.
func parse(line []byte) (*Record, error) {
	parsed, small, ok := cutParts(line)
	switch {
	case !ok && !bytes.HasPrefix(bytes.TrimSpace(line), []byte("{")):
		return nil, ErrOther
	case !ok:
		return nil, errors.New("it is not a JSON object: it ends too early or is damaged")
	}
	var read struct {
		header
		Revision   string          `json:"revision"`
		Guardrails json.RawMessage `json:"guardrails"`
		Input      struct {
			Request admissionv1.AdmissionRequest `json:"request"`
		} `json:"input"`
	}
	if err := json.Unmarshal(small, &read); err != nil {
		if !strings.HasPrefix(read.Schema, SchemaPrefix) && json.Valid(line) {
			return nil, ErrOther
		}
		return nil, fmt.Errorf("it cannot be read: %w", err)
	}
	if err := readable(read.Schema, read.Type); err != nil {
		return nil, err
	}
	parsed.header, parsed.Revision, parsed.Guardrails = read.header, read.Revision, read.Guardrails
	object, old, options := parsed.Request.Object.Raw, parsed.Request.OldObject.Raw, parsed.Request.Options.Raw
	parsed.Request = read.Input.Request
	parsed.Request.Object.Raw, parsed.Request.OldObject.Raw, parsed.Request.Options.Raw = object, old, options
	return parsed, parsed.check()
}

func readable(schema, kind string) error {
	switch {
	case !strings.HasPrefix(schema, SchemaPrefix):
		return ErrOther
	case schema != Schema:
		return fmt.Errorf("the record has schema %s, and this version of Stateward reads %s: use a newer stateward", schema, Schema)
	case kind != typeDecision && kind != typeGuardrails:
		return fmt.Errorf("the record has the unknown type %q", kind)
	default:
		return nil
	}
}

// check finds what is missing of a record.
func (r *Record) check() error {
	if r.Type == typeGuardrails {
		if r.Revision == "" || len(r.Guardrails) == 0 {
			return errors.New("the record of Guardrails has no revision or no guardrails")
		}
		return nil
	}
	switch {
	case r.Path != PathValidate && r.Path != PathMutate:
		return fmt.Errorf("the record has the unknown path %q", r.Path)
	case r.Request.UID == "" || r.Request.Operation == "":
		return errors.New("the record has no input.request with a uid and an operation")
	case len(r.Result) == 0 && r.Error == "":
		return errors.New("the record has neither a result nor an error")
	case len(r.Result) > 0 && !bytes.HasPrefix(r.Result, []byte("{")):
		return errors.New("the record has a result that is not an object")
	}
	for index, read := range r.Reads {
		if len(read.Path) < 1 {
			return fmt.Errorf("the record has no reads[%d].path", index)
		}
		if read.Object != "" && r.Objects[read.Object] == nil {
			return fmt.Errorf("the record has no object %s", read.Object)
		}
		for _, digest := range read.Objects {
			if r.Objects[digest] == nil {
				return fmt.Errorf("the record has no object %s", digest)
			}
		}
	}
	return nil
}

// IsGuardrails reports whether the record holds Guardrails and no decision.
func (r *Record) IsGuardrails() bool { return r.Type == typeGuardrails }

// EngineRequest returns the recorded request for the engine.
func (r *Record) EngineRequest() engine.Request {
	request := engine.FromAdmission(&r.Request, r.Timestamp)
	request.Phase = engine.ValidatingPhase
	if r.Path == PathMutate {
		request.Phase = engine.MutatingPhase
	}
	request.Masked = len(r.Masked) > 0
	return request
}

// IsMasked reports whether a mask took something away from what the JSON pointers that begin so lead to.
func (r *Record) IsMasked(pointer string) bool {
	for _, masked := range r.Masked {
		if strings.HasPrefix(masked, pointer) {
			return true
		}
	}
	return false
}

// LackedObjects are the fields of the request, such as oldObject, that were never written.
func (r *Record) LackedObjects() (fields []string) {
	for _, erased := range r.Erased {
		if field, ok := strings.CutPrefix(erased, "/input/request/"); ok && !strings.Contains(field, "/") {
			fields = append(fields, field)
		}
	}
	return fields
}

// Lacks reports whether a field of this name was left out of an object.
func (r *Record) Lacks(field string) bool {
	for _, erased := range r.Erased {
		if strings.HasSuffix(erased, jsonPointer([]string{field})) {
			return true
		}
	}
	return false
}

// cutParts takes the large parts out of a line, which would otherwise be gone over several times. They are checked when
// they are read.
func cutParts(line []byte) (parsed *Record, small []byte, ok bool) {
	parsed = &Record{}
	cut := &cutter{scanner: jsonscan.Scanner{Text: line}}
	ok = cut.scanner.Fields(func(name []byte) bool {
		switch string(name) {
		case "result":
			return cut.out(&parsed.Result)
		case "objects":
			return cut.objects(&parsed.Objects)
		case "input":
			return cut.input(parsed)
		default:
			return cut.scanner.Skip()
		}
	})
	return parsed, append(cut.small, line[cut.copied:]...), ok && cut.scanner.Next() == 0
}

// cutter copies a text without some parts of it.
type cutter struct {
	scanner jsonscan.Scanner
	small   []byte
	copied  int
}

// out takes a value out and leaves null in its place.
func (c *cutter) out(into *json.RawMessage) bool {
	c.scanner.Next()
	begin := c.scanner.At
	if !c.scanner.Skip() {
		return false
	}
	end := c.scanner.At
	*into = c.scanner.Text[begin:end:end]
	c.small = append(append(c.small, c.scanner.Text[c.copied:begin]...), "null"...)
	c.copied = end
	return true
}

func (c *cutter) objects(into *map[string]json.RawMessage) bool {
	if c.scanner.Next() != '{' {
		return c.scanner.Skip()
	}
	*into = map[string]json.RawMessage{}
	return c.scanner.Fields(func(digest []byte) bool {
		var object json.RawMessage
		if !c.out(&object) {
			return false
		}
		(*into)[string(digest)] = object
		return true
	})
}

func (c *cutter) input(parsed *Record) bool {
	if c.scanner.Next() != '{' {
		return c.scanner.Skip()
	}
	return c.scanner.Fields(func(name []byte) bool {
		if string(name) != "request" || c.scanner.Next() != '{' {
			return c.scanner.Skip()
		}
		return c.scanner.Fields(func(name []byte) bool {
			switch string(name) {
			case "object":
				return c.out((*json.RawMessage)(&parsed.Request.Object.Raw))
			case "oldObject":
				return c.out((*json.RawMessage)(&parsed.Request.OldObject.Raw))
			case "options":
				return c.out((*json.RawMessage)(&parsed.Request.Options.Raw))
			default:
				return c.scanner.Skip()
			}
		})
	})
}
