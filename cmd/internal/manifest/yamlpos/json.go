package yamlpos

import (
	"bytes"
	"encoding/json"
	"strings"
)

// loadJSON returns the shape of a JSON document. The text itself is already
// the value.
func loadJSON(c Chunk, opts Limits) (Value, []Fault) {
	w := &jsonWalker{
		text:     c.Text,
		decoder:  json.NewDecoder(bytes.NewReader(c.Text)),
		where:    newCursor(c.Text, c.Start),
		maxDepth: opts.Depth,
	}
	w.decoder.UseNumber()
	token, where, err := w.next()
	if err != nil {
		return Value{}, []Fault{FaultAt(c.Start, "invalid JSON: %w", err)}
	}
	root := w.value(token, where, 0)
	if len(w.faults) > 0 {
		return Value{}, LimitFaults(w.faults)
	}
	raw := c.Text
	if len(w.duplicates) > 0 {
		if raw, err = withoutDuplicates(c.Text); err != nil {
			return Value{}, []Fault{FaultAt(c.Start, "invalid JSON: %w", err)}
		}
	}
	return Value{Raw: raw, Root: root, Duplicates: LimitFaults(w.duplicates)}, nil
}

// withoutDuplicates keeps the last of several equal keys.
func withoutDuplicates(text []byte) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var content any
	if err := decoder.Decode(&content); err != nil {
		return nil, err
	}
	return json.Marshal(content)
}

// jsonWalker builds nodes from the tokens of one valid JSON value.
type jsonWalker struct {
	text     []byte
	decoder  *json.Decoder
	where    *cursor
	maxDepth int
	faults   []Fault
	// Duplicates are keys that are set twice.
	duplicates []Fault
	stopped    bool
}

// next returns the next token and where it starts. The decoder only knows
// where a token ends, so the white space and punctuation in front is skipped
// before it is read.
func (w *jsonWalker) next() (json.Token, Place, error) {
	start := int(w.decoder.InputOffset())
	for start < len(w.text) && strings.IndexByte(" \t\r\n:,", w.text[start]) >= 0 {
		start++
	}
	where := w.where.advance(start)
	token, err := w.decoder.Token()
	return token, where, err
}

// stop ends the walk. The error cannot come from the syntax, which was checked
// when the file was split.
func (w *jsonWalker) stop(where Place, err error) *Node {
	w.faults = append(w.faults, Fault{Place: where, Err: err})
	w.stopped = true
	return &Node{Place: where}
}

func (w *jsonWalker) value(token json.Token, where Place, depth int) *Node {
	delim, nested := token.(json.Delim)
	if !nested {
		return &Node{Place: where, nodes: 1}
	}
	if depth >= w.maxDepth {
		return w.stop(where, tooDeep(w.maxDepth))
	}
	if delim == '{' {
		return w.object(where, depth)
	}
	return w.array(where, depth)
}

func (w *jsonWalker) object(where Place, depth int) *Node {
	n := &Node{Place: where, fields: newFields(0), nodes: 1}
	for !w.stopped {
		token, keyPlace, err := w.next()
		if err != nil {
			return w.stop(keyPlace, err)
		}
		key, ok := token.(string)
		if !ok {
			return n
		}
		token, valuePlace, err := w.next()
		if err != nil {
			return w.stop(valuePlace, err)
		}
		first, again := n.fields.get(key)
		if again {
			w.duplicates = append(w.duplicates, duplicateKey(key, keyPlace, first.key))
		}
		n.setField(key, field{key: keyPlace, value: w.value(token, valuePlace, depth+1)})
	}
	return n
}

func (w *jsonWalker) array(where Place, depth int) *Node {
	n := &Node{Place: where, nodes: 1}
	for !w.stopped {
		token, itemPlace, err := w.next()
		if err != nil {
			return w.stop(itemPlace, err)
		}
		if token == json.Delim(']') {
			return n
		}
		n.addItem(w.value(token, itemPlace, depth+1))
	}
	return n
}

func duplicateKey(key string, second, first Place) Fault {
	return FaultAt(second, "key %q is set twice, first in line %d; remove one of them", key, first.Line)
}
