package manifest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/stateward/stateward/cmd/internal/parallel"
)

// Read returns the objects in files, folders and standard input ("-"), in the order of paths. A path that does not exist
// and has one of *?[{ in it is a pattern, in which ** matches any folders. Folders are read with everything below them,
// sorted by name; only files that end in .yaml, .yml or .json count there.
//
// Other files than Kubernetes manifests are left out in a folder or a pattern; a named file must be one.
//
// All errors of all files are returned together, sorted by file and line. The documents that are in order are returned
// with them.
func Read(ctx context.Context, paths []string, opts Options) (Input, error) {
	if len(paths) == 0 {
		return Input{}, errors.New("no manifest given; name a file, a folder, or - for standard input")
	}
	r := &reader{opts: opts.withDefaults()}
	for _, path := range paths {
		r.path(path)
	}
	return r.read(ctx)
}

// reader first lists the sources, then reads several of them at a time.
type reader struct {
	opts      Options
	stdinRead bool
	input     Input
	sources   []origin
	errs      []Error
	bytes     atomic.Int64
}

// origin is one file to read, or standard input.
type origin struct {
	name string
	// lenient says that it was found and not named: it need not be a manifest.
	lenient bool
}

func (r *reader) fail(name string, err error) {
	r.errs = append(r.errs, fileError(name, err))
}

func (r *reader) read(ctx context.Context) (Input, error) {
	read := make([]contents, len(r.sources))
	parallel.ForEachWithProgress(len(read), r.opts.Progress, func(index int) { read[index] = r.source(ctx, r.sources[index]) })
	total := 0
	for _, each := range read {
		total += len(each.Documents)
		r.errs = append(r.errs, each.errs...)
	}
	// Room for all at once: of many documents those left behind by a growing list would be felt.
	r.input.Documents = make([]Document, 0, total)
	for index := range read {
		r.input.add(read[index].Input)
		read[index].Documents = nil
	}
	return r.input, join(r.errs)
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
		r.sources = append(r.sources, origin{name: path})
	}
}

// pattern expands a quoted pattern as a shell does; ** matches any folders.
func (r *reader) pattern(pattern string) {
	paths, err := doublestar.FilepathGlob(pattern, doublestar.WithFailOnIOErrors(), doublestar.WithNoFollow())
	if err != nil {
		r.fail(pattern, fmt.Errorf("cannot be read as a pattern: %w", cause(err)))
		return
	}
	if len(paths) == 0 {
		r.fail(pattern, errors.New("no file matches this pattern; check the path"))
	}
	slices.Sort(paths)
	base, _ := doublestar.SplitPattern(pattern)
	w := newWalker(base, r.opts, &r.input, r.fail)
	for _, path := range paths {
		w.matched(path)
	}
	r.found(w.left())
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
	r.sources = append(r.sources, origin{name: stdin})
}

func (r *reader) folder(path string) {
	w := newWalker(path, r.opts, &r.input, r.fail)
	before := len(r.input.LeftOut)
	w.folder(path, nil)
	files := w.left()
	r.found(files)
	if len(files) == 0 && len(r.input.LeftOut) == before && !w.failed && !r.opts.AllowEmpty {
		r.fail(path, errors.New("no .yaml, .yml or .json file in this folder; name another one"))
	}
}

func (r *reader) found(files []string) {
	for _, file := range files {
		r.sources = append(r.sources, origin{name: file, lenient: true})
	}
}

func (r *reader) source(ctx context.Context, from origin) contents {
	if err := ctx.Err(); err != nil {
		return unreadable(from.name, ended(context.Cause(ctx)))
	}
	data, err := r.bytesOf(ctx, from)
	if err != nil {
		return unreadable(from.name, fmt.Errorf("cannot read the file: %w", ended(cause(err))))
	}
	if r.bytes.Add(int64(len(data))) > r.opts.MaxTotalBytes {
		return unreadable(from.name, fmt.Errorf("all files together are larger than %d bytes: check less at once, or raise %s",
			r.opts.MaxTotalBytes, cmp.Or(r.opts.TotalFlag, "--max-total-size")))
	}
	opts := r.opts
	opts.lenient = from.lenient
	return parse(from.name, data, opts)
}

// bytesOf reads one byte more than allowed, which is how parse learns that there is more.
func (r *reader) bytesOf(ctx context.Context, from origin) ([]byte, error) {
	switch {
	case from.name == stdin:
		return readAll(ctx, r.opts.Stdin, r.opts.MaxBytes)
	case from.lenient:
		// The walk left out all but regular files.
		return readRegular(from.name, r.opts.MaxBytes)
	default:
		return readNamed(ctx, from.name, r.opts.MaxBytes)
	}
}

func unreadable(name string, err error) contents {
	return contents{errs: []Error{fileError(name, err)}}
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
