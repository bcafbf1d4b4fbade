package baseline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/stateward/stateward/cmd/internal/manifest"
)

// buildFolder builds a kustomization as it is now, and takes a folder for its baseline: the kustomization there, or the
// manifests where it is none, as `kubectl kustomize` has written them.
func buildFolder(ctx context.Context, name, folder string, opts manifest.Options) (before, after Tree, err error) {
	if after.Input, err = manifest.Kustomize(ctx, folder, opts); err != nil {
		return Tree{}, Tree{}, err
	}
	if isKustomization(func(file string) bool { return isFile(filepath.Join(name, file)) }) {
		before.Input, err = manifest.Kustomize(ctx, name, past(opts))
	} else {
		before.Input, err = manifest.Read(ctx, []string{name}, past(opts))
	}
	before.Unreadable = prefixed(err)
	return before, after, nil
}

func isKustomization(has func(file string) bool) bool {
	return slices.ContainsFunc(konfig.RecognizedKustomizationFileNames(), has)
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && !info.IsDir()
}

// build adds to both trees what comes out of a kustomization now and at the revision. Of its files any may have changed,
// and others of the repository that it leads to, so one that cannot be built leaves nothing to compare with: an error.
// One that is only in one of the trees is new or gone.
func (r repository) build(ctx context.Context, revision, commit string, folder place, opts manifest.Options, before, after *Tree) error {
	entries, err := r.list(ctx, commit, []place{{}})
	if err != nil {
		return err
	}
	files := r.files(ctx, entries, opts)
	existed := isKustomization(func(file string) bool { return files.Exists(path.Join("/", folder.below, file)) })
	if _, err := os.Lstat(folder.given); !existed || !errors.Is(err, fs.ErrNotExist) {
		built, err := manifest.Kustomize(ctx, folder.given, opts)
		if err != nil {
			return err
		}
		after.Documents = append(after.Documents, built.Documents...)
		after.Warnings = append(after.Warnings, built.Warnings...)
	}
	if !existed {
		before.note("%s has no kustomization in %s: everything in it counts as new", revision, folder.given)
		return nil
	}
	text, err := manifest.Build(ctx, files, path.Join("/", folder.below), opts)
	if err != nil {
		return fmt.Errorf("build the kustomization %s as it was at %s: %w; take a later baseline, or build both and compare the folders",
			folder.given, revision, err)
	}
	built, err := manifest.Parse(revision+":"+manifest.BuiltName(folder.given), text, past(opts))
	if err != nil {
		return fmt.Errorf("build the kustomization %s as it was at %s: %w", folder.given, revision, err)
	}
	before.Revision = revision
	before.Documents = append(before.Documents, built.Documents...)
	return nil
}

// revisionFiles are all files of a revision, for kustomize, which follows its resources wherever they lie: their names,
// and the content of those that are read. Symbolic links and submodules are left out, so to need one is an error.
type revisionFiles struct {
	filesys.FileSystem

	content func(name string) ([]byte, error)
}

func (r repository) files(ctx context.Context, entries []entry, opts manifest.Options) revisionFiles {
	names, objects := filesys.MakeFsInMemory(), map[string]entry{}
	for _, each := range entries {
		if each.mode == linkMode || each.mode == submoduleMode {
			continue
		}
		// Not every name that git knows is one here; what the build does not read does not matter.
		if err := names.WriteFile("/"+each.path, nil); err == nil {
			objects[each.path] = each
		}
	}
	content := func(name string) ([]byte, error) {
		wanted, found := objects[strings.TrimPrefix(path.Clean(name), "/")]
		if !found {
			return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
		}
		read, err := r.blobs(ctx, []entry{wanted}, limit(opts), totalLimit(opts))
		if err != nil {
			return nil, err
		}
		if read[0].data == nil && read[0].size > 0 {
			return nil, fmt.Errorf("%s: the file is larger than %d bytes; split it", name, limit(opts))
		}
		return read[0].data, nil
	}
	return revisionFiles{FileSystem: names, content: content}
}

// ReadFile returns the content of a file at the revision.
func (f revisionFiles) ReadFile(name string) ([]byte, error) { return f.content(name) }

// Open is not asked by kustomize to build, and would show an empty file.
func (f revisionFiles) Open(name string) (filesys.File, error) {
	return nil, fmt.Errorf("%s: a file of a revision can only be read as a whole", name)
}
