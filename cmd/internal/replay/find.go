package replay

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// standardInput is how messages show what - reads.
const standardInput = "standard input"

// Sources finds logs: files, folders with all that is below them, patterns, and - for standard input. A file is read once,
// however many names it has.
func Sources(paths []string, stdin io.Reader) ([]Source, error) {
	found := &finder{stdin: stdin, files: map[string]bool{}, folders: map[string]bool{}}
	for _, path := range paths {
		if err := found.add(path); err != nil {
			return nil, err
		}
	}
	return found.complete(), nil
}

// finder collects sources.
type finder struct {
	stdin   io.Reader
	sources []Source
	// files and folders are those that were found, by identity.
	files, folders map[string]bool
	piped          bool
}

func (f *finder) add(path string) error {
	if path == "-" {
		if !f.piped {
			f.piped = true
			f.sources = append(f.sources, Source{Name: standardInput, open: func() (io.ReadCloser, error) { return io.NopCloser(f.stdin), nil }})
		}
		return nil
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		f.folder(path)
		return nil
	case err == nil:
		f.file(path, info)
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("read log: %w", err)
	}
	return f.pattern(path)
}

func (f *finder) pattern(path string) error {
	names, err := doublestar.FilepathGlob(path, doublestar.WithFilesOnly(), doublestar.WithFailOnIOErrors())
	if err != nil {
		return fmt.Errorf("read logs %s: %w", path, err)
	}
	if len(names) == 0 {
		return fmt.Errorf("read log %s: no such file", path)
	}
	slices.Sort(names)
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			f.unreadable(name, err)
			continue
		}
		f.file(name, info)
	}
	return nil
}

func (f *finder) file(name string, info fs.FileInfo) {
	called := identity(name)
	if f.files[called] {
		return
	}
	f.files[called] = true
	f.sources = append(f.sources, Source{Name: name, Size: info.Size(), identity: called, open: func() (io.ReadCloser, error) { return os.Open(name) }})
}

// unreadable is a source that is only counted: what else there is can be read.
func (f *finder) unreadable(name string, err error) {
	f.sources = append(f.sources, Source{Name: name, open: func() (io.ReadCloser, error) { return nil, err }})
}

// folder finds what is below a folder, also behind links: the folder of a node's containers holds nothing else. Each folder is
// read once, so a link to one above it ends. Pipes and sockets are left out: to open them may wait for ever.
func (f *finder) folder(path string) {
	called := identity(path)
	if f.folders[called] {
		return
	}
	f.folders[called] = true
	entries, err := os.ReadDir(path)
	if err != nil {
		f.unreadable(path, err)
	}
	for _, entry := range entries {
		name := filepath.Join(path, entry.Name())
		info, err := os.Stat(name)
		switch {
		case err != nil:
			f.unreadable(name, err)
		case info.IsDir():
			f.folder(name)
		case info.Mode().IsRegular():
			f.file(name, info)
		}
	}
}

// complete leaves out what is being compressed: NAME.gz or NAME.zst beside NAME is the same log, or a part of it.
func (f *finder) complete() []Source {
	return slices.DeleteFunc(f.sources, func(source Source) bool {
		for _, suffix := range []string{".gz", ".zst"} {
			if plain, packed := strings.CutSuffix(source.identity, suffix); packed && f.files[plain] {
				return true
			}
		}
		return false
	})
}

// identity is the same for all names of a file. What has no path of its own, such as the pipe of a process, keeps its name.
func identity(name string) string {
	resolved, err := filepath.EvalSymlinks(name)
	if err != nil {
		resolved = name
	}
	// Without a working folder there is only the name.
	absolute, _ := filepath.Abs(resolved)
	return cmp.Or(absolute, resolved)
}
