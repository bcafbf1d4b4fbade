package manifest

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stateward/stateward/cmd/internal/manifest/yamlpos"
	"github.com/stateward/stateward/cmd/internal/manifest/yamlpos/yamltest"
)

// FuzzParse checks that nothing panics, that every document is valid JSON, and
// that every field of it and every error has a place inside the file.
func FuzzParse(f *testing.F) {
	for _, seed := range yamltest.Seeds() {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		input, err := Parse("f", data, Options{})
		content, _ := yamlpos.Text(data)
		lines := strings.Split(string(content), "\n")
		for _, one := range Errors(err) {
			checkInside(t, lines, one.Position)
		}
		for _, d := range input.Documents {
			if d.Typed && bytes.Contains(data, []byte("null")) {
				// It was encoded again as an API server reads it.
				continue
			}
			checkPaths(t, lines, d, nil, yamltest.Value(t, d.Raw))
		}
	})
}

func checkInside(t *testing.T, lines []string, p Position) {
	t.Helper()
	if p.Line < 1 || p.Line > len(lines) {
		t.Fatalf("line of %s is outside of the %d lines of the file", p, len(lines))
	}
	if longest := utf8.RuneCountInString(lines[p.Line-1]) + 1; p.Column < 1 || p.Column > longest {
		t.Fatalf("column of %s is outside of its line %q", p, lines[p.Line-1])
	}
}

// checkPaths walks through a value and demands that the shape has all of it,
// but for the type an item took over from its list.
func checkPaths(t *testing.T, lines []string, d Document, path []any, value any) {
	t.Helper()
	checkInside(t, lines, d.Position(path))
	checkInside(t, lines, d.Position(append(path[:len(path):len(path)], "no such field")))
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			inherited := len(path) == 0 && (key == "kind" || key == "apiVersion")
			if _, found := d.outline.Find(append(path[:len(path):len(path)], key)); !found && !inherited {
				t.Fatalf("no position for %q in %v", key, path)
			}
			checkPaths(t, lines, d, append(path[:len(path):len(path)], key), inner)
		}
	case []any:
		for i, inner := range v {
			if _, found := d.outline.Find(append(path[:len(path):len(path)], i)); !found {
				t.Fatalf("no position for item %d in %v", i, path)
			}
			checkPaths(t, lines, d, append(path[:len(path):len(path)], i), inner)
		}
	}
}
