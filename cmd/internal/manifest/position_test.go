package manifest

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPosition(t *testing.T) {
	t.Parallel()
	const yamlText = `# comment
---
apiVersion: v1
kind: A
spec:
  "é x": {a: 1, b: 2}
  list:
  - name: one
    port: 80
  - &two {name: two}
  - *two
  merged:
    <<: *two
`
	const jsonText = "{\"apiVersion\": \"v1\",\n \"kind\": \"A\",\n \"spec\": {\"list\": [1,\n  {\"name\": \"\\u00e9\"}, null]}}"
	const listText = "apiVersion: apps/v1\nkind: StatefulSetList\nitems:\n- spec: {}\n"
	tests := map[string]struct {
		data string
		path []any
		want string
	}{
		"the object itself":                     {data: yamlText, want: "f:3:1"},
		"a key":                                 {data: yamlText, path: []any{"spec"}, want: "f:5:1"},
		"a missing field is its parent":         {data: yamlText, path: []any{"spec", "serviceName", "x"}, want: "f:5:1"},
		"a missing first field is the object":   {data: yamlText, path: []any{"status"}, want: "f:3:1"},
		"columns count characters":              {data: yamlText, path: []any{"spec", "é x", "b"}, want: "f:6:17"},
		"an item is its first character":        {data: yamlText, path: []any{"spec", "list", 0}, want: "f:8:5"},
		"a key in an item":                      {data: yamlText, path: []any{"spec", "list", int64(0), "port"}, want: "f:9:5"},
		"an index may be a JSON number":         {data: yamlText, path: []any{"spec", "list", json.Number("0"), "port"}, want: "f:9:5"},
		"an index may be a float":               {data: yamlText, path: []any{"spec", "list", 1.0}, want: "f:10:5"},
		"half an index does not exist":          {data: yamlText, path: []any{"spec", "list", 0.5}, want: "f:7:3"},
		"an index behind the end":               {data: yamlText, path: []any{"spec", "list", 9}, want: "f:7:3"},
		"a negative index":                      {data: yamlText, path: []any{"spec", "list", -1}, want: "f:7:3"},
		"a key of a list":                       {data: yamlText, path: []any{"spec", "list", "0"}, want: "f:7:3"},
		"an index of an object":                 {data: yamlText, path: []any{"spec", 0}, want: "f:5:1"},
		"an element of no use":                  {data: yamlText, path: []any{"spec", nil}, want: "f:5:1"},
		"an alias is where it is written":       {data: yamlText, path: []any{"spec", "list", 2}, want: "f:11:5"},
		"inside of an alias is the anchor":      {data: yamlText, path: []any{"spec", "list", 2, "name"}, want: "f:10:11"},
		"a merged field is the anchor":          {data: yamlText, path: []any{"spec", "merged", "name"}, want: "f:10:11"},
		"JSON: the object itself":               {data: jsonText, want: "f:1:1"},
		"JSON: a key":                           {data: jsonText, path: []any{"spec", "list"}, want: "f:3:11"},
		"JSON: an item":                         {data: jsonText, path: []any{"spec", "list", 1}, want: "f:4:3"},
		"JSON: a key in an item":                {data: jsonText, path: []any{"spec", "list", 1, "name"}, want: "f:4:4"},
		"JSON: null is an item":                 {data: jsonText, path: []any{"spec", "list", 2}, want: "f:4:23"},
		"an item of a list points into it":      {data: listText, path: []any{"spec"}, want: "f:4:3"},
		"an inherited kind is at the item":      {data: listText, path: []any{"kind"}, want: "f:4:3"},
		"rare line ends are no lines of a file": {data: "apiVersion: v1\nkind: A\na: \"b\rc\u2028d\"\ne: 1\u0085f: 2\n", path: []any{"f"}, want: "f:4:6"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			input, err := Parse("f", []byte(test.data), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, input.Documents[0].Position(test.path).String()); diff != "" {
				t.Errorf("position (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPositionOfAnEmptyDocument(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff("stdin:1:1", Document{File: "-"}.Position([]any{"a"}).String()); diff != "" {
		t.Errorf("position (-want +got):\n%s", diff)
	}
}
