package cluster

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
)

const mainModule = "github.com/stateward/stateward"

// Root returns the folder that holds the main module's go.mod. It looks upwards
// from this source file first and, because a binary built with -trimpath does
// not know where its sources are, from the working directory after that.
func Root() (string, error) {
	for _, start := range rootCandidates() {
		if root, ok := moduleAbove(start); ok {
			return root, nil
		}
	}
	return "", errors.New("no go.mod of " + mainModule + " above the working directory; run this inside the repository")
}

func rootCandidates() []string {
	var candidates []string
	if _, file, _, ok := runtime.Caller(0); ok && filepath.IsAbs(file) {
		candidates = append(candidates, filepath.Dir(file))
	}
	if dir, err := os.Getwd(); err == nil {
		candidates = append(candidates, dir)
	}
	return candidates
}

// moduleAbove climbs past the nested tool modules, which have a go.mod of their
// own, until it meets the main module.
func moduleAbove(dir string) (string, bool) {
	for {
		content, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && moduleName(content) == mainModule {
			return dir, true
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", false
		}
		dir = parent
	}
}

func moduleName(goMod []byte) string {
	for line := range bytes.Lines(goMod) {
		fields := bytes.Fields(line)
		if len(fields) >= 2 && string(fields[0]) == "module" {
			return string(fields[1])
		}
	}
	return ""
}
