package yamlpos

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzPlainText holds what is not looked for in most texts to looking for it.
func FuzzPlainText(f *testing.F) {
	for _, each := range []string{"a: b\n", "a: \tb", "a: b\r\n", "a: \u0085", "\ufeffa", "a\x00", "a: \xff", "\x7f", "a: ü", "a: \u2028"} {
		f.Add([]byte(each))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		table := newLineTable(Chunk{Text: text, Start: Place{Line: 1, Column: 1}})
		long := *table
		long.plain = false
		_, found := table.controlFault()
		if _, want := long.controlFault(); found != want {
			t.Errorf("a control character is found: %v, want %v", found, want)
		}
		if table.plain && bytes.ContainsAny(text, "\r\u0085\u2028\u2029") {
			t.Error("other line ends are taken for plain text")
		}
		if got, want := isSimple(text, table.plain), isSimple(text, false); got != want {
			t.Errorf("simple: %v, want %v", got, want)
		}
		if diff := cmp.Diff(len(findInvalid(text)), len(checkUTF8(text))); diff != "" {
			t.Errorf("faults (-want +got):\n%s", diff)
		}
	})
}
