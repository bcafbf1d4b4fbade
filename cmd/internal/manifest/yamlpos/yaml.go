package yamlpos

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	yamlv3 "go.yaml.in/yaml/v3"
	"sigs.k8s.io/yaml"
	yamlv2 "sigs.k8s.io/yaml/goyaml.v2"
)

// loadYAML returns the values of a YAML document as kubectl reads them, and
// the shape from a second decoder that keeps positions. A document that is
// blank has no root.
func loadYAML(c Chunk, opts Limits) (Value, []Fault) {
	lines := newLineTable(c)
	tree, faults := parseTree(c, lines)
	if len(faults) > 0 && c.jsonFault != nil {
		return Value{}, []Fault{*c.jsonFault}
	}
	if tree == nil || len(faults) > 0 {
		return Value{}, faults
	}
	s := newShaper(c, lines, opts)
	root := s.build(tree, 0)
	if len(s.faults) > 0 {
		return Value{}, LimitFaults(s.faults)
	}
	if !s.direct.off {
		return Value{Raw: s.direct.json, Root: root}, nil
	}
	raw, err := toJSON(c.Text, s.merges || len(s.duplicates) > 0)
	if err != nil {
		return Value{}, []Fault{s.lines.syntaxFault(err)}
	}
	return Value{Raw: raw, Root: root, Duplicates: LimitFaults(s.duplicates)}, nil
}

// toJSON converts the values. The strict decoder takes a merge key ("<<") that
// is overridden for a duplicate, which kubectl accepts, so it is used for the
// documents without one. The shaper has checked for duplicates in both.
func toJSON(text []byte, lastWins bool) (raw []byte, err error) {
	defer RecoverDecoder(&err)
	if lastWins {
		return yaml.YAMLToJSON(text)
	}
	return yaml.YAMLToJSONStrict(text)
}

// parseTree returns the content of the only document in c, nil for none.
func parseTree(c Chunk, lines *lineTable) (*yamlv3.Node, []Fault) {
	if f, found := lines.controlFault(); found {
		return nil, []Fault{f}
	}
	decoder := yamlv3.NewDecoder(bytes.NewReader(c.Text))
	document, err := decodeNode(decoder)
	// What is blank to this decoder need not be to kubectl's: a lone tab is an error there.
	if errors.Is(err, io.EOF) {
		err = syntaxError(c.Text, nil)
		if err == nil {
			return nil, nil
		}
		return nil, []Fault{lines.syntaxFault(err)}
	}
	if err != nil {
		return nil, []Fault{lines.syntaxFault(syntaxError(c.Text, err))}
	}
	if f := trailing(decoder, lines); f != nil {
		return nil, []Fault{*f}
	}
	return document.Content[0], nil
}

// trailing reports what follows the document after an end marker. kubectl
// stops reading there without a word.
func trailing(decoder *yamlv3.Decoder, lines *lineTable) *Fault {
	more, err := decodeNode(decoder)
	if errors.Is(err, io.EOF) {
		return nil
	}
	where := lines.place(more.Line, more.Column)
	if err != nil {
		where = lines.syntaxFault(err).Place
	}
	f := FaultAt(where, `kubectl does not read what follows the end of the document; start the next document with "---"`)
	return &f
}

func decodeNode(decoder *yamlv3.Decoder) (document *yamlv3.Node, err error) {
	defer RecoverDecoder(&err)
	document = &yamlv3.Node{}
	return document, decoder.Decode(document)
}

// syntaxError prefers the message of the decoder kubectl uses: its line is
// where the problem is, not where the surrounding block starts. Decoding into
// an empty struct parses everything and expands nothing.
func syntaxError(text []byte, fallback error) (err error) {
	defer RecoverDecoder(&err)
	var nothing struct{}
	if err := yamlv2.Unmarshal(text, &nothing); err != nil {
		return err
	}
	return fallback
}

// RecoverDecoder turns a panic of a decoder into an error: a manifest must
// never end the program, not even through a library's bug.
func RecoverDecoder(err *error) {
	if cause := recover(); cause != nil {
		*err = fmt.Errorf("yaml: the decoder cannot handle this document: %v", cause)
	}
}
