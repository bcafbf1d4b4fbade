package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/stateward/stateward/cmd/internal/baseline"
	"github.com/stateward/stateward/cmd/internal/manifest"
	"github.com/stateward/stateward/cmd/internal/parallel"
)

// source is what becomes one inventory: paths that were given, a kustomization, a chart, or files that were found.
type source struct {
	paths         []string
	kustomization string
	chart         string
	found         []string
}

// group is an inventory: documents as they are, or what has become of them since a baseline.
type group struct {
	documents []manifest.Document
	compared  bool
	changes   []baseline.Change
	// files says that they are those of files which need not be applied together.
	files bool
}

// objects are the documents as they are now.
func (g group) objects() []manifest.Document {
	objects := slices.Clip(g.documents)
	for _, change := range g.changes {
		if change.After != nil {
			objects = append(objects, *change.After)
		}
	}
	return objects
}

// sources lists the inventories to read.
func (o inputOptions) sources(paths []string, options manifest.Options) (sources []source, left []manifest.LeftOut, err error) {
	if o.discover {
		sources, left, err = o.discovered(paths, options)
	} else if len(paths) > 0 {
		sources = append(sources, source{paths: paths})
	}
	for _, folder := range o.kustomize {
		sources = append(sources, source{kustomization: folder})
	}
	return sources, left, err
}

// discovered lists what the folders hold.
func (o inputOptions) discovered(folders []string, options manifest.Options) (sources []source, left []manifest.LeftOut, err error) {
	if len(folders) == 0 {
		folders = []string{"."}
	}
	var errs []error
	for _, folder := range folders {
		survey, err := manifest.Look(folder, options)
		errs = append(errs, err)
		left = append(left, survey.LeftOut...)
		for _, kustomization := range survey.Kustomizations {
			sources = append(sources, source{kustomization: kustomization})
		}
		for _, chart := range survey.Charts {
			if o.helm && !o.comparing {
				sources = append(sources, source{chart: chart})
				continue
			}
			left = append(left, manifest.LeftOut{
				Position: manifest.Position{File: chart}, Reason: manifest.Chart,
				Detail: fmt.Sprintf("this is a Helm chart and was not rendered: add --helm, or run helm template %s | stateward check -", chart),
			})
		}
		if o.comparing {
			continue
		}
		for _, tree := range survey.Trees {
			sources = append(sources, source{found: tree})
		}
	}
	if o.comparing {
		// A file that is gone is in no tree of today.
		sources = append(sources, source{paths: folders})
	}
	return sources, left, errors.Join(errs...)
}

// read reads one inventory as it is.
func (s source) read(ctx context.Context, o checkOptions, options manifest.Options) (manifest.Input, error) {
	switch {
	case s.kustomization != "":
		return manifest.Kustomize(ctx, s.kustomization, options)
	case s.chart != "":
		return manifest.Helm(ctx, s.chart, o.namespace, o.helmValues, options)
	case s.found != nil:
		return manifest.ReadFound(ctx, s.found, options)
	default:
		return manifest.Read(ctx, s.paths, options)
	}
}

// isFiles reports whether the inventory is one of files that need not be applied together.
func (s source) isFiles() bool {
	return s.kustomization == "" && s.chart == ""
}

// readSources reads all inventories, several at a time where there are several.
func readSources(ctx context.Context, sources []source, o checkOptions, options manifest.Options) (groups []group, all manifest.Input, err error) {
	inputs, errs := make([]manifest.Input, len(sources)), make([]error, len(sources))
	if len(sources) > 1 {
		options.Progress = nil
	}
	parallel.ForEachWithProgress(len(sources), o.building(len(sources)), func(index int) {
		inputs[index], errs[index] = sources[index].read(ctx, o, options)
	})
	for index, input := range inputs {
		whole := group{documents: input.Documents, files: sources[index].isFiles()}
		groups = append(groups, o.apart(whole)...)
		all.LeftOut = append(all.LeftOut, input.LeftOut...)
		all.Warnings = append(all.Warnings, input.Warnings...)
	}
	return groups, all, errors.Join(errs...)
}

// building shows progress if several inventories are built.
func (o inputOptions) building(count int) func(done, total int) {
	if count < 2 {
		return nil
	}
	return o.reading
}

// apart makes each file, or each folder of files, an inventory of its own if an option says so.
func (o inputOptions) apart(whole group) []group {
	if o.each == "" || !whole.files {
		return []group{whole}
	}
	var order []string
	groups := map[string]*group{}
	for _, document := range whole.documents {
		key := document.File
		if o.each == eachFolder {
			key = filepath.Dir(key)
		}
		if groups[key] == nil {
			order = append(order, key)
			groups[key] = &group{files: o.each == eachFolder}
		}
		groups[key].documents = append(groups[key].documents, document)
	}
	var all []group
	for _, key := range order {
		all = append(all, *groups[key])
	}
	return all
}
