package manifest

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
)

// Survey is what a repository holds that can be checked.
type Survey struct {
	// Kustomizations are the folders that no other kustomization includes.
	Kustomizations []string
	// Charts are the folders of Helm charts.
	Charts []string
	// Trees are the manifests that no kustomization and no chart names, together with those that lie near them.
	Trees [][]string
	// LeftOut is everything else.
	LeftOut []LeftOut
}

// Look surveys a folder.
func Look(root string, opts Options) (Survey, error) {
	var input Input
	var errs []Error
	w := newWalker(root, opts.withDefaults(), &input, func(name string, err error) { errs = append(errs, fileError(name, err)) })
	w.folder(root, nil)
	parts := partsOf(w.kustomizations)
	files := w.left()
	found := Survey{Kustomizations: leaves(w.kustomizations, parts), Trees: trees(root, files, parts)}
	for _, left := range input.LeftOut {
		switch left.Reason {
		case Chart:
			found.Charts = append(found.Charts, left.File)
		case Kustomization:
			// It is built, or a part of one that is.
		default:
			found.LeftOut = append(found.LeftOut, left)
		}
	}
	if len(errs) == 0 && len(found.Kustomizations)+len(found.Charts)+len(found.Trees) == 0 && !opts.AllowEmpty {
		return found, fileError(root, errors.New("no kustomization, no chart and no manifest in this folder; name another one"))
	}
	return found, join(errs)
}

// leaves are the folders of the kustomizations that no other one includes. Components are never built alone.
func leaves(files []string, parts Parts) (folders []string) {
	for _, file := range files {
		folder := filepath.Dir(file)
		absolute, err := filepath.Abs(folder)
		if err != nil || parts.resources[absolute] || isComponent(file) || slices.Contains(folders, folder) {
			continue
		}
		folders = append(folders, folder)
	}
	return folders
}

func isComponent(file string) bool {
	text, err := readKustomization(file)
	if err != nil {
		return false
	}
	kustomization, err := parseKustomization(text)
	return err == nil && kustomization.Kind == types.ComponentKind
}

// trees groups the manifests that no kustomization names by the highest folder that holds one itself. Those of the root
// are a tree of their own: a stray file there does not put a whole repository together.
func trees(root string, files []string, parts Parts) (found [][]string) {
	var order []string
	byTop := map[string][]string{}
	holds := map[string]bool{}
	for _, file := range files {
		holds[filepath.Dir(file)] = true
	}
	for _, file := range files {
		if absolute, err := filepath.Abs(file); err != nil || parts.resources[absolute] {
			continue
		}
		top := topOf(filepath.Clean(root), filepath.Dir(file), holds)
		if _, known := byTop[top]; !known {
			order = append(order, top)
		}
		byTop[top] = append(byTop[top], file)
	}
	for _, top := range order {
		found = append(found, byTop[top])
	}
	return found
}

func topOf(root, folder string, holds map[string]bool) string {
	top := folder
	for folder != root && folder != filepath.Dir(folder) {
		if holds[folder] {
			top = folder
		}
		folder = filepath.Dir(folder)
	}
	return top
}

// FolderOf is the folder that all these files lie in.
func FolderOf(files []string) string {
	common := filepath.Dir(files[0])
	for _, file := range files[1:] {
		for !strings.HasPrefix(file, common+string(filepath.Separator)) && common != filepath.Dir(common) {
			common = filepath.Dir(common)
		}
	}
	return common
}

// ReadFound returns the objects in files that Look has found.
func ReadFound(ctx context.Context, files []string, opts Options) (Input, error) {
	r := &reader{opts: opts.withDefaults()}
	r.found(files)
	return r.read(ctx)
}
