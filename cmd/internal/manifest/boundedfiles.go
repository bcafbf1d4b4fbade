package manifest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

const (
	// maxBuildReads is how often one build may read a file. kustomize reads a base again each time it is named, so a
	// kustomization that names two of the next level, and so on, grows without end.
	maxBuildReads = 20_000
	// maxBuildBytes is how much one build may read.
	maxBuildBytes = 256 << 20
)

// boundedFiles are files for kustomize, which end its build when the context or a limit does.
type boundedFiles struct {
	filesys.FileSystem

	ctx   context.Context
	opts  Options
	mutex sync.Mutex
	reads int
	bytes int64
	ended error
}

func newBoundedFiles(ctx context.Context, files filesys.FileSystem, opts Options) *boundedFiles {
	return &boundedFiles{FileSystem: files, ctx: ctx, opts: opts}
}

// reason is why the build had to end; nil where it did not.
func (b *boundedFiles) reason() error {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.ended
}

func (b *boundedFiles) end(err error) error {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.ended == nil {
		b.ended = err
	}
	return err
}

// ReadFile returns the content of a file, within the limits.
func (b *boundedFiles) ReadFile(name string) ([]byte, error) {
	if err := b.count(); err != nil {
		return nil, err
	}
	if err := b.isReadable(name); err != nil {
		return nil, err
	}
	text, err := b.FileSystem.ReadFile(name)
	if err != nil {
		return nil, err
	}
	if err := b.weigh(name, text); err != nil {
		return nil, err
	}
	if b.opts.Offline && slices.Contains(konfig.RecognizedKustomizationFileNames(), filepath.Base(name)) {
		return text, b.local(name, text)
	}
	return text, nil
}

// count ends the build at its limits.
func (b *boundedFiles) count() error {
	if b.ctx.Err() != nil {
		return b.end(context.Cause(b.ctx))
	}
	b.mutex.Lock()
	b.reads++
	reads := b.reads
	b.mutex.Unlock()
	if reads > maxBuildReads {
		return b.end(fmt.Errorf("it reads more than %d files, because its bases name each other again and again", maxBuildReads))
	}
	return nil
}

// isReadable rejects everything but regular files on disk: reading a pipe may never end.
func (b *boundedFiles) isReadable(name string) error {
	info, err := os.Stat(name)
	if err != nil {
		// What is missing is for kustomize to say.
		return nil //nolint:nilerr // see above
	}
	switch {
	case info.IsDir():
		return nil
	case !info.Mode().IsRegular():
		return b.end(fmt.Errorf("%s is not a regular file", name))
	case info.Size() > b.opts.MaxBytes:
		return b.end(fmt.Errorf("%s: %w", name, tooLarge(b.opts.MaxBytes)))
	default:
		return nil
	}
}

// weigh ends the build where files are too large together, or one grows when its aliases are written out.
func (b *boundedFiles) weigh(name string, text []byte) error {
	b.mutex.Lock()
	b.bytes += int64(len(text))
	total := b.bytes
	b.mutex.Unlock()
	if total > maxBuildBytes {
		return b.end(fmt.Errorf("it reads more than %d MiB", maxBuildBytes>>20))
	}
	if !hasAliases(text) {
		return nil
	}
	if _, faults := load(text, b.opts); len(faults) > 0 {
		return b.end(Error{Position: at(name, faults[0].Place), Err: faults[0].Err})
	}
	return nil
}

func hasAliases(text []byte) bool {
	return bytes.Contains(text, []byte("*")) && bytes.Contains(text, []byte("&"))
}

// remote finds what kustomize takes for an address, even where a local folder has that name.
var remote = regexp.MustCompile(`://|^git@|^git::|github\.com[:/]|\.git([/?]|$)|/_git/|[?&]ref=|[?&]version=`)

// host finds an address without a scheme: its first part has a dot.
var host = regexp.MustCompile(`^[\w-]+(\.[\w-]+)+/`)

// local ends the build where a kustomization names something that is not here.
func (b *boundedFiles) local(name string, text []byte) error {
	kustomization, err := parseKustomization(text)
	if err != nil {
		return nil //nolint:nilerr // kustomize says what is wrong with it.
	}
	folder := filepath.Dir(name)
	for _, each := range slices.Concat(kustomization.Resources, kustomization.Components, kustomization.Crds,
		kustomization.Generators, kustomization.Transformers, kustomization.Validators, kustomization.Configurations) {
		path := each
		if !filepath.IsAbs(path) {
			path = filepath.Join(folder, each)
		}
		if strings.Contains(each, "\n") || !remote.MatchString(each) && b.Exists(path) {
			continue
		}
		if remote.MatchString(each) || host.MatchString(each) {
			return b.end(fmt.Errorf("%s names %s, which is not here: without --offline it is fetched", name, each))
		}
		return b.end(fmt.Errorf("%s names %s, which is not here", name, each))
	}
	for _, value := range kustomization.Patches {
		if remote.MatchString(value.Path) {
			return b.end(fmt.Errorf("%s names %s, which is not here: without --offline it is fetched", name, value.Path))
		}
	}
	return nil
}

// Open is not used for building.
func (b *boundedFiles) Open(name string) (filesys.File, error) {
	if err := b.isReadable(name); err != nil {
		return nil, err
	}
	return b.FileSystem.Open(name)
}

var _ filesys.FileSystem = (*boundedFiles)(nil)
