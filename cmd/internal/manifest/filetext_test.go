package manifest_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/cmd/internal/manifest"
)

func TestLineIsTheOneThatAnEditorShows(t *testing.T) {
	t.Parallel()
	const object = "apiVersion: v1\nkind: Service # one\n"
	for name, test := range map[string]struct {
		text string
		line int
		want string
	}{
		"counted from the start of the file": {text: "---\n" + object + "---\n" + object, line: 6, want: "kind: Service # one"},
		"without its line feed":              {text: object, line: 1, want: "apiVersion: v1"},
		"without a carriage return":          {text: "apiVersion: v1\r\nkind: Service\r\n", line: 1, want: "apiVersion: v1"},
		"the last one without an end":        {text: "apiVersion: v1\nkind: Service", line: 2, want: "kind: Service"},
		"without a byte order mark":          {text: "\xef\xbb\xbf" + object, line: 1, want: "apiVersion: v1"},
		"of a list's item":                   {text: "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Service}\n", line: 4, want: "- {apiVersion: v1, kind: Service}"},
		"behind another document":            {text: object + "# two\n---\n" + object + "# three\n", line: 7, want: "# three"},
		"of two JSON values in it": {
			text: `{"apiVersion":"v1","kind":"A"} {"apiVersion":"v1","kind":"B"}` + "\n", line: 1,
			want: `{"apiVersion":"v1","kind":"A"} {"apiVersion":"v1","kind":"B"}`,
		},
		"of a JSON value below another": {
			text: `{"apiVersion":"v1","kind":"A"}` + "\r\n" + `{"apiVersion":"v1","kind":"B"}` + "\r\n", line: 2,
			want: `{"apiVersion":"v1","kind":"B"}`,
		},
		"none of another document": {text: object + "---\n" + object, line: 1, want: ""},
		"none before the first":    {text: object, line: 0, want: ""},
		"none behind the last":     {text: object, line: 9, want: ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			input, err := manifest.Parse("a.yaml", []byte(test.text), manifest.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, input.Documents[len(input.Documents)-1].Line(test.line)); diff != "" {
				t.Errorf("line %d (-want +got):\n%s", test.line, diff)
			}
		})
	}
}

func TestDocumentWithoutFileHasNoLines(t *testing.T) {
	t.Parallel()
	if got := (manifest.Document{}).Line(1); got != "" {
		t.Errorf("got %q", got)
	}
}
