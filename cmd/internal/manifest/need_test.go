package manifest_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/cmd/internal/manifest"
)

// left is what a document still holds.
type left struct {
	Name, Raw, Start, Field, Line, NameAt, NameLine string
}

func TestDocumentKeepsOnlyTheNeededParts(t *testing.T) {
	t.Parallel()
	const text = "# a Service\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {headless: true}\n"
	const raw = `{"apiVersion":"v1","kind":"Service","metadata":{"name":"web"},"spec":{"headless":true}}`
	for name, test := range map[string]struct {
		needs func(manifest.Document) manifest.Need
		want  left
	}{
		"all of it by default": {
			nil, left{"web", raw, "f:2:1", "f:5:8", "spec: {headless: true}", "f:4:12", "metadata: {name: web}"},
		},
		"its places": {
			func(manifest.Document) manifest.Need { return manifest.Places },
			left{"web", raw, "f:2:1", "f:5:8", "spec: {headless: true}", "f:4:12", "metadata: {name: web}"},
		},
		"what it says": {
			func(manifest.Document) manifest.Need { return manifest.Object },
			left{"web", raw, "f:2:1", "f:2:1", "", "f:4:12", "metadata: {name: web}"},
		},
		"what it is called": {
			func(manifest.Document) manifest.Need { return manifest.Identity },
			left{"web", "", "f:2:1", "f:2:1", "", "f:2:1", ""},
		},
		"as what it says decides": {
			func(document manifest.Document) manifest.Need {
				if string(document.Raw) == raw {
					return manifest.Identity
				}
				return manifest.Places
			},
			left{"web", "", "f:2:1", "f:2:1", "", "f:2:1", ""},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			input, err := manifest.Parse("f", []byte(text), manifest.Options{Needs: test.needs})
			if err != nil {
				t.Fatal(err)
			}
			document := input.Documents[0]
			got := left{
				document.Name, string(document.Raw), document.Position(nil).String(), document.Position([]any{"spec", "headless"}).String(),
				document.Line(5), document.Position([]any{"metadata", "name"}).String(), document.Line(4),
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("left (-want +got):\n%s", diff)
			}
		})
	}
}
