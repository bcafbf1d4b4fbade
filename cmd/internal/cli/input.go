package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/stateward/stateward/cmd/internal/baseline"
	"github.com/stateward/stateward/cmd/internal/judge"
	"github.com/stateward/stateward/cmd/internal/manifest"
	"github.com/stateward/stateward/cmd/internal/report"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
)

const baselineFlag = "check what changed since this git `revision` or folder (./NAME is always a folder)"

// input is what `stateward check` was given: documents as they are, or what has become of them since a baseline.
type input struct {
	documents []manifest.Document
	compared  bool
	changes   []baseline.Change
}

// readInput reads the paths, and their baseline where there is one. What of that cannot be compared is told aside.
func readInput(ctx context.Context, paths []string, options checkOptions, library *policies.Library, streams Streams) (input, error) {
	if err := options.complete(paths); err != nil {
		return input{}, err
	}
	if !options.compares {
		documents, err := options.inputOptions.read(paths, options.manifestOptions(streams, needs(library)), streams)
		return input{documents: documents}, err
	}
	given := baseline.Given{Paths: paths, Kustomization: options.kustomize}
	before, after, err := baseline.Read(ctx, options.baseline, given, options.manifestOptions(streams, nil))
	if err != nil {
		return input{}, err
	}
	if err := options.validated(after.Documents, streams); err != nil {
		return input{}, err
	}
	changes, notes, err := baseline.Pair(before, after, options.namespace)
	for _, note := range notes {
		fmt.Fprintln(streams.Err, "note: "+printable(note, ""))
	}
	if err == nil && len(changes) == 0 && !options.allowEmpty {
		err = errEmpty(append(paths, options.kustomize))
	}
	return input{compared: true, changes: changes}, err
}

// needs says how much of a manifest has to be held until all are judged: all of what rules judge, and what they may look
// at beside it.
func needs(library *policies.Library) func(manifest.Document) manifest.Need {
	judged := map[string]bool{}
	for _, rule := range library.All() {
		for _, resource := range policies.Resources() {
			judged[resource.Name] = judged[resource.Name] || rule.Judges(resource.Name, "CREATE")
		}
	}
	return func(document manifest.Document) manifest.Need {
		resource, known := policies.ResourceOfKind(policies.GroupOf(document.APIVersion), document.Kind)
		switch {
		case judged[resource.Name], document.IsAdmissionReview(), judge.Asks(document):
			return manifest.Places
		case known:
			return manifest.Object
		default:
			return manifest.Identity
		}
	}
}

// objects are the documents as they are now.
func (i input) objects() []manifest.Document {
	objects := slices.Clip(i.documents)
	for _, change := range i.changes {
		if change.After != nil {
			objects = append(objects, *change.After)
		}
	}
	return objects
}

func (i input) judge(ctx context.Context, decider *engine.Engine, options judge.Options) (report.Result, error) {
	if i.compared {
		return judge.Changes(ctx, decider, i.changes, options)
	}
	return judge.Documents(ctx, decider, i.documents, options)
}

// inputOptions are the flags of `stateward check` that say what to read.
type inputOptions struct {
	kustomize  string
	validate   string
	allowEmpty bool
	// reading is told how far it is; nil tells nobody.
	reading func(done, total int)
}

// How to take fields that Kubernetes' own types do not have, as for kubectl.
const (
	validateStrict = "strict"
	validateWarn   = "warn"
	validateIgnore = "ignore"
)

func (o *inputOptions) add(flags *pflag.FlagSet) {
	flags.StringVarP(&o.kustomize, "kustomize", "k", "", "`folder` of a kustomization to build and check")
	flags.StringVar(&o.validate, "validate", validateStrict, "`how` to treat unknown fields: strict, warn or ignore")
	flags.BoolVar(&o.allowEmpty, "allow-empty", false, "accept input that has no documents")
}

// manifestOptions say how to read what is given.
func (o inputOptions) manifestOptions(streams Streams, needs func(manifest.Document) manifest.Need) manifest.Options {
	return manifest.Options{
		Stdin: streams.In, AllowEmpty: o.allowEmpty, Progress: o.reading, Validate: o.validate != validateIgnore, Needs: needs,
	}
}

// read reads all that is given, and refuses what kubectl would refuse to apply.
func (o inputOptions) read(paths []string, options manifest.Options, streams Streams) ([]manifest.Document, error) {
	var documents []manifest.Document
	var errs []error
	if len(paths) > 0 {
		read, err := manifest.Read(paths, options)
		documents, errs = read, append(errs, err)
	}
	if o.kustomize != "" {
		built, err := manifest.Kustomize(o.kustomize, options)
		documents, errs = append(documents, built...), append(errs, err)
	}
	if err := errors.Join(append(errs, o.validated(documents, streams))...); err != nil {
		return nil, err
	}
	if len(documents) == 0 && !o.allowEmpty {
		return nil, errEmpty(append(paths, o.kustomize))
	}
	return documents, nil
}

// errEmpty is for a pipeline whose chart renders nothing: it has checked nothing.
func errEmpty(given []string) error {
	names := slices.DeleteFunc(given, func(name string) bool { return name == "" })
	return fmt.Errorf("no document in %s, so nothing was checked: give files that contain manifests, or use --allow-empty", strings.Join(names, ", "))
}

// complete tells what is missing or does not go together.
func (o inputOptions) complete(paths []string) error {
	switch {
	case !slices.Contains([]string{validateStrict, validateWarn, validateIgnore}, o.validate):
		return fmt.Errorf("--validate %q: use strict, warn or ignore", o.validate)
	case len(paths) == 0 && o.kustomize == "":
		return errors.New("nothing to check: name a file, a folder, - for standard input, or -k FOLDER; see `stateward check --help`")
	default:
		return nil
	}
}

// validated returns what is wrong with the fields of the documents, unless that is to be mentioned only.
func (o inputOptions) validated(documents []manifest.Document, streams Streams) error {
	unknown := manifest.UnknownFields(documents)
	if unknown == nil || o.validate == validateStrict {
		return unknown
	}
	_, err := fmt.Fprintf(streams.Err, "warning: %v\n", unknown)
	return err
}
