package manifest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

func seeds() []string {
	return []string{
		"",
		"---\n",
		"#\r\r\r\r\r\r\r\t\r#",
		"# " + strings.Repeat("x", kubectlBuffer-2),
		"a: 1\n# " + strings.Repeat("x", 2*kubectlBuffer-2),
		"\xef\xbb\xbfa: 1\n",
		"\xff\xfea\x00:\x00 \x001\x00",
		"a: 1\n--- # next\nb: 2\n--- \nc: 3\r\n---\r\nd: 4",
		"a: 1\n---b\nc: 2\n",
		"# only a comment\n---\n\n---\nnull\n--- #\n~\n",
		"apiVersion: v1\nkind: List\nitems:\n- apiVersion: apps/v1\n  kind: StatefulSet\n  metadata: {name: a}\n",
		"apiVersion: apps/v1\nkind: StatefulSetList\nitems:\n- metadata: {name: a}\n- {apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: B}]}\n",
		`{"apiVersion":"v1","kind":"A"}{"apiVersion":"v1","kind":"B","items":null}` + "\n---\n{}",
		`{"apiVersion":"v1","kind":"A"}` + "\n---\napiVersion: v1\nkind: B\n",
		`{"a":1} b: 2` + "\nc: 3\n",
		"{a: 1}\n--- \n{b: 2}",
		"{} x",
		`{"a":{"b":[1,{"c":"\ud83d\ude00","c":2}]}}`,
		"a: &x {b: 1}\nc: *x\nd: {<<: *x, b: 2}\ne: {b: 3, <<: [*x, {b: 4}]}\n",
		"a: &a [*a]\n",
		"on: 1\nyes: 2\n1: 3\n'1': 4\n~: 5\n? [x]\n: 6\n",
		"a: .inf\nb: 017\nc: 1_000\nd: 1e400\ne: !!binary aGk=\nf: 2001-01-01\n",
		"a: \"b\rc\u2028d\"\ne: 1\u0085f: 2\n",
		"a: 1\n...\nb: 2\n",
		"%YAML 1.1\n---\na: 1\n",
		"a:\n\t- b\n",
		"a: b: c\n",
		"{a: -}",
		"[1:, -]",
		"a: [1\nb: 2\n",
		"kind: 1\napiVersion: {}\nmetadata: []\n",
		"? a\n: |\n  ---\n  x\n",
		"apiVersion: A\nkind: A\n0:\n! Y: #000000000",
		"&k kind: A\napiVersion: *k\n",
		"!!str a: 1\n!!int \"1\": 2\n",
		"\x01",
		"a: \x00",
		"a: \xff",
		"  \"\"\r0",
		"\xff\xfe0\x00\x00\x00",
	}
}

// FuzzSplit proves that a file is cut at the same lines, into the same bytes,
// as by kubectl's reader. Nothing has to be normalised: both end each line of
// a document with one line feed. Behind a wrong separator kubectl stops, so
// only what comes before is compared.
func FuzzSplit(f *testing.F) {
	for _, seed := range seeds() {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		chunks, faults := splitYAML(data, 0)
		reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(terminated(data))))
		var want []string
		var wantErr error
		for {
			text, err := reader.Read()
			if err != nil {
				wantErr = err
				break
			}
			want = append(want, string(text))
		}
		got := []string{}
		for _, c := range chunks {
			got = append(got, string(c.text))
		}
		if !errors.Is(wantErr, io.EOF) {
			if len(faults) == 0 {
				t.Fatalf("no error, kubectl says: %v", wantErr)
			}
			got = got[:min(len(want), len(got))]
		} else if len(faults) > 0 {
			t.Fatalf("error %v, kubectl accepts it", faults[0].err)
		}
		if diff := cmp.Diff(strings.Join(want, "\x00"), strings.Join(got, "\x00")); diff != "" {
			t.Fatalf("documents differ (-kubectl +ours):\n%s", diff)
		}
		checkStartLines(t, data, chunks)
	})
}

// kubectlBuffer is how many bytes kubectl reads at once.
const kubectlBuffer = 4096

// terminated gives kubectl a last line feed where it would lose the last line without: it drops one that fills its
// buffer exactly, once or several times. This package reads such a line.
func terminated(data []byte) []byte {
	last := len(data) - (bytes.LastIndexByte(data, '\n') + 1)
	if last == 0 || last%kubectlBuffer != 0 {
		return data
	}
	return append(bytes.Clone(data), '\n')
}

// checkStartLines compares the first line of each document with the line of
// the file it claims to start at.
func checkStartLines(t *testing.T, data []byte, chunks []chunk) {
	t.Helper()
	lines := strings.Split(string(data), "\n")
	for _, c := range chunks {
		first, _, _ := strings.Cut(string(c.text), "\n")
		if want := lines[c.start.line-1]; first != want && first+"\r" != want {
			t.Fatalf("document starts with %q, line %d of the file is %q", first, c.start.line, want)
		}
	}
}

// FuzzStream compares whole files with kubectl's decoder, which also decides
// between JSON and YAML. This package may refuse more than kubectl, but must
// never read something else, and must refuse all that kubectl refuses.
func FuzzStream(f *testing.F) {
	for _, seed := range seeds() {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		content, faults := text(data)
		if len(faults) > 0 {
			return
		}
		want, wantErr := kubectlValues(content)
		values, faults := load(data, Options{}.withDefaults())
		if len(faults) > 0 {
			return
		}
		if wantErr != nil {
			t.Fatalf("no error, kubectl says: %v", wantErr)
		}
		var got []any
		for _, v := range values {
			got = append(got, decodeJSON(t, v.raw))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("values differ (-kubectl +ours):\n%s", diff)
		}
	})
}

func kubectlValues(data []byte) ([]any, error) {
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(terminated(data)), kubectlBuffer)
	var all []any
	for {
		var extension runtime.RawExtension
		err := decoder.Decode(&extension)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		raw := bytes.TrimSpace(extension.Raw)
		if len(raw) == 0 || string(raw) == "null" {
			continue
		}
		var value any
		numbers := json.NewDecoder(bytes.NewReader(raw))
		numbers.UseNumber()
		if err := numbers.Decode(&value); err != nil {
			return all, err
		}
		all = append(all, value)
	}
}

func decodeJSON(t *testing.T, raw []byte) any {
	t.Helper()
	var value any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("raw is not JSON: %v\n%s", err, raw)
	}
	return value
}

// FuzzParse checks that nothing panics, that every document is valid JSON, and
// that every field of it and every error has a place inside the file.
func FuzzParse(f *testing.F) {
	for _, seed := range seeds() {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		input, err := Parse("f", data, Options{})
		content, _ := text(data)
		lines := strings.Split(string(content), "\n")
		for _, one := range Errors(err) {
			checkInside(t, lines, one.Position)
		}
		for _, d := range input.Documents {
			if d.Typed && bytes.Contains(data, []byte("null")) {
				// It was encoded again as an API server reads it.
				continue
			}
			checkPaths(t, lines, d, nil, decodeJSON(t, d.Raw))
		}
		checkDuplicates(t, content)
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
			if _, found := d.outline.find(append(path[:len(path):len(path)], key)); !found && !inherited {
				t.Fatalf("no position for %q in %v", key, path)
			}
			checkPaths(t, lines, d, append(path[:len(path):len(path)], key), inner)
		}
	case []any:
		for i, inner := range v {
			if _, found := d.outline.find(append(path[:len(path):len(path)], i)); !found {
				t.Fatalf("no position for item %d in %v", i, path)
			}
			checkPaths(t, lines, d, append(path[:len(path):len(path)], i), inner)
		}
	}
}

// checkDuplicates demands that the own check for duplicate keys finds whatever
// the strict decoder finds.
func checkDuplicates(t *testing.T, content []byte) {
	t.Helper()
	chunks, _ := split(content)
	for _, c := range chunks {
		if c.json {
			continue
		}
		tree, faults := parseTree(c)
		if tree == nil || len(faults) > 0 {
			continue
		}
		s := newShaper(c, Options{}.withDefaults())
		s.build(tree, 0)
		if len(s.faults) > 0 || len(s.duplicates) > 0 || s.merges {
			continue
		}
		_, err := yaml.YAMLToJSONStrict(c.text)
		if err != nil && strings.Contains(err.Error(), "already set") {
			t.Fatalf("missed a duplicate key: %v", err)
		}
	}
}

// FuzzOutline demands that an outline finds the same places as the tree that it was packed of.
func FuzzOutline(f *testing.F) {
	for _, seed := range seeds() {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		values, _ := load(data, Options{}.withDefaults())
		for _, v := range values {
			checkOutline(t, v.root, outlineOf(v.root), nil, decodeJSON(t, v.raw))
		}
	})
}

func checkOutline(t *testing.T, root *node, packed outline, path []any, value any) {
	t.Helper()
	for _, extra := range [][]any{nil, {"no such field"}, {0}} {
		path := slices.Concat(path, extra)
		if got, _ := packed.find(path); got != root.find(path) {
			t.Fatalf("%v is at %v, and in the tree at %v", path, got, root.find(path))
		}
	}
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			checkOutline(t, root, packed, append(path[:len(path):len(path)], key), inner)
		}
	case []any:
		for i, inner := range v {
			checkOutline(t, root, packed, append(path[:len(path):len(path)], i), inner)
		}
	}
}
