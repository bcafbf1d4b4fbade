package report

import (
	"net/url"
	"path/filepath"
	"strings"
)

// slashed is a file as servers know it: with slashes, and relative to the working directory where it lies below.
func (o Options) slashed(file string) string {
	if filepath.IsAbs(file) && o.Dir != "" {
		// Both are absolute, so there is an answer; one that leads out of the directory is of no help.
		if relative, err := filepath.Rel(o.Dir, file); err == nil && filepath.IsLocal(relative) {
			file = relative
		}
	}
	return strings.TrimPrefix(strings.ReplaceAll(file, `\`, "/"), "./")
}

// uri is the same as a reference of RFC 3986. A drive letter would read as a scheme, so it makes the reference absolute.
func (o Options) uri(file string) string {
	path := o.slashed(file)
	switch {
	case hasDrive(path):
		return (&url.URL{Scheme: "file", Path: "/" + path}).String()
	case strings.HasPrefix(path, "/"):
		return (&url.URL{Scheme: "file", Path: path}).String()
	default:
		return (&url.URL{Path: path}).String()
	}
}

func hasDrive(path string) bool {
	return len(path) > 2 && path[1] == ':' && path[2] == '/' && ('a' <= path[0]|0x20 && path[0]|0x20 <= 'z')
}
