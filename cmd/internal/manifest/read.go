package manifest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/stateward/stateward/cmd/internal/parallel"
)

// Read returns the objects in files, folders and standard input ("-"), in the
// order of paths. A path that is not there and has one of *?[{ in it is a pattern,
// where ** stands for any folders. Folders are read with everything below them, sorted by name;
// only files that end in .yaml, .yml or .json count there, and folders whose
// name starts with a dot are left out. A file that is named itself is read
// whatever its ending.
//
// All errors of all files are returned together, sorted by file and line. The
// documents that are in order are returned with them.
func Read(paths []string, opts Options) ([]Document, error) {
	if len(paths) == 0 {
		return nil, errors.New("no manifest given; name a file, a folder, or - for standard input")
	}
	r := &reader{opts: opts.withDefaults()}
	for _, path := range paths {
		r.path(path)
	}
	return r.read()
}

// reader first lists the sources, then reads several of them at a time.
type reader struct {
	opts      Options
	stdinRead bool
	sources   []func() ([]Document, []Error)
	errs      []Error
}

func (r *reader) fail(name string, err error) {
	r.errs = append(r.errs, fileError(name, err))
}

func (r *reader) read() ([]Document, error) {
	read := make([]struct {
		documents []Document
		errs      []Error
	}, len(r.sources))
	parallel.EachTold(len(read), r.opts.Progress, func(index int) { read[index].documents, read[index].errs = r.sources[index]() })
	total := 0
	for _, each := range read {
		total += len(each.documents)
		r.errs = append(r.errs, each.errs...)
	}
	// Room for all at once: of many documents those left behind by a growing list would be felt.
	documents := make([]Document, 0, total)
	for index := range read {
		documents = append(documents, read[index].documents...)
		read[index].documents = nil
	}
	return documents, join(r.errs)
}

func (r *reader) path(path string) {
	if path == stdin {
		r.stdin()
		return
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && strings.ContainsAny(path, "*?[{"):
		r.pattern(path)
	case err != nil:
		r.fail(path, statError(err))
	case info.IsDir():
		r.folder(path)
	default:
		r.file(path)
	}
}

// pattern reads what a shell would have named, had the pattern not been in quotes; ** stands for any folders.
func (r *reader) pattern(pattern string) {
	paths, err := doublestar.FilepathGlob(pattern, doublestar.WithFailOnIOErrors())
	if err != nil {
		r.fail(pattern, fmt.Errorf("cannot be read as a pattern: %w", cause(err)))
		return
	}
	if len(paths) == 0 {
		r.fail(pattern, errors.New("no file matches this pattern; check the path"))
	}
	slices.Sort(paths)
	for _, path := range paths {
		r.path(path)
	}
}

func (r *reader) stdin() {
	if r.opts.Stdin == nil {
		r.fail(stdin, errors.New("standard input is closed; name a file instead of -"))
		return
	}
	if r.stdinRead {
		r.fail(stdin, errors.New("standard input can be read only once; give - only once"))
		return
	}
	r.stdinRead = true
	r.sources = append(r.sources, func() ([]Document, []Error) { return r.content(stdin, r.opts.Stdin) })
}

func (r *reader) file(path string) {
	r.sources = append(r.sources, func() ([]Document, []Error) {
		file, err := os.Open(path)
		if err != nil {
			return nil, []Error{fileError(path, fmt.Errorf("cannot read the file: %w", cause(err)))}
		}
		defer file.Close()
		return r.content(path, file)
	})
}

// content reads one byte more than allowed, which is how parse learns that
// there is more.
func (r *reader) content(name string, from io.Reader) ([]Document, []Error) {
	data, err := io.ReadAll(io.LimitReader(from, r.opts.MaxBytes+1))
	if err != nil {
		return nil, []Error{fileError(name, fmt.Errorf("cannot read the file: %w", cause(err)))}
	}
	return parse(name, data, r.opts)
}

func (r *reader) folder(path string) {
	w := &walker{fail: r.fail}
	w.folder(path, nil)
	for _, file := range w.files {
		r.file(file)
	}
	if len(w.files) == 0 && !w.failed && !r.opts.AllowEmpty {
		r.fail(path, errors.New("no .yaml, .yml or .json file in this folder; name another one"))
	}
}

// walker lists the manifests below one folder.
type walker struct {
	fail   func(name string, err error)
	failed bool
	files  []string
	seen   []fs.FileInfo
}

func (w *walker) report(name string, err error) {
	w.failed = true
	w.fail(name, err)
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
		w.report(path, errors.New("this symbolic link leads back to a folder it lies in; remove it"))
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
	inside := append(slices.Clone(parents), info)
	for _, entry := range entries {
		w.entry(filepath.Join(path, entry.Name()), inside)
	}
}

func (w *walker) entry(path string, parents []fs.FileInfo) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		w.report(path, statError(err))
	case info.IsDir() && !strings.HasPrefix(filepath.Base(path), "."):
		w.folder(path, parents)
	case info.IsDir() || !IsManifest(path):
		return
	case !info.Mode().IsRegular():
		w.report(path, errors.New("this is not a regular file; remove it or rename it"))
	default:
		w.files = append(w.files, path)
	}
}

// IsManifest tells whether a file counts in a folder, by its name.
func IsManifest(path string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(path))
}

func contains(all []fs.FileInfo, one fs.FileInfo) bool {
	return slices.ContainsFunc(all, func(other fs.FileInfo) bool {
		return os.SameFile(one, other)
	})
}

func statError(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w; check the path, or where the symbolic link leads", cause(err))
	}
	return fmt.Errorf("cannot read this: %w", cause(err))
}

// cause drops the path from an error of the file system, since the position
// names it already.
func cause(err error) error {
	var withPath *fs.PathError
	if errors.As(err, &withPath) {
		return withPath.Err
	}
	return err
}
