package cluster

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

// recipe is everything that decides what a build of a tool yields.
type recipe struct {
	goMod, goSum []byte
	// source is the main package that the module has itself, or nothing.
	source    []byte
	linkFlags string
	// toolchain is Go's version and the platform that it builds for.
	toolchain string
}

func readRecipe(ctx context.Context, tool Tool, dir string) (recipe, error) {
	goMod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return recipe{}, err
	}
	goSum, err := os.ReadFile(filepath.Join(dir, "go.sum"))
	if err != nil {
		return recipe{}, err
	}
	source, err := os.ReadFile(filepath.Join(dir, "main.go"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return recipe{}, err
	}
	linkFlags, err := tool.linkFlags(dir)
	if err != nil {
		return recipe{}, err
	}
	command := exec.CommandContext(ctx, "go", "env", "GOVERSION", "GOOS", "GOARCH")
	command.Dir = dir
	toolchain, err := command.Output()
	if err != nil {
		return recipe{}, fmt.Errorf("ask go for its version: %w", err)
	}
	return recipe{goMod, goSum, source, linkFlags, string(toolchain)}, nil
}

// stamp identifies the recipe. Each part is written with its length, so that
// text which moves from one part to the next changes the stamp.
func (r recipe) stamp() string {
	hash := sha256.New()
	parts := [][]byte{r.goMod, r.goSum, []byte(r.linkFlags), []byte(r.toolchain)}
	if r.source != nil {
		parts = append(parts, r.source)
	}
	for _, part := range parts {
		fmt.Fprintf(hash, "%d\n", len(part))
		hash.Write(part)
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// job is one tool that may have to be built, with the paths that belong to it.
type job struct {
	tool Tool
	// dir is the folder of the module.
	dir       string
	linkFlags string
	stamp     string
	binary    string
	stampFile string
}

// newJob builds a tool from the module in dir into the folder bin.
func newJob(ctx context.Context, tool Tool, dir, bin string) (job, error) {
	recipe, err := readRecipe(ctx, tool, dir)
	if err != nil {
		return job{}, fmt.Errorf("find out how to build %s: %w", tool.Name, err)
	}
	return job{
		tool:      tool,
		dir:       dir,
		linkFlags: recipe.linkFlags,
		stamp:     recipe.stamp(),
		binary:    filepath.Join(bin, tool.Name),
		stampFile: filepath.Join(bin, "."+tool.Name+".sum"),
	}, nil
}

// current reports whether the binary exists and was built by this very recipe.
func (j job) current() bool {
	if !isFile(j.binary) {
		return false
	}
	stamp, err := os.ReadFile(j.stampFile)
	return err == nil && string(bytes.TrimSpace(stamp)) == j.stamp
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
