package decisionlog

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine/lazy"
	"github.com/stateward/stateward/policies/fieldpath"
)

// LastApplied repeats a whole object in a text, what is masked included: it is left out where something is masked.
const LastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// masking says what is replaced in objects. Equal values are replaced by equal texts, so that rules which compare two
// versions of an object find what they found; the key is of this process and is written nowhere.
type masking struct {
	patterns []fieldpath.Pattern
	key      []byte
	// buffer is where objects are written, one after the other.
	buffer []byte
}

func newMasking(patterns []fieldpath.Pattern, key []byte) masking {
	if len(patterns) > 0 {
		patterns = append(patterns, fieldpath.Pattern{{Key: "metadata"}, {Key: "annotations"}, {Key: LastApplied}})
	}
	return masking{patterns: patterns, key: key}
}

// marker replaces a value.
func (m masking) marker(value string) string {
	sum := hmac.New(sha256.New, m.key)
	// A hash takes all that it is given.
	_, _ = sum.Write([]byte(value))
	return lazy.Mask + hex.EncodeToString(sum.Sum(nil)[:8]) + "]"
}

// encoded is an object as it is written.
type encoded struct {
	json []byte
	// masked and erased are JSON pointers below the object; secrets are what was masked, as text, with what replaces it.
	masked, erased []string
	secrets        map[string]string
}

// encode writes a value as JSON, with what is masked replaced.
func (m *masking) encode(value lazy.Value) encoded {
	writer := &writer{masking: *m, encoded: encoded{json: m.buffer[:0]}}
	writer.value(value, m.patterns)
	m.buffer = writer.json
	writer.json = bytes.Clone(writer.json)
	return writer.encoded
}

// writer writes one value.
type writer struct {
	masking
	encoded
	pointer []string
}

// value writes a value that the rest of these patterns may select.
func (w *writer) value(value lazy.Value, live []fieldpath.Pattern) {
	for _, pattern := range live {
		if len(pattern) == 0 {
			w.mask(value)
			return
		}
	}
	if text, ok := lazy.Source(value); ok && len(live) == 0 && isOneLine(text) {
		w.json = append(w.json, text...)
		return
	}
	if fields, is := lazy.Fields(value); is {
		w.object(fields, live)
		return
	}
	if elements, is := lazy.Elements(value); is {
		w.array(elements, live)
		return
	}
	w.scalar(lazy.Forced(value))
}

// isOneLine reports whether JSON can be a part of a line as it is, as that of an API server can.
func isOneLine(json string) bool { return !strings.ContainsAny(json, "\r\n") && utf8.ValidString(json) }

func (w *writer) object(fields []lazy.Item, live []fieldpath.Pattern) {
	w.json = append(w.json, '{')
	begin := len(w.json)
	for _, field := range fields {
		// JSON has no other keys.
		key, _ := field.Key.Value.(ast.String)
		if key == LastApplied && len(live) > 0 {
			w.erased = append(w.erased, jsonPointer(append(w.pointer, LastApplied)))
			continue
		}
		if len(w.json) > begin {
			w.json = append(w.json, ',')
		}
		w.json = append(appendString(w.json, string(key)), ':')
		w.below(string(key), field.Value, within(live, string(key), -1))
	}
	w.json = append(w.json, '}')
}

func (w *writer) array(elements []lazy.Value, live []fieldpath.Pattern) {
	w.json = append(w.json, '[')
	for index, element := range elements {
		if index > 0 {
			w.json = append(w.json, ',')
		}
		rest := within(live, "", index)
		if len(rest) == 0 {
			w.value(element, nil)
			continue
		}
		w.below(strconv.Itoa(index), element, rest)
	}
	w.json = append(w.json, ']')
}

func (w *writer) below(step string, value lazy.Value, live []fieldpath.Pattern) {
	if len(live) == 0 {
		w.value(value, nil)
		return
	}
	w.pointer = append(w.pointer, step)
	w.value(value, live)
	w.pointer = w.pointer[:len(w.pointer)-1]
}

// within returns the rest of the patterns that continue with this key or index.
func within(live []fieldpath.Pattern, key string, index int) (rest []fieldpath.Pattern) {
	for _, pattern := range live {
		if pattern[0].Takes(key, index) {
			rest = append(rest, pattern[1:])
		}
	}
	return rest
}

func (w *writer) scalar(value ast.Value) {
	switch value := value.(type) {
	case ast.String:
		w.json = appendString(w.json, string(value))
	case ast.Number:
		w.json = append(w.json, value...)
	case ast.Boolean:
		w.json = strconv.AppendBool(w.json, bool(value))
	default:
		w.json = append(w.json, "null"...)
	}
}

// mask writes what replaces a value. Nothing is hidden where there is nothing.
func (w *writer) mask(value lazy.Value) {
	if value == nil || lazy.Is(value, ast.NullValue) {
		w.json = append(w.json, "null"...)
		return
	}
	plain := &writer{}
	plain.value(value, nil)
	marker := w.marker(string(plain.json))
	w.masked = append(w.masked, jsonPointer(w.pointer))
	if w.secrets == nil {
		w.secrets = map[string]string{}
	}
	w.hide(value, marker)
	w.json = appendString(w.json, marker)
}

// hide notes the texts in a value that messages must not repeat.
func (w *writer) hide(value lazy.Value, marker string) {
	if fields, is := lazy.Fields(value); is {
		for _, field := range fields {
			w.hide(lazy.Of(field.Key), marker)
			w.hide(field.Value, marker)
		}
		return
	}
	if elements, is := lazy.Elements(value); is {
		for _, element := range elements {
			w.hide(element, marker)
		}
		return
	}
	switch value := lazy.Forced(value).(type) {
	case ast.String:
		if value != "" {
			w.secrets[string(value)] = marker
		}
	case ast.Number, ast.Boolean:
		w.secrets[value.String()] = marker
	}
}

// jsonPointer is RFC 6901.
func jsonPointer(steps []string) string {
	var text strings.Builder
	for _, step := range steps {
		text.WriteByte('/')
		text.WriteString(strings.NewReplacer("~", "~0", "/", "~1").Replace(step))
	}
	return text.String()
}

// appendString writes a JSON string.
func appendString(to []byte, text string) []byte {
	for index := range len(text) {
		if first := text[index]; first < ' ' || first == '"' || first == '\\' || first >= utf8.RuneSelf {
			return appendEscaped(to, text)
		}
	}
	to = append(to, '"')
	to = append(to, text...)
	return append(to, '"')
}

func appendEscaped(to []byte, text string) []byte {
	// A string can always be encoded.
	quoted, _ := json.Marshal(text)
	return append(to, quoted...)
}

// digestOf names an object by its content.
func digestOf(json []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(json)) }
