package yamlpos

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/cmd/internal/manifest/yamlpos/yamltest"
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

// FuzzPlainScalar holds scalars that are read by their look to kubectl's decoder.
func FuzzPlainScalar(f *testing.F) {
	for _, each := range []string{"500m", "10Gi", "1k", "0Ki", "1T", "db", "yes", "12", "0", "1e3", "0x1F", "1_000", "m", "09M"} {
		f.Add(each)
	}
	f.Fuzz(func(t *testing.T, written string) {
		want := written
		switch {
		case strings.ContainsFunc(written, func(r rune) bool { return r <= ' ' || strings.ContainsRune("\"'#:,[]{}&*!|>%@`-?", r) || r > '~' }):
			// It may be more than a plain scalar.
			return
		case isWord(written), isQuantity(written):
			want = strconv.Quote(written)
		case isCount(written):
		default:
			return
		}
		raw, err := resolveScalar(written)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(yamltest.Value(t, []byte(want)), yamltest.Value(t, raw)); diff != "" {
			t.Errorf("%s (-ours +kubectl):\n%s", written, diff)
		}
	})
}
