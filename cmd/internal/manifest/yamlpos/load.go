// Package yamlpos reads YAML and JSON as kubectl does, and keeps the line and column of every field.
//
// Text decodes a file, Split cuts it into documents, Load reads one of them, and OutlineOf packs the places of its fields.
// What is wrong is a Fault with its place. Nothing here knows Kubernetes' kinds.
package yamlpos

import "fmt"

// Limits bound what one document may be.
type Limits struct {
	// Bytes is the largest text that the aliases of a document may expand to.
	Bytes int64
	// Depth is how deep objects and lists may be nested.
	Depth int
}

// Value is one parsed document: what it says and where.
type Value struct {
	// Raw is the document as JSON, Root its shape: nil if it is blank.
	Raw  []byte
	Root *Node
	// Duplicates are keys that are set twice; the last one counts.
	Duplicates []Fault
}

// Load reads a document. Together with a fault there is no value.
func Load(c Chunk, limits Limits) (Value, []Fault) {
	if c.json {
		return loadJSON(c, limits)
	}
	return loadYAML(c, limits)
}

// Blank reports whether kubectl skips the document.
func (v Value) Blank() bool {
	return v.Root == nil || string(v.Raw) == "null"
}

func tooDeep(limit int) error {
	return fmt.Errorf("nested more than %d levels deep; make the document flatter", limit)
}
