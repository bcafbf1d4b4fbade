package manifest

import (
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

// head makes a document an object; it takes line 1.
const head = "{apiVersion: v1, kind: A, metadata: {name: x}}\n"

func TestParseDocuments(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		data string
		want []string
	}{
		"an empty file has no document":            {data: ""},
		"comments and blank documents are skipped": {data: "# c\n---\n\n---\n# d\n---\nnull\n"},
		"separators may carry comments and spaces": {
			data: "apiVersion: v1\nkind: A\n--- # next\napiVersion: v1\nkind: B\n---  \t\napiVersion: v1\nkind: C\n",
			want: []string{"f#1 v1/A /", "f#2 v1/B /", "f#3 v1/C /"},
		},
		"line ends of Windows make no difference": {
			data: "apiVersion: v1\r\nkind: A\r\n---\r\napiVersion: v1\r\nkind: B\r\n",
			want: []string{"f#1 v1/A /", "f#2 v1/B /"},
		},
		"a byte order mark is dropped": {
			data: "\xef\xbb\xbfapiVersion: v1\nkind: A\n",
			want: []string{"f#1 v1/A /"},
		},
		"UTF-16 with a byte order mark is read": {
			data: toUTF16("\ufeffapiVersion: v1\nkind: A\nmetadata: {name: \U0001F600}\n"),
			want: []string{"f#1 v1/A /\U0001F600"},
		},
		"JSON objects may follow each other": {
			data: `{"apiVersion":"v1","kind":"A"} {"apiVersion":"v1","kind":"B"}` + "\n" + `{"apiVersion":"v1","kind":"C"}`,
			want: []string{"f#1 v1/A /", "f#2 v1/B /", "f#3 v1/C /"},
		},
		"YAML may follow a JSON object": {
			data: `{"apiVersion":"v1","kind":"A"}` + "\n---\napiVersion: v1\nkind: B\n",
			want: []string{"f#1 v1/A /", "f#2 v1/B /"},
		},
		"a list is expanded, lists inside lists too": {
			data: "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: A}\n- apiVersion: v1\n  kind: List\n  items:\n  - {apiVersion: v1, kind: B}\n- {apiVersion: v1, kind: C}\n---\napiVersion: v1\nkind: D\n",
			want: []string{"f#1 v1/A /", "f#2 v1/B /", "f#3 v1/C /", "f#4 v1/D /"},
		},
		"items of a typed list take over its type": {
			data: "apiVersion: apps/v1\nkind: StatefulSetList\nitems:\n- metadata: {name: a, namespace: shop}\n",
			want: []string{"f#1 apps/v1/StatefulSet shop/a"},
		},
		"every object with items is a list, whatever its kind": {
			data: "apiVersion: v1\nkind: ConfigMap\nitems:\n- {apiVersion: apps/v1, kind: StatefulSet}\n",
			want: []string{"f#1 apps/v1/StatefulSet /"},
		},
		"an empty list is no document": {data: "apiVersion: v1\nkind: List\nitems:\n"},
		"a kind that ends in List but has no items is an object": {
			data: "apiVersion: example.com/v1\nkind: AllowList\n",
			want: []string{"f#1 example.com/v1/AllowList /"},
		},
		"an AdmissionReview is one document": {
			data: `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"object":{"items":[1]}}}`,
			want: []string{"f#1 admission.k8s.io/v1/AdmissionReview /"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			input, err := Parse("f", []byte(test.data), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, summaries(input.Documents)); diff != "" {
				t.Errorf("documents (-want +got):\n%s", diff)
			}
		})
	}
}

func toUTF16(text string) string {
	var b strings.Builder
	for _, unit := range utf16.Encode([]rune(text)) {
		b.WriteByte(byte(unit))
		b.WriteByte(byte(unit >> 8))
	}
	return b.String()
}

func TestIsAdmissionReview(t *testing.T) {
	t.Parallel()
	input, err := Parse("f", []byte("apiVersion: admission.k8s.io/v1\nkind: AdmissionReview\n---\n"+head), Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := []bool{input.Documents[0].IsAdmissionReview(), input.Documents[1].IsAdmissionReview()}
	if diff := cmp.Diff([]bool{true, false}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestParseValues(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		value string
		want  string
	}{
		"words of YAML 1.1 are booleans":        {value: "[on, off, yes, no, true]", want: `[true,false,true,false,true]`},
		"a leading zero is octal":               {value: "[017, 0o17, 0x1F, 1_000]", want: `[15,15,31,1000]`},
		"quoted words stay text":                {value: `["on", '017']`, want: `["on","017"]`},
		"large numbers keep their digits":       {value: "9007199254740993", want: `9007199254740993`},
		"dates stay text":                       {value: "2026-01-02", want: `"2026-01-02"`},
		"keys become text":                      {value: "{1: a, on: b, 010: c}", want: `{"1":"a","true":"b","8":"c"}`},
		"aliases are expanded":                  {value: "[&a {b: 1}, *a]", want: `[{"b":1},{"b":1}]`},
		"a merged mapping can be overridden":    {value: "[&a {b: 1, c: 2}, {<<: *a, b: 3}]", want: `[{"b":1,"c":2},{"b":3,"c":2}]`},
		"in a list of merged ones first wins":   {value: "{<<: [{b: 1}, {b: 2}]}", want: `{"b":1}`},
		"a merge that comes later wins":         {value: "{b: 1, <<: {b: 2}}", want: `{"b":2}`},
		"text marked with ! is never a boolean": {value: "{! yes: 1}", want: `{"yes":1}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			input, err := Parse("f", []byte("apiVersion: v1\nkind: A\nspec: "+test.value+"\n"), Options{})
			if err != nil {
				t.Fatal(err)
			}
			want := `{"apiVersion":"v1","kind":"A","spec":` + test.want + `}`
			if diff := cmp.Diff(want, string(input.Documents[0].Raw)); diff != "" {
				t.Errorf("raw (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		data string
		want []string
	}{
		"a tab is named": {
			data: head + "---\na:\n\tb: 1\n",
			want: []string{"f:4:1: invalid YAML: a tab is used for indentation; use spaces"},
		},
		"a wrong indentation has the line of the file": {
			data: head + "---\n# c\na:\n  b: 1\n c: 2\n",
			want: []string{"f:6:2: invalid YAML: did not find expected key; check the indentation of this line and the ones above"},
		},
		"two colons in one line": {
			data: head + "---\na: b: c\n",
			want: []string{"f:3:1: invalid YAML: mapping values are not allowed in this context; check the indentation, or quote the text that holds a colon"},
		},
		"an open bracket": {
			data: "a: [1\nb: 2\n",
			want: []string{"f:2:1: invalid YAML: did not find expected ',' or ']'; a comma or closing bracket is missing"},
		},
		"an open quote": {
			data: "a: 1\nb: \"x\n",
			want: []string{"f:2:1: invalid YAML: found unexpected end of stream; a quote or bracket is not closed"},
		},
		"a template is not a manifest": {
			data: "a: 1\nb: {{ .Values.b }}\n",
			want: []string{"f:2:5: this is an unrendered template ({{): render it and check what comes out, as in `helm template NAME CHART | stateward check -`"},
		},
		"duplicate keys are named, each once": {
			data: "a: 1\nb:\n  c: 1\n  \"c\": 2\na: 3\n",
			want: []string{
				`f:4:3: key "c" is set twice, first in line 3; remove one of them`,
				`f:5:1: key "a" is set twice, first in line 1; remove one of them`,
			},
		},
		"keys that become the same text are duplicates": {
			data: "on: 1\nyes: 2\n",
			want: []string{`f:2:1: key "true" is set twice, first in line 1; remove one of them`},
		},
		"duplicate keys in JSON": {
			data: "{\"a\": {\n \"b\": 1, \"\\u0062\": 2}}",
			want: []string{`f:2:10: key "b" is set twice, first in line 2; remove one of them`},
		},
		"a JSON error has line and column": {
			data: "{\"a\":\n  [1, 2,,]}",
			want: []string{"f:2:9: invalid JSON: invalid character ',' looking for beginning of value"},
		},
		"JSON that is cut off": {
			data: "{\"a\":\n  {",
			want: []string{"f:2:4: invalid JSON: unexpected end of JSON input"},
		},
		"a wrong separator does not hide the next document": {
			data: head + "--- x\nkind: B\n",
			want: []string{
				`f:2:1: a document separator must be --- alone on its line, found "x" behind it`,
				"f:3:1: the object has no apiVersion; every Kubernetes object needs apiVersion and kind",
			},
		},
		"text behind the end of a document": {
			data: head + "---\na: 1\n...\nb: 2\n",
			want: []string{`f:5:1: kubectl does not read what follows the end of the document; start the next document with "---"`},
		},
		"a byte that is not UTF-8": {
			data: "a: \xc3\xa9\xff\n",
			want: []string{"f:1:5: byte 0xff is not valid UTF-8; save the file as UTF-8"},
		},
		"a NUL byte": {
			data: "a: 1\nb\x00",
			want: []string{"f:2:2: the file holds a NUL byte; save it as UTF-8 text"},
		},
		"half a UTF-16 character": {
			data: "\xff\xfea",
			want: []string{"f:1:1: the file is cut off in the middle of a UTF-16 character"},
		},
		"a control character": {
			data: "a: 1\nb: \x1b[31m\n",
			want: []string{"f:2:4: invalid YAML: character U+001B is not allowed; remove it or escape it in double quotes"},
		},
		"an unknown anchor": {
			data: "a: 1\nb: *c\n",
			want: []string{"f:2:4: no anchor &c before this alias; define it or quote the text"},
		},
		"an anchor inside itself": {
			data: "a: &b\n  c: *b\n",
			want: []string{`f:2:6: anchor "b" contains itself; YAML for Kubernetes cannot be circular`},
		},
		"a number JSON does not have": {
			data: "a: 1\nb: .nan\n",
			want: []string{`f:2:4: JSON has no number ".nan"; quote it if it is meant as text`},
		},
		"a key JSON does not have": {
			data: "~: 1\n",
			want: []string{`f:1:1: "~" cannot be a key in JSON; quote it if it is meant as text`},
		},
		"a merge of something else": {
			data: "<<: 1\n",
			want: []string{"f:1:1: invalid YAML: map merge requires map or sequence of maps as the value"},
		},
		"a document that is a list": {
			data: "# c\n- a\n",
			want: []string{"f:2:1: this is a list, not an object with apiVersion and kind"},
		},
		"an object without a type": {
			data: head + "---\n\nreplicas: 1\n",
			want: []string{"f:4:1: the object has no apiVersion and no kind; every Kubernetes object needs apiVersion and kind"},
		},
		"names that are not text": {
			data: "apiVersion: 1\nkind: on\nmetadata:\n  name: 12\n  namespace: no\n",
			want: []string{
				"f:1:1: apiVersion must be text, not a number; quote it",
				"f:2:1: kind must be text, not a boolean; quote it",
				"f:4:3: metadata.name must be text, not a number; quote it",
				"f:5:3: metadata.namespace must be text, not a boolean; quote it",
			},
		},
		"metadata that is not an object": {
			data: "apiVersion: v1\nkind: A\nmetadata: []\n",
			want: []string{"f:3:1: metadata must be an object, not a list"},
		},
		"items of a list that are no objects": {
			data: "apiVersion: v1\nkind: List\nitems:\n- 1\n- {}\n",
			want: []string{
				"f:4:3: this is a number, not an object with apiVersion and kind",
				"f:5:3: the object has no apiVersion and no kind; every Kubernetes object needs apiVersion and kind",
			},
		},
		"items that are no list": {
			data: "apiVersion: v1\nkind: A\nitems: {}\n",
			want: []string{"f:3:1: items must be a list of objects, because kubectl takes everything with items for a list"},
		},
		"items of an inner list do not take over its type": {
			data: "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: AList, items: [{}]}\n",
			want: []string{"f:4:41: the object has no apiVersion and no kind; every Kubernetes object needs apiVersion and kind"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse("f", []byte(test.data), Options{})
			if diff := cmp.Diff(test.want, messages(err)); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseReturnsTheGoodDocumentsWithTheError(t *testing.T) {
	t.Parallel()
	input, err := Parse("f", []byte(head+"---\na: [\n---\n"+head), Options{})
	if diff := cmp.Diff([]string{"f#1 v1/A /x", "f#2 v1/A /x"}, summaries(input.Documents)); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}
	if got := len(Errors(err)); got != 1 {
		t.Errorf("got %d errors: %v", got, err)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		data   string
		want   string
		errors []string
	}{
		"one object":                {data: "---\n" + head, want: "f#1 v1/A /x"},
		"a list is not expanded":    {data: "apiVersion: v1\nkind: A\nitems: [1]\n", want: "f#1 v1/A /"},
		"no object":                 {data: "# c\n", want: "#0 / /", errors: []string{"f: the file holds no object; it needs one with apiVersion and kind"}},
		"two objects":               {data: head + "---\n" + head, want: "#0 / /", errors: []string{"f:3:1: a second object in a file that may hold only one; remove it"}},
		"an object without a type":  {data: "a: 1\n", want: "#0 / /", errors: []string{"f:1:1: the object has no apiVersion and no kind; every Kubernetes object needs apiVersion and kind"}},
		"something that is no YAML": {data: "a: b: c\n", want: "#0 / /", errors: []string{"f:1:1: invalid YAML: mapping values are not allowed in this context; check the indentation, or quote the text that holds a colon"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := Config("f", []byte(test.data), Options{})
			if diff := cmp.Diff(test.want, summary(d)); diff != "" {
				t.Errorf("document (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.errors, messages(err)); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
		})
	}
}
