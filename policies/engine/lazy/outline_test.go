package lazy

import (
	"encoding/json"
	"strings"
	"testing"
)

// FuzzOutline proves that a text is valid here if encoding/json finds it valid.
func FuzzOutline(f *testing.F) {
	for _, text := range []string{
		``, ` `, "\x00", `{}`, ` { "a" : [ 1 , { } , [ ] ] } `, `{"a":1,}`, `{,}`, `[,]`, `[1,]`, `[1 2]`, `{"a"}`, `{"a":}`, `{a:1}`, `{}{}`, `{} x`,
		`[}`, `{]`, `[[]`, `{"a":[}]`, `]`, `,`, `1,`, "1\x00",
		`"`, `"\"`, `"\u12`, `"\u12g4"`, `"\uD83d\/\b"`, `"\x"`, "\"\n\"", "\"\xff\x7f\"",
		`tru`, `true`, `trues`, `nul`, `False`,
		`-`, `-1`, `01`, `-01`, `0`, `0.`, `.5`, `1.5`, `1e`, `1e+`, `1E-5`, `1e5.`, `+1`, `1a`, `0x1`, `1e999999999`,
		strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth),
		strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1),
		strings.Repeat("[", maxDepth) + `{"a":1}` + strings.Repeat("]", maxDepth),
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, valid, _ := outline(text); valid != json.Valid([]byte(text)) {
			t.Errorf("valid %v: %.100q", valid, text)
		}
	})
}
