package manifest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/gitignore"
)

// IgnoreFile names the file that says, in the syntax of .gitignore, what walks leave out.
const IgnoreFile = ".statewardignore"

// maxIgnoreBytes is far above what a person writes.
const maxIgnoreBytes = 1 << 20

// vendored folders hold what other projects wrote.
func vendored() []string { return []string{"node_modules", "vendor"} }

// Filter decides what a walk leaves out by its name, or because a person said so.
type Filter struct {
	root   string
	ignore *ignorer
}

// NewFilter reads the patterns of a walk from root; those of the folders below it are read on the way.
func NewFilter(root string, opts Options) Filter {
	return Filter{root: root, ignore: newIgnorer(root, opts.Exclude)}
}

// LeavesOut reports whether a walk leaves out a file below its root.
func (f Filter) LeavesOut(path string) bool {
	below := relativeSteps(f.root, path)
	folder := f.root
	for _, step := range below {
		f.ignore.enterOnce(folder)
		folder = filepath.Join(folder, step)
		if isHidden(step) {
			return true
		}
	}
	return f.ignore.ignores(f.root, path, false)
}

// isHidden reports whether a walk leaves out a file or folder by its name.
func isHidden(name string) bool {
	return strings.HasPrefix(name, ".") || slices.Contains(vendored(), name)
}

// ignorer decides what a walk leaves out because a person said so.
type ignorer struct {
	patterns []gitignore.Pattern
	entered  map[string]bool
}

// newIgnorer reads the patterns of --exclude, and the ignore files from the working directory down to the root of a walk.
func newIgnorer(root string, exclude []string) *ignorer {
	i := &ignorer{entered: map[string]bool{}}
	for _, pattern := range exclude {
		i.patterns = append(i.patterns, gitignore.ParsePattern(filepath.ToSlash(pattern), nil))
	}
	for _, folder := range above(root) {
		i.enter(folder)
	}
	return i
}

// above lists the folders from the working directory to the one before root, where root lies below it.
func above(root string) (folders []string) {
	working, err := os.Getwd()
	if err != nil {
		return nil
	}
	absolute, err := filepath.Abs(root)
	if err != nil {
		return nil
	}
	below, err := filepath.Rel(working, absolute)
	if err != nil || below == "." || !filepath.IsLocal(below) {
		return nil
	}
	folder := working
	for step := range strings.SplitSeq(below, string(filepath.Separator)) {
		folders = append(folders, folder)
		folder = filepath.Join(folder, step)
	}
	return folders
}

// enterOnce adds the patterns of a folder the first time.
func (i *ignorer) enterOnce(folder string) {
	if !i.entered[folder] {
		i.entered[folder] = true
		i.enter(folder)
	}
}

// enter adds the patterns of a folder's own ignore file, if it has one.
func (i *ignorer) enter(folder string) {
	path := filepath.Join(folder, IgnoreFile)
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxIgnoreBytes {
		return
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return
	}
	domain := steps(folder)
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(line) != "" && !strings.HasPrefix(line, "#") {
			i.patterns = append(i.patterns, gitignore.ParsePattern(line, domain))
		}
	}
}

// ignores reports whether a path is excluded. Patterns of --exclude are relative to the root of the walk, or to the
// working directory.
func (i *ignorer) ignores(root, path string, isFolder bool) bool {
	if len(i.patterns) == 0 {
		return false
	}
	matcher := gitignore.NewMatcher(i.patterns)
	if matcher.Match(steps(path), isFolder) || matcher.Match(relativeSteps(".", path), isFolder) {
		return true
	}
	return matcher.Match(relativeSteps(root, path), isFolder)
}

// steps are the elements of an absolute path.
func steps(path string) []string {
	absolute, err := filepath.Abs(path)
	if err != nil {
		absolute = path
	}
	return strings.Split(strings.Trim(filepath.ToSlash(absolute), "/"), "/")
}

func relativeSteps(root, path string) []string {
	rootSteps, pathSteps := steps(root), steps(path)
	if len(pathSteps) > len(rootSteps) && slices.Equal(rootSteps, pathSteps[:len(rootSteps)]) {
		return pathSteps[len(rootSteps):]
	}
	return pathSteps
}
