package yamlpos

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/stateward/stateward/cmd/internal/manifest/yamlpos/yamltest"
)

func bounds() Limits { return Limits{Bytes: 32 << 20, Depth: 100} }

// load returns the documents of a file that are not blank.
func load(data []byte) (values []Value, faults []Fault) {
	decoded, faults := Text(data)
	if len(faults) > 0 {
		return nil, faults
	}
	chunks, faults := Split(decoded)
	for _, c := range chunks {
		v, wrong := Load(c, bounds())
		faults = append(append(faults, wrong...), v.Duplicates...)
		if len(wrong) == 0 && !v.Blank() {
			values = append(values, v)
		}
	}
	return values, faults
}

// FuzzSplit proves that a file is cut at the same lines, into the same bytes,
// as by kubectl's reader. Nothing has to be normalised: both end each line of
// a document with one line feed. Behind a wrong separator kubectl stops, so
// only what comes before is compared.
func FuzzSplit(f *testing.F) {
	for _, seed := range yamltest.Seeds() {
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
			got = append(got, string(c.Text))
		}
		if !errors.Is(wantErr, io.EOF) {
			if len(faults) == 0 {
				t.Fatalf("no error, kubectl says: %v", wantErr)
			}
			got = got[:min(len(want), len(got))]
		} else if len(faults) > 0 {
			t.Fatalf("error %v, kubectl accepts it", faults[0].Err)
		}
		if diff := cmp.Diff(strings.Join(want, "\x00"), strings.Join(got, "\x00")); diff != "" {
			t.Fatalf("documents differ (-kubectl +ours):\n%s", diff)
		}
		checkStartLines(t, data, chunks)
	})
}

// terminated gives kubectl a last line feed where it would lose the last line without: it drops one that fills its
// buffer exactly, once or several times. This package reads such a line.
func terminated(data []byte) []byte {
	last := len(data) - (bytes.LastIndexByte(data, '\n') + 1)
	if last == 0 || last%yamltest.KubectlBuffer != 0 {
		return data
	}
	return append(bytes.Clone(data), '\n')
}

// checkStartLines compares the first line of each document with the line of
// the file it claims to start at.
func checkStartLines(t *testing.T, data []byte, chunks []Chunk) {
	t.Helper()
	lines := strings.Split(string(data), "\n")
	for _, c := range chunks {
		first, _, _ := strings.Cut(string(c.Text), "\n")
		if want := lines[c.Start.Line-1]; first != want && first+"\r" != want {
			t.Fatalf("document starts with %q, line %d of the file is %q", first, c.Start.Line, want)
		}
	}
}

// FuzzStream compares whole files with kubectl's decoder, which also decides
// between JSON and YAML. This package may refuse more than kubectl, but must
// never read something else, and must refuse all that kubectl refuses.
func FuzzStream(f *testing.F) {
	for _, seed := range yamltest.Seeds() {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		content, faults := Text(data)
		if len(faults) > 0 {
			return
		}
		checkDuplicates(t, content)
		want, wantErr := kubectlValues(content)
		values, faults := load(data)
		if len(faults) > 0 {
			return
		}
		if wantErr != nil {
			t.Fatalf("no error, kubectl says: %v", wantErr)
		}
		var got []any
		for _, v := range values {
			got = append(got, yamltest.Value(t, v.Raw))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("values differ (-kubectl +ours):\n%s", diff)
		}
	})
}

func kubectlValues(data []byte) ([]any, error) {
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(terminated(data)), yamltest.KubectlBuffer)
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

// checkDuplicates demands that the own check for duplicate keys finds whatever
// the strict decoder finds.
func checkDuplicates(t *testing.T, content []byte) {
	t.Helper()
	chunks, _ := Split(content)
	for _, c := range chunks {
		if c.json {
			continue
		}
		lines := newLineTable(c)
		tree, faults := parseTree(c, lines)
		if tree == nil || len(faults) > 0 {
			continue
		}
		s := newShaper(c, lines, bounds())
		s.build(tree, 0)
		if len(s.faults) > 0 || len(s.duplicates) > 0 || s.merges {
			continue
		}
		_, err := yaml.YAMLToJSONStrict(c.Text)
		if err != nil && strings.Contains(err.Error(), "already set") {
			t.Fatalf("missed a duplicate key: %v", err)
		}
	}
}

// FuzzOutline demands that an outline finds the same places as the tree that it was packed of.
func FuzzOutline(f *testing.F) {
	for _, seed := range yamltest.Seeds() {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		values, _ := load(data)
		for _, v := range values {
			checkOutline(t, v.Root, OutlineOf(v.Root), nil, yamltest.Value(t, v.Raw))
		}
	})
}

func checkOutline(t *testing.T, root *Node, packed Outline, path []any, value any) {
	t.Helper()
	for _, extra := range [][]any{nil, {"no such field"}, {0}} {
		path := slices.Concat(path, extra)
		if got, _ := packed.Find(path); got != root.Find(path) {
			t.Fatalf("%v is at %v, and in the tree at %v", path, got, root.Find(path))
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
