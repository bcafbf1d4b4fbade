package yamlpos

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	yamlv3 "go.yaml.in/yaml/v3"
	"sigs.k8s.io/yaml"
)

// lineEnds are the characters the decoders take for the end of a line.
const lineEnds = "\n\r\u0085\u2028\u2029"

// keyReader finds out which JSON keys the keys of one document become. It has
// to be given the keys in the order of the document.
type keyReader struct {
	source   *source
	resolved map[string]string
	anchored map[*yamlv3.Node]string
}

func newKeyReader(text []byte) *keyReader {
	return &keyReader{
		source:   &source{text: text, line: 1, column: 1},
		resolved: map[string]string{},
		anchored: map[*yamlv3.Node]string{},
	}
}

func (k *keyReader) read(n *yamlv3.Node) (string, error) {
	if key, known := k.anchored[n.Alias]; known {
		return key, nil
	}
	if n.Kind == yamlv3.AliasNode {
		n = n.Alias
	}
	if n.Kind != yamlv3.ScalarNode {
		return "", errors.New("a key must be text, not an object or a list; quote it if it is a template")
	}
	key, err := k.scalar(n)
	if n.Anchor != "" && err == nil {
		k.anchored[n] = key
	}
	return key, err
}

func (k *keyReader) scalar(n *yamlv3.Node) (string, error) {
	if isPlainText(n) {
		return n.Value, nil
	}
	written := keySource(n)
	key, known := k.resolved[written]
	if !known {
		var err error
		if key, err = resolveKey(written); err != nil {
			return "", fmt.Errorf("%q cannot be a key in JSON; quote it if it is meant as text", n.Value)
		}
		k.resolved[written] = key
	}
	if key != n.Value && k.source.isText(n) {
		return n.Value, nil
	}
	return key, nil
}

// isPlainText reports whether a key is certainly text, which spares nearly all
// keys the way through the decoder.
func isPlainText(n *yamlv3.Node) bool {
	switch {
	case n.Style&yamlv3.TaggedStyle != 0:
		return false
	case n.Style != 0, strings.ContainsAny(n.Value, lineEnds):
		return true
	}
	return isWord(n.Value)
}

// keySource writes a key so that the decoder reads it as in the document.
func keySource(n *yamlv3.Node) string {
	if n.Style&yamlv3.TaggedStyle == 0 {
		return n.Value + ": 0"
	}
	quoted, err := json.Marshal(n.Value)
	if err != nil {
		return n.Value
	}
	return n.Tag + " " + string(quoted) + ": 0"
}

// resolveKey asks kubectl's decoder what a key becomes, since "on", 017 and
// 1.0 are no text in YAML 1.1.
func resolveKey(source string) (key string, err error) {
	defer RecoverDecoder(&err)
	raw, err := yaml.YAMLToJSON([]byte(source))
	if err != nil {
		return "", err
	}
	var entry map[string]json.RawMessage
	if err := json.Unmarshal(raw, &entry); err != nil {
		return "", err
	}
	for key := range entry {
		return key, nil
	}
	return "", fmt.Errorf("no key in %q", source)
}

// source walks through the text of a document along growing positions.
type source struct {
	text         []byte
	line, column int
}

// isText reports whether a plain scalar is marked with the tag "!", which makes
// it text. The decoder drops that tag, so it has to be read in the text.
func (s *source) isText(n *yamlv3.Node) bool {
	s.walk(n.Line, n.Column)
	if s.line != n.Line || s.column != n.Column {
		// The value of an earlier anchor serves as key; manifests do not have that.
		return false
	}
	written := s.text
	if n.Anchor != "" {
		written = bytes.TrimSpace(bytes.TrimPrefix(written, []byte("&"+n.Anchor)))
	}
	return bytes.HasPrefix(written, []byte("!"))
}

func (s *source) walk(line, column int) {
	for len(s.text) > 0 && (s.line < line || s.line == line && s.column < column) {
		r, size := utf8.DecodeRune(s.text)
		s.text = s.text[size:]
		s.column++
		if endsLine(r, s.text) {
			s.line, s.column = s.line+1, 1
		}
	}
}

// endsLine reports whether r, which is followed by rest, ends a line for the
// decoders. "\r\n" is one end.
func endsLine(r rune, rest []byte) bool {
	if r == '\r' && bytes.HasPrefix(rest, []byte("\n")) {
		return false
	}
	return strings.ContainsRune(lineEnds, r)
}
