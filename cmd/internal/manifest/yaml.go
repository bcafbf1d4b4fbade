package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	yamlv3 "go.yaml.in/yaml/v3"
	"sigs.k8s.io/yaml"
	yamlv2 "sigs.k8s.io/yaml/goyaml.v2"
)

// value is one parsed document: what it says and where.
type value struct {
	raw  []byte
	root *node
	// source has the lines that it is written in.
	source *fileText
	// duplicates are keys that are set twice; the last one counts.
	duplicates []fault
}

// loadYAML returns the values of a YAML document as kubectl reads them, and
// the shape from a second decoder that keeps positions. A document that is
// blank has no root.
func loadYAML(c chunk, opts Options) (value, []fault) {
	tree, faults := parseTree(c)
	if len(faults) > 0 && c.jsonFault != nil {
		return value{}, []fault{*c.jsonFault}
	}
	if tree == nil || len(faults) > 0 {
		return value{}, faults
	}
	s := newShaper(c, opts)
	root := s.build(tree, 0)
	if len(s.faults) > 0 {
		return value{}, limitFaults(s.faults)
	}
	if !s.direct.off {
		return value{raw: s.direct.json, root: root}, nil
	}
	raw, err := toJSON(c.text, s.merges || len(s.duplicates) > 0)
	if err != nil {
		return value{}, []fault{s.lines.syntaxFault(err)}
	}
	return value{raw: raw, root: root, duplicates: limitFaults(s.duplicates)}, nil
}

// toJSON converts the values. The strict decoder takes a merge key ("<<") that
// is overridden for a duplicate, which kubectl accepts, so it is used for the
// documents without one. The shaper has checked for duplicates in both.
func toJSON(text []byte, lastWins bool) (raw []byte, err error) {
	defer recoverDecoder(&err)
	if lastWins {
		return yaml.YAMLToJSON(text)
	}
	return yaml.YAMLToJSONStrict(text)
}

// parseTree returns the content of the only document in c, nil for none.
func parseTree(c chunk) (*yamlv3.Node, []fault) {
	lines := newLineTable(c)
	if f, found := lines.controlFault(); found {
		return nil, []fault{f}
	}
	decoder := yamlv3.NewDecoder(bytes.NewReader(c.text))
	document, err := decodeNode(decoder)
	// What is blank to this decoder need not be to kubectl's: a lone tab is an error there.
	if errors.Is(err, io.EOF) {
		err = syntaxError(c.text, nil)
		if err == nil {
			return nil, nil
		}
		return nil, []fault{lines.syntaxFault(err)}
	}
	if err != nil {
		return nil, []fault{lines.syntaxFault(syntaxError(c.text, err))}
	}
	if f := trailing(decoder, lines); f != nil {
		return nil, []fault{*f}
	}
	return document.Content[0], nil
}

// trailing reports what follows the document after an end marker. kubectl
// stops reading there without a word.
func trailing(decoder *yamlv3.Decoder, lines *lineTable) *fault {
	more, err := decodeNode(decoder)
	if errors.Is(err, io.EOF) {
		return nil
	}
	where := lines.place(more.Line, more.Column)
	if err != nil {
		where = lines.syntaxFault(err).place
	}
	f := faultAt(where, `kubectl does not read what follows the end of the document; start the next document with "---"`)
	return &f
}

func decodeNode(decoder *yamlv3.Decoder) (document *yamlv3.Node, err error) {
	defer recoverDecoder(&err)
	document = &yamlv3.Node{}
	return document, decoder.Decode(document)
}

// syntaxError prefers the message of the decoder kubectl uses: its line is
// where the problem is, not where the surrounding block starts. Decoding into
// an empty struct parses everything and expands nothing.
func syntaxError(text []byte, fallback error) (err error) {
	defer recoverDecoder(&err)
	var nothing struct{}
	if err := yamlv2.Unmarshal(text, &nothing); err != nil {
		return err
	}
	return fallback
}

// recoverDecoder turns a panic of a decoder into an error: a manifest must
// never end the program, not even through a library's bug.
func recoverDecoder(err *error) {
	if cause := recover(); cause != nil {
		*err = fmt.Errorf("yaml: the decoder cannot handle this document: %v", cause)
	}
}
