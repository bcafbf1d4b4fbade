package manifest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
)

// chartFile makes a folder a Helm chart.
const chartFile = "Chart.yaml"

// walker lists the manifests below one folder.
type walker struct {
	// root is the folder as it was given, real the same without links: what leads out of it is not followed.
	root, real string
	opts       Options
	ignore     *ignorer
	input      *Input
	fail       func(name string, err error)
	failed     bool
	files      []string
	// kustomizations are the files that kustomize builds from.
	kustomizations []string
	seen           []fs.FileInfo
	entries        int
}

func newWalker(root string, opts Options, input *Input, fail func(name string, err error)) *walker {
	w := &walker{root: root, opts: opts, ignore: newIgnorer(root, opts.Exclude), input: input, fail: fail}
	if resolved, err := filepath.EvalSymlinks(root); err == nil {
		w.real, _ = filepath.Abs(resolved)
	}
	return w
}

// left are the manifests that were met, without the files that kustomizations use for something else.
func (w *walker) left() []string {
	parts := partsOf(w.kustomizations)
	return slices.DeleteFunc(w.files, func(file string) bool {
		reason, isPart := parts.Reason(file)
		if w.opts.SkipBuilt && parts.IsResource(file) {
			reason, isPart = Kustomization, true
		}
		if isPart {
			w.leaveOut(file, reason, "")
		}
		return isPart
	})
}

// matched takes a file or a folder that a pattern matches. A file counts whatever its ending.
func (w *walker) matched(path string) {
	info, err := os.Lstat(path)
	switch {
	case err != nil || w.full():
	case slices.ContainsFunc(relativeSteps(w.root, path), isHidden):
		w.leaveOut(path, Hidden, "")
	case info.Mode().IsRegular() && !IsKustomization(path) && !w.ignore.ignores(w.root, path, false):
		w.files = append(w.files, path)
	default:
		w.entry(path, fs.FileInfoToDirEntry(info), nil)
	}
}

func (w *walker) report(name string, err error) {
	w.failed = true
	w.fail(name, err)
}

func (w *walker) leaveOut(name string, reason Reason, detail string) {
	w.input.leaveOut(Position{File: name}, reason, detail)
}

// folder lists path. The folders it lies in are its parents: meeting one of
// them again means a symbolic link leads back up.
func (w *walker) folder(path string, parents []fs.FileInfo) {
	info, err := os.Stat(path)
	if err != nil {
		w.report(path, statError(err))
		return
	}
	if contains(parents, info) {
		w.leaveOut(path, Link, "this symbolic link leads back to a folder it lies in")
		return
	}
	if contains(w.seen, info) {
		// Another link led here before, its files are on the list.
		return
	}
	w.seen = append(w.seen, info)
	entries, err := os.ReadDir(path)
	if err != nil {
		w.report(path, fmt.Errorf("cannot read the folder: %w", cause(err)))
		return
	}
	w.ignore.enter(path)
	chart := w.chart(path)
	inside := append(slices.Clone(parents), info)
	for _, entry := range entries {
		if w.full() {
			return
		}
		if name := entry.Name(); !chart || !belongsToChart(name) {
			w.entry(filepath.Join(path, name), entry, inside)
		}
	}
}

// full reports whether the walk has met as many files and folders as it may.
func (w *walker) full() bool {
	w.entries++
	if w.entries == w.opts.MaxFiles+1 {
		w.report(w.root, fmt.Errorf("more than %d files and folders: name a smaller folder, leave some out with --exclude, "+
			"or raise --max-files", w.opts.MaxFiles))
	}
	return w.entries > w.opts.MaxFiles
}

// chart reports whether a folder is a Helm chart, and names it once.
func (w *walker) chart(path string) bool {
	info, err := os.Stat(filepath.Join(path, chartFile))
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	w.leaveOut(path, Chart, fmt.Sprintf("this is a Helm chart and was not rendered: helm template %s | stateward check -", path))
	return true
}

// isInChart reports whether a file lies in the folder of a Helm chart.
func isInChart(file string) bool {
	for folder := filepath.Dir(file); ; folder = filepath.Dir(folder) {
		info, err := os.Stat(filepath.Join(folder, chartFile))
		if err == nil && info.Mode().IsRegular() {
			return true
		}
		if folder == filepath.Dir(folder) {
			return false
		}
	}
}

// belongsToChart reports whether a file or folder of a chart is read by Helm only.
func belongsToChart(name string) bool {
	return slices.Contains([]string{chartFile, "Chart.lock", "templates", "charts", "ci", "crds", "values.schema.json"}, name) ||
		strings.HasPrefix(name, "values") && IsManifest(name)
}

func (w *walker) entry(path string, entry fs.DirEntry, parents []fs.FileInfo) {
	isLink := entry.Type()&fs.ModeSymlink != 0
	if isHidden(entry.Name()) {
		if entry.IsDir() || IsManifest(path) {
			w.leaveOut(path, Hidden, "")
		}
		return
	}
	if w.ignore.ignores(w.root, path, entry.IsDir()) {
		w.leaveOut(path, Excluded, "")
		return
	}
	if entry.Type().IsRegular() && IsManifest(path) && !IsKustomization(path) {
		// It need not be looked up: what keeps it from being read is met by reading it.
		w.files = append(w.files, path)
		return
	}
	info, err := os.Stat(path)
	switch {
	case err != nil && isLink:
		w.brokenLink(path, err)
	case err != nil:
		w.report(path, statError(err))
	case isLink && !w.isInside(path) && (info.IsDir() || IsManifest(path)):
		w.leaveOut(path, Link, fmt.Sprintf("this symbolic link leads out of %s and is not followed; name what it leads to", w.root))
	case info.IsDir():
		w.folder(path, parents)
	default:
		w.file(path, info)
	}
}

func (w *walker) file(path string, info fs.FileInfo) {
	switch {
	case IsKustomization(path):
		w.kustomizations = append(w.kustomizations, path)
		w.leaveOut(path, Kustomization, "")
	case !IsManifest(path):
	case !info.Mode().IsRegular():
		w.leaveOut(path, Special, "this is not a regular file and was not read")
	default:
		w.files = append(w.files, path)
	}
}

// brokenLink reports a broken link whose name is that of a manifest.
func (w *walker) brokenLink(path string, err error) {
	if !IsManifest(path) && filepath.Ext(path) != "" {
		return
	}
	what := "this symbolic link cannot be followed: " + cause(err).Error()
	if errors.Is(err, fs.ErrNotExist) {
		what = "this symbolic link leads to nothing"
	}
	w.leaveOut(path, Link, what)
}

// isInside reports whether a link leads to something below the root of the walk.
func (w *walker) isInside(path string) bool {
	resolved, err := filepath.EvalSymlinks(path)
	if err != nil {
		return false
	}
	absolute, err := filepath.Abs(resolved)
	if err != nil {
		return false
	}
	below, err := filepath.Rel(w.real, absolute)
	return err == nil && filepath.IsLocal(below)
}

// IsKustomization reports whether kustomize would build from a file of this name.
func IsKustomization(path string) bool {
	return slices.Contains(konfig.RecognizedKustomizationFileNames(), filepath.Base(path))
}

// IsManifest reports whether a file counts in a folder, by its name.
func IsManifest(path string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(path))
}

func contains(all []fs.FileInfo, one fs.FileInfo) bool {
	return slices.ContainsFunc(all, func(other fs.FileInfo) bool {
		return os.SameFile(one, other)
	})
}
