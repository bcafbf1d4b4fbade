package yamlpos

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"
	"sigs.k8s.io/yaml"
)

// direct writes a document as JSON while its shape is built, which spares nearly all documents a second decoder. What
// Has tags, anchors or line ends of other systems is left to kubectl's decoder, and so is each scalar that may be more
// than the text that it looks like. A fuzz test holds both ways together.
type direct struct {
	json []byte
	// resolved caches scalars that kubectl's decoder has read.
	resolved map[string]string
	// off says that this document has to go the long way.
	off bool
}

func newDirect(text []byte, plain bool) *direct {
	return &direct{resolved: map[string]string{}, off: !isSimple(text, plain)}
}

// maybeTag finds a "!" where a tag may begin.
var maybeTag = regexp.MustCompile(`(?m)(^|[\s,:?\[{-])!`)

// isSimple reports whether both decoders read a text alike: without tags, directives, other line ends than "\n", and tabs. A
// plain text has only the first two.
func isSimple(text []byte, plain bool) bool {
	return (plain || !bytes.ContainsAny(text, "\t\r\u0085\u2028\u2029\ufeff")) &&
		!bytes.HasPrefix(text, []byte("%")) && !bytes.Contains(text, []byte("\n%")) &&
		(bytes.IndexByte(text, '!') < 0 || !maybeTag.Match(text))
}

// giveUp leaves the document to kubectl's decoder.
func (d *direct) giveUp() { d.off, d.json = true, nil }

func (d *direct) raw(text string) {
	if !d.off {
		d.json = append(d.json, text...)
	}
}

// separate writes a comma before all but the first.
func (d *direct) separate(index int) {
	if index > 0 {
		d.raw(",")
	}
}

func (d *direct) text(text string) {
	if d.off {
		return
	}
	if isQuotable(text) {
		d.json = append(append(append(d.json, '"'), text...), '"')
		return
	}
	quoted, err := json.Marshal(text)
	if err != nil {
		d.giveUp()
		return
	}
	d.json = append(d.json, quoted...)
}

// isQuotable reports whether a text needs no escapes in JSON.
func isQuotable(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

func (d *direct) scalar(n *yamlv3.Node) {
	switch {
	case d.off:
	case n.Style&yamlv3.TaggedStyle != 0:
		d.giveUp()
	case n.Style != 0 || isWord(n.Value) || isQuantity(n.Value):
		d.text(n.Value)
	case isCount(n.Value):
		d.raw(n.Value)
	default:
		d.resolve(n.Value)
	}
}

// resolve asks kubectl's decoder what a plain scalar is.
func (d *direct) resolve(written string) {
	if strings.Contains(written, "\n") {
		d.giveUp()
		return
	}
	known, found := d.resolved[written]
	if !found {
		raw, err := resolveScalar(written)
		if err != nil {
			d.giveUp()
			return
		}
		known = strings.TrimSpace(string(raw))
		if known == "" || known[0] == '[' || known[0] == '{' {
			// A lone dash in {a: -} is text, and begins a list elsewhere.
			d.giveUp()
			return
		}
		d.resolved[written] = known
	}
	d.raw(known)
}

func resolveScalar(written string) (raw []byte, err error) {
	defer RecoverDecoder(&err)
	// Within a list a scalar cannot be taken for anything else.
	raw, err = yaml.YAMLToJSON([]byte("- " + written))
	return bytes.TrimSuffix(bytes.TrimPrefix(raw, []byte("[")), []byte("]")), err
}

// isWord reports whether a plain scalar is text in every version of YAML: it starts with a letter, or with another character that
// none of its numbers, dates and words start with, and is none of the words of YAML 1.1.
func isWord(plain string) bool {
	if plain == "" || strings.IndexByte("+-.~<0123456789", plain[0]) >= 0 {
		return false
	}
	switch strings.ToLower(plain) {
	case "y", "yes", "true", "on", "n", "no", "false", "off", "null":
		return false
	}
	return true
}

// isQuantity reports whether a plain scalar is a quantity such as 500m or 10Gi, which is text in every version of YAML.
func isQuantity(plain string) bool {
	switch strings.TrimLeft(plain, "0123456789") {
	case "m", "k", "M", "G", "T", "Ki", "Mi", "Gi", "Ti":
		return true
	}
	return false
}

// isCount reports whether a scalar is a whole number in the form of JSON, small enough for all decoders.
func isCount(plain string) bool {
	if len(plain) == 0 || len(plain) > len("999999999999999999") || plain[0] == '0' && plain != "0" {
		return false
	}
	return strings.Trim(plain, "0123456789") == ""
}
