// Package baseline reads manifests as they were: at a git revision of the repository that holds them, or in another
// folder.
package baseline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stateward/stateward/cmd/internal/manifest"
)

// stdin is the path of standard input.
const stdin = "-"

// Tree is what was read. Notes say, in the order of the files, what was left out and why.
type Tree struct {
	manifest.Input

	// Revision begins the names of the files, with a colon, where they are not here.
	Revision string
	// Top is the folder that the files of a revision lie in.
	Top   string
	Notes []string
	// Unreadable is what could not be read; the documents are those that could.
	Unreadable error
}

// Given is what is to be compared with its baseline.
type Given struct {
	// Paths are files and folders, or - for standard input.
	Paths []string
	// Kustomization is a folder to build, or empty.
	Kustomization string
}

// Read returns the objects of what is given as they are now and as they were in the baseline: a folder where one of this
// name exists or the name begins with ./, ../ or /, else a revision.
//
// In both trees a path may be missing or empty that is not so in the other: its objects are new or gone.
func Read(ctx context.Context, name string, given Given, opts manifest.Options) (before, after Tree, err error) {
	if name == "" {
		return Tree{}, Tree{}, errors.New("--baseline is empty: name a git revision or a folder")
	}
	if IsFolder(name) {
		return readFolder(ctx, name, given, opts)
	}
	return readRevision(ctx, name, given, opts)
}

// past are the options by which the baseline is read: it cannot be mended, so it is not validated.
func past(opts manifest.Options) manifest.Options {
	opts.Validate, opts.Progress, opts.Needs = manifest.ValidateIgnore, nil, nil
	return opts
}

// IsFolder reports whether the name of a baseline is that of a folder.
func IsFolder(name string) bool {
	if filepath.IsAbs(name) || name == "." || name == ".." ||
		strings.HasPrefix(name, "./") || strings.HasPrefix(name, "../") {
		return true
	}
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// readFolder takes all documents of the folder for the baseline, wherever in it they are: objects are paired by what
// they are called, not by their files.
func readFolder(ctx context.Context, name string, given Given, opts manifest.Options) (before, after Tree, err error) {
	info, err := os.Stat(name)
	if err != nil {
		return Tree{}, Tree{}, fmt.Errorf("--baseline %s: the folder does not exist; give a revision without ./", name)
	}
	if !info.IsDir() {
		return Tree{}, Tree{}, fmt.Errorf("--baseline %s is a file: name the folder it lies in, or a git revision", name)
	}
	if given.Kustomization != "" {
		if len(given.Paths) > 0 {
			return Tree{}, Tree{}, fmt.Errorf("--baseline %s is compared with one kustomization: check %s by itself", name, given.Paths[0])
		}
		return buildFolder(ctx, name, given.Kustomization, opts)
	}
	after.Input, after.Unreadable = manifest.Read(ctx, given.Paths, opts)
	before.Input, err = manifest.Read(ctx, []string{name}, past(opts))
	before.Unreadable = prefixed(err)
	return before, after, nil
}

// prefixed says that it is the baseline which cannot be read.
func prefixed(err error) error {
	var errs []error
	for _, each := range manifest.Errors(err) {
		each.Err = fmt.Errorf("read the baseline: %w", each.Err)
		errs = append(errs, each)
	}
	return errors.Join(errs...)
}

// readRevision reads the files of the work tree and their versions at the revision.
func readRevision(ctx context.Context, revision string, given Given, opts manifest.Options) (before, after Tree, err error) {
	if slices.Contains(given.Paths, stdin) {
		return Tree{}, Tree{}, fmt.Errorf("standard input has no version at revision %q: give files, or a folder as --baseline", revision)
	}
	wanted := slices.Clone(given.Paths)
	if given.Kustomization != "" {
		wanted = append(wanted, given.Kustomization)
	}
	repository, places, err := locate(ctx, wanted)
	if err != nil {
		return Tree{}, Tree{}, err
	}
	commit, err := repository.resolve(ctx, revision)
	if err != nil {
		return Tree{}, Tree{}, err
	}
	if paths := places[:len(given.Paths)]; len(paths) > 0 {
		if before, after, err = repository.compare(ctx, revision, commit, paths, opts); err != nil {
			return Tree{}, Tree{}, err
		}
	}
	if given.Kustomization != "" {
		// Cleaned, as places are, a URL would be none.
		folder := place{given: given.Kustomization, below: places[len(places)-1].below}
		err = repository.build(ctx, revision, commit, folder, opts, &before, &after)
	}
	return before, after, err
}

// compare reads the manifests at these places, now and at the revision.
func (r repository) compare(ctx context.Context, revision, commit string, places []place, opts manifest.Options) (before, after Tree, err error) {
	entries, err := r.list(ctx, commit, places)
	if err != nil {
		return Tree{}, Tree{}, err
	}
	listed := classify(entries, places, r.filters(places, opts))
	after = readWorkTree(ctx, places, listed, opts)
	before, err = r.read(ctx, revision, listed, past(opts))
	return before, after, err
}

// filters leave out of each place what a walk of the work tree leaves out there.
func (r repository) filters(places []place, opts manifest.Options) func(place place, path string) bool {
	known := map[string]manifest.Filter{}
	for _, place := range places {
		known[place.below] = manifest.NewFilter(filepath.Join(r.top, filepath.FromSlash(place.below)), opts)
	}
	return func(place place, path string) bool {
		return known[place.below].LeavesOut(filepath.Join(r.top, filepath.FromSlash(path)))
	}
}

// readWorkTree reads the paths as they are now. A path that only the revision has is not an error.
// Symbolic links are followed in neither tree: what they lead to is evaluated where it lies.
func readWorkTree(ctx context.Context, places []place, past listing, opts manifest.Options) (tree Tree) {
	var failed []error
	for _, place := range places {
		input, err := manifest.Read(ctx, []string{place.given}, opts)
		if err != nil && (!past.had(place) || !isGone(place)) {
			failed = append(failed, err)
		}
		tree.Documents = append(tree.Documents, input.Documents...)
		tree.LeftOut = append(tree.LeftOut, input.LeftOut...)
		tree.Warnings = append(tree.Warnings, input.Warnings...)
	}
	tree.Unreadable = errors.Join(failed...)
	tree.dropLinks(places)
	tree.dropRepeated()
	return tree
}

// isGone reports whether nothing is left at a path: no file, or a folder without a manifest.
func isGone(place place) bool {
	info, err := os.Lstat(place.given)
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	if !info.IsDir() {
		return false
	}
	err = filepath.WalkDir(place.given, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != place.given && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		case !entry.IsDir() && manifest.IsManifest(path):
			return fs.ErrExist
		default:
			return nil
		}
	})
	return err == nil
}

// dropLinks leaves out what was reached through a symbolic link below one of the paths.
func (t *Tree) dropLinks(places []place) {
	links := map[string]string{}
	t.Documents = slices.DeleteFunc(t.Documents, func(document manifest.Document) bool {
		link, known := links[document.File]
		if !known {
			link = linkOnTheWay(document.File, places)
			links[document.File] = link
			if link != "" {
				t.note("%s: a symbolic link is not followed where changes are judged: name what it leads to", link)
			}
		}
		return link != ""
	})
}

func linkOnTheWay(file string, places []place) string {
	for _, place := range places {
		below, err := filepath.Rel(place.given, file)
		if err != nil || below == "." || !filepath.IsLocal(below) {
			continue
		}
		way := place.given
		for step := range strings.SplitSeq(below, string(filepath.Separator)) {
			way = filepath.Join(way, step)
			if info, err := os.Lstat(way); err == nil && info.Mode()&fs.ModeSymlink != 0 {
				return way
			}
		}
		return ""
	}
	return ""
}

// dropRepeated leaves out what was read twice because two of the paths overlap.
func (t *Tree) dropRepeated() {
	type written struct {
		file  string
		index int
	}
	seen := map[written]bool{}
	t.Documents = slices.DeleteFunc(t.Documents, func(document manifest.Document) bool {
		file, err := filepath.Abs(document.File)
		if err != nil {
			file = document.File
		}
		one := written{file, document.Index}
		again := seen[one]
		seen[one] = true
		return again
	})
}

func (t *Tree) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(t.Notes, text) {
		t.Notes = append(t.Notes, text)
	}
}
