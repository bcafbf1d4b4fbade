package manifest

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// summary is a document in one line, such as "a.yaml#1 v1/Service shop/db".
func summary(d Document) string {
	return d.File + "#" + string(rune('0'+d.Index)) + " " + d.APIVersion + "/" + d.Kind + " " + d.Namespace + "/" + d.Name
}

func summaries(documents []Document) []string {
	var all []string
	for _, d := range documents {
		all = append(all, summary(d))
	}
	return all
}

func messages(err error) []string {
	var all []string
	for _, one := range Errors(err) {
		all = append(all, one.Error())
	}
	return all
}

const service = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n"

func TestRead(t *testing.T) {
	t.Parallel()
	folder := []string{
		"testdata/folder/a.yaml#1 v1/Service shop/db",
		"testdata/folder/b.json#1 v1/ConfigMap /one",
		"testdata/folder/b.json#2 v1/ConfigMap /two",
		"testdata/folder/sub/c.yml#1 apps/v1/StatefulSet /db",
		"testdata/folder/sub/c.yml#2 policy/v1/PodDisruptionBudget /db",
	}
	tests := map[string]struct {
		paths  []string
		opts   Options
		want   []string
		errors []string
	}{
		"a folder is read with everything below it, without hidden folders": {
			paths: []string{"testdata/folder"},
			want:  folder,
		},
		"paths keep their order": {
			paths: []string{"testdata/folder/sub/c.yml", "testdata/folder/a.yaml"},
			want:  []string{folder[3], folder[4], folder[0]},
		},
		"a dash is standard input": {
			paths: []string{"-"},
			opts:  Options{Stdin: strings.NewReader(service)},
			want:  []string{"-#1 v1/Service /web"},
		},
		"standard input cannot be read twice": {
			paths:  []string{"-", "-"},
			opts:   Options{Stdin: strings.NewReader(service)},
			want:   []string{"-#1 v1/Service /web"},
			errors: []string{"stdin: standard input can be read only once; give - only once"},
		},
		"a dash without standard input is an error": {
			paths:  []string{"-"},
			errors: []string{"stdin: standard input is closed; name a file instead of -"},
		},
		"errors on standard input are shown with its name": {
			paths:  []string{"-"},
			opts:   Options{Stdin: strings.NewReader("kind: A\n")},
			errors: []string{"stdin:1:1: the object has no apiVersion; every Kubernetes object needs apiVersion and kind"},
		},
		"a named file is read whatever its ending": {
			paths:  []string{"testdata/folder/notes.txt"},
			errors: []string{"testdata/folder/notes.txt:1:1: this is text, not an object with apiVersion and kind"},
		},
		"a hidden folder is read when it is named": {
			paths: []string{"testdata/folder/.hidden"},
			want:  []string{"testdata/folder/.hidden/d.yaml#1 v1/ConfigMap /hidden"},
		},
		"a folder without manifests is an error": {
			paths:  []string{"testdata/empty"},
			errors: []string{"testdata/empty: no .yaml, .yml or .json file in this folder; name another one"},
		},
		"a missing path is an error and the others are still read": {
			paths:  []string{"testdata/missing", "testdata/folder/a.yaml"},
			want:   folder[:1],
			errors: []string{"testdata/missing: no such file or directory; check the path, or where the symbolic link leads"},
		},
		"a file above the limit is refused": {
			paths:  []string{"testdata/folder/a.yaml"},
			opts:   Options{MaxBytes: 10},
			errors: []string{"testdata/folder/a.yaml: the file is larger than 10 bytes; split it"},
		},
		"errors are sorted by file": {
			paths: []string{"testdata/zzz", "testdata/aaa"},
			errors: []string{
				"testdata/aaa: no such file or directory; check the path, or where the symbolic link leads",
				"testdata/zzz: no such file or directory; check the path, or where the symbolic link leads",
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			input, err := Read(t.Context(), test.paths, test.opts)
			if diff := cmp.Diff(test.want, summaries(input.Documents)); diff != "" {
				t.Errorf("documents (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.errors, messages(err)); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadNothing(t *testing.T) {
	t.Parallel()
	if _, err := Read(t.Context(), nil, Options{}); err == nil {
		t.Error("no error without any path")
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestReadKeepsTheCause(t *testing.T) {
	t.Parallel()
	_, err := Read(t.Context(), []string{"-", "testdata/missing"}, Options{Stdin: brokenReader{}})
	if !errors.Is(err, io.ErrClosedPipe) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the causes are lost: %v", err)
	}
}

// TestReadLinks builds its folders at run time, because not every checkout
// keeps symbolic links.
func TestReadLinks(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		build  func(t *testing.T, root string)
		want   []string
		left   []string
		errors []string
	}{
		"a link to a file and a link to a folder are followed": {
			build: func(t *testing.T, root string) {
				write(t, root, "real/a.yaml")
				link(t, root, "real/a.yaml", "linked.yaml")
				link(t, root, "real", "zzz")
			},
			want: []string{"linked.yaml#1 v1/Service /web", "real/a.yaml#1 v1/Service /web"},
		},
		"a folder of a mounted ConfigMap is read once": {
			build: func(t *testing.T, root string) {
				write(t, root, "..2026/a.yaml")
				link(t, root, "..2026", "..data")
				link(t, root, "..data/a.yaml", "a.yaml")
			},
			want: []string{"a.yaml#1 v1/Service /web"},
			left: []string{"..2026: hidden or vendored, "},
		},
		"a link to a folder above is a note": {
			build: func(t *testing.T, root string) {
				write(t, root, "a.yaml")
				link(t, root, ".", "sub/loop")
			},
			want: []string{"a.yaml#1 v1/Service /web"},
			left: []string{"sub/loop: link, this symbolic link leads back to a folder it lies in"},
		},
		"links that lead to each other are a note": {
			build: func(t *testing.T, root string) {
				link(t, root, "b.yaml", "a.yaml")
				link(t, root, "a.yaml", "b.yaml")
			},
			left: []string{
				"a.yaml: link, this symbolic link cannot be followed: too many levels of symbolic links",
				"b.yaml: link, this symbolic link cannot be followed: too many levels of symbolic links",
			},
		},
		"a link to nowhere is a note": {
			build: func(t *testing.T, root string) {
				link(t, root, "gone.yaml", "a.yaml")
			},
			left: []string{"a.yaml: link, this symbolic link leads to nothing"},
		},
		"a link out of the folder is not followed": {
			build: func(t *testing.T, root string) {
				outside := t.TempDir()
				write(t, outside, "secret.yaml")
				if err := os.Symlink(filepath.Join(outside, "secret.yaml"), filepath.Join(root, "a.yaml")); err != nil {
					t.Fatal(err)
				}
			},
			left: []string{"a.yaml: link, this symbolic link leads out of ROOT and is not followed; name what it leads to"},
		},
		"a socket in a folder is a note": {
			build: func(t *testing.T, root string) {
				listener, err := net.Listen("unix", filepath.Join(root, "a.yaml"))
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { listener.Close() })
			},
			left: []string{"a.yaml: special file, this is not a regular file and was not read"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			test.build(t, root)
			input, err := Read(t.Context(), []string{root}, Options{})
			if diff := cmp.Diff(test.want, below(root, summaries(input.Documents))); diff != "" {
				t.Errorf("documents (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.left, below(root, leftOut(input))); diff != "" {
				t.Errorf("left out (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.errors, below(root, messages(err))); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
		})
	}
}

func leftOut(input Input) (lines []string) {
	for _, each := range input.LeftOut {
		lines = append(lines, each.String()+": "+string(each.Reason)+", "+each.Detail)
	}
	return lines
}

func below(root string, lines []string) []string {
	for i := range lines {
		lines[i] = strings.ReplaceAll(strings.TrimPrefix(lines[i], root+"/"), root, "ROOT")
	}
	return lines
}

// write puts a Service into a file.
func write(t *testing.T, root, path string) {
	t.Helper()
	path = filepath.Join(root, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(service), 0o600); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, root, target, path string) {
	t.Helper()
	path = filepath.Join(root, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(root, target), path); err != nil {
		t.Fatal(err)
	}
}
