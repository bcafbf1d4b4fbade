package artifact

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// packed is a bundle with entries of these names.
func packed(t testing.TB, entries map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	archive := tar.NewWriter(zipped)
	for name, content := range entries {
		if err := archive.WriteHeader(&tar.Header{Name: name, Size: int64(len(content)), Mode: 0o600}); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestUnpackReadsRegoFilesOnly(t *testing.T) {
	t.Parallel()
	got, err := unpack(packed(t, map[string]string{"/custom/a.rego": "package a", "/data.json": "{}", "/.manifest": "{}"}))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]File{{Path: "custom/a.rego", Content: []byte("package a")}}, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]File{{Path: "a.rego", Content: []byte("package a")}}, Custom(got)); diff != "" {
		t.Errorf("files of users (-want +got):\n%s", diff)
	}
}

func TestUnpackRejectsInvalidBundles(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		raw  []byte
		want string
	}{
		"no archive":                  {[]byte("package a, and no archive at all"), "read bundle: gzip: invalid header"},
		"a path out of the folder":    {packed(t, map[string]string{"../../a.rego": "package a"}), `"../../a.rego" is not the path of a Rego file`},
		"an absolute path, twice":     {packed(t, map[string]string{"//a.rego": "package a"}), `"//a.rego" is not the path of a Rego file`},
		"more than is ever unpacked":  {packed(t, map[string]string{"a.rego": strings.Repeat(" ", maxArtifact)}), "read bundle: it unpacks to more than 16777216 bytes"},
		"an archive that ends before": {packed(t, map[string]string{"a.rego": "package a"})[:40], "read bundle: unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files, err := unpack(test.raw)
			if err == nil || err.Error() != test.want {
				t.Errorf("got %v and %d files, want %s", err, len(files), test.want)
			}
		})
	}
}

func TestWriteIsAtomic(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	for name, files := range map[string][]File{
		"a path out of the folder": {{Path: "a.rego"}, {Path: "../b.rego"}},
		"a file as a folder":       {{Path: "a"}, {Path: "a/b.rego"}},
	} {
		t.Run(name, func(t *testing.T) {
			if err := Write(filepath.Join(parent, "policy"), files); err == nil {
				t.Error("written")
			}
			left, err := os.ReadDir(parent)
			if err != nil || len(left) > 0 {
				t.Errorf("%d entries are left: %v", len(left), err)
			}
		})
	}
}

func TestCollectLeavesOutTests(t *testing.T) {
	t.Parallel()
	builtin := fstest.MapFS{"lib/a.rego": {Data: []byte("package a")}, "lib/a_test.rego": {}, "README.md": {}}
	own := fstest.MapFS{"team/b/b.rego": {Data: []byte("package b")}, "team/b/b_test.rego": {}}
	got, err := Collect(builtin, own)
	if err != nil {
		t.Fatal(err)
	}
	want := []File{{Path: "lib/a.rego", Content: []byte("package a")}, {Path: "custom/team/b/b.rego", Content: []byte("package b")}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// FuzzUnpack holds that no archive makes a file outside of a folder, and that none is silently cut.
func FuzzUnpack(f *testing.F) {
	f.Add(packed(f, map[string]string{"/a.rego": "package a", "b/c.rego": "package c"}))
	f.Add(packed(f, map[string]string{"../a.rego": "package a"}))
	f.Add([]byte("no archive"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		files, err := unpack(raw)
		if err != nil {
			return
		}
		for _, file := range files {
			if !fs.ValidPath(file.Path) {
				t.Errorf("accepted %q", file.Path)
			}
		}
	})
}
