package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/stateward/stateward/cmd/internal/baseline"
	"github.com/stateward/stateward/cmd/internal/evaluate"
	"github.com/stateward/stateward/cmd/internal/manifest"
	"github.com/stateward/stateward/cmd/internal/report"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
)

const baselineFlag = "check what changed since this git `revision` or folder (./NAME is always a folder)"

// input is what `stateward check` was given, by inventories.
type input struct {
	groups []group
	// read is what was left out, and warnings.
	read manifest.Input
	// unreadable is what could not be read.
	unreadable error
}

// readInput reads all that is given, with its baseline where there is one. Notes name what cannot be compared.
// After an error nothing can be evaluated.
func readInput(ctx context.Context, paths []string, options checkOptions, library *policies.Library, streams Streams) (input, error) {
	manifestOptions, err := options.complete(paths, streams.In)
	if err != nil {
		return input{}, err
	}
	if !options.compares {
		manifestOptions.Needs = needs(library)
	}
	options.comparing, manifestOptions.SkipBuilt = options.compares, options.discover
	sources, left, surveyed := options.sources(paths, manifestOptions)
	var found input
	if options.compares {
		found, err = compareSources(ctx, sources, options, manifestOptions, streams.Err)
	} else {
		found.groups, found.read, found.unreadable = readSources(ctx, sources, options, manifestOptions)
	}
	if err != nil {
		return found, err
	}
	found.unreadable = errors.Join(surveyed, found.unreadable)
	found.read.LeftOut = append(found.read.LeftOut, left...)
	if found.count() == 0 && found.unreadable == nil && !options.allowEmpty {
		found.unreadable = errEmpty(options.given(paths), found.read.LeftOut)
	}
	return found, nil
}

// compareSources reads all inventories and their versions in the baseline.
func compareSources(ctx context.Context, sources []source, options checkOptions, manifestOptions manifest.Options, notes io.Writer) (found input, err error) {
	if baseline.IsFolder(options.baseline) && len(sources) > 1 {
		return found, fmt.Errorf("--baseline %s is one folder and can be compared with one kustomization, or with paths: check each by itself",
			options.baseline)
	}
	for _, each := range sources {
		given := baseline.Given{Paths: each.paths, Kustomization: each.kustomization}
		before, after, err := baseline.Read(ctx, options.baseline, given, manifestOptions)
		if err != nil && len(manifest.Errors(err)) == 0 {
			return found, err
		}
		changes, told, failed := baseline.Pair(before, after, options.namespace)
		for _, note := range told {
			fmt.Fprintln(notes, "note: "+printable(note, ""))
		}
		found.groups = append(found.groups, group{compared: true, changes: changes, files: each.isFiles()})
		found.read.LeftOut = append(found.read.LeftOut, after.LeftOut...)
		found.read.Warnings = append(found.read.Warnings, after.Warnings...)
		found.unreadable = errors.Join(found.unreadable, err, before.Unreadable, after.Unreadable, failed)
	}
	return found, nil
}

// count is how many documents there are to evaluate.
func (i input) count() (n int) {
	for _, each := range i.groups {
		n += len(each.documents) + len(each.changes)
	}
	return n
}

// needs says how much of a manifest has to be held until all are evaluated: all of what rules check, and what they may look
// at beside it.
func needs(library *policies.Library) func(manifest.Document) manifest.Need {
	evaluated := map[string]bool{}
	for _, rule := range library.All() {
		for _, resource := range policies.Resources() {
			evaluated[resource.Name] = evaluated[resource.Name] || rule.AppliesTo(resource.Name, "CREATE")
		}
	}
	return func(document manifest.Document) manifest.Need {
		resource, known := policies.ResourceOfKind(policies.GroupOf(document.APIVersion), document.Kind)
		switch {
		case evaluated[resource.Name], document.IsAdmissionReview(), evaluate.Asks(document), evaluate.IsRefused(document):
			return manifest.Places
		case known, evaluate.IsAutoscaler(document):
			return manifest.Object
		default:
			return manifest.Identity
		}
	}
}

// objects are the documents as they are now.
func (i input) objects() (objects []manifest.Document) {
	for _, each := range i.groups {
		objects = append(objects, each.objects()...)
	}
	return objects
}

// evaluate evaluates each inventory separately, and reports all together.
func (i input) evaluate(ctx context.Context, decider *engine.Engine, options evaluate.Options) (report.Result, error) {
	result := report.Result{Rules: decider.Library().All()}
	var failed []error
	for _, each := range i.groups {
		options.Files = each.files
		evaluated, err := each.evaluate(ctx, decider, options)
		result.Add(evaluated)
		failed = append(failed, err)
	}
	i.tell(&result)
	return result, errors.Join(failed...)
}

func (g group) evaluate(ctx context.Context, decider *engine.Engine, options evaluate.Options) (report.Result, error) {
	if g.compared {
		return evaluate.Changes(ctx, decider, g.changes, options)
	}
	return evaluate.Documents(ctx, decider, g.documents, options)
}

// tell puts what is wrong with the input into the result, and what was left out of it.
func (i input) tell(result *report.Result) {
	for _, each := range manifest.Errors(i.unreadable) {
		result.Problems = append(result.Problems, report.Problem{Position: reported(each.Position), Message: each.Err.Error(), Unreadable: true})
	}
	if len(manifest.Errors(i.unreadable)) == 0 && i.unreadable != nil {
		result.Problems = append(result.Problems, report.Problem{Message: i.unreadable.Error(), Unreadable: true})
	}
	for _, each := range i.read.Warnings {
		result.Problems = append(result.Problems, report.Problem{Position: reported(each.Position), Message: each.Err.Error()})
	}
	for _, each := range i.read.LeftOut {
		result.LeftOut = append(result.LeftOut, report.LeftOut{
			Position: reported(each.Position), Reason: string(each.Reason), Detail: each.Detail, Note: each.Reason.IsNote(),
		})
	}
}

func reported(position manifest.Position) report.Position {
	return report.Position{File: position.Source(), Line: position.Line, Column: position.Column}
}

// inputOptions are the flags of `stateward check` that say what to read.
type inputOptions struct {
	kustomize  []string
	discover   bool
	helm       bool
	helmValues []string
	each       string
	exclude    []string
	offline    bool
	validate   string
	allowEmpty bool
	limits     limitOptions
	// comparing says that there is a baseline.
	comparing bool
	// reading receives the progress; nil shows none.
	reading func(done, total int)
}

// limitOptions bound what a check may take.
type limitOptions struct {
	files             int
	fileSize, allSize string
	timeout           time.Duration
}

// How to make inventories of the files in a folder.
const (
	eachFile   = "file"
	eachFolder = "folder"
)

// How to take fields that Kubernetes' own types do not have, and keys that are set twice, as for kubectl.
const (
	validateStrict = "strict"
	validateWarn   = "warn"
	validateIgnore = "ignore"
)

func (o *inputOptions) add(flags *pflag.FlagSet) {
	flags.StringArrayVarP(&o.kustomize, "kustomize", "k", nil, "`folder` with a kustomization to build and judge, repeatable; remote bases are fetched unless --offline is given")
	flags.BoolVar(&o.discover, "discover", false, "find every kustomization, chart and other manifest in the folders (default .), and judge each on its own")
	flags.BoolVar(&o.helm, "helm", false, "with --discover: render charts with the helm in the PATH")
	flags.StringArrayVar(&o.helmValues, "helm-values", nil, "with --helm: values `file` for all charts, repeatable")
	flags.StringVar(&o.each, "each", "", "judge each `file` or folder on its own: alternatives in one folder are not compared")
	flags.Lookup("each").NoOptDefVal = eachFile
	flags.StringArrayVar(&o.exclude, "exclude", nil, "`pattern` of files and folders to leave out, in the syntax of .gitignore, repeatable; "+
		manifest.IgnoreFile+" files hold such patterns too")
	flags.BoolVar(&o.offline, "offline", false, "fail where a kustomization names a remote base, instead of fetching it")
	flags.StringVar(&o.validate, "validate", validateStrict, "`how` to take fields that Kubernetes does not know, and keys that are set twice: strict, warn or ignore")
	flags.BoolVar(&o.allowEmpty, "allow-empty", false, "accept input that has no documents")
	flags.IntVar(&o.limits.files, "max-files", manifest.DefaultMaxFiles, "`number` of files and folders that one walk may meet")
	flags.StringVar(&o.limits.fileSize, "max-file-size", "32Mi", "largest `size` of one file")
	flags.StringVar(&o.limits.allSize, "max-total-size", "1Gi", "largest `size` of all files together")
	flags.DurationVar(&o.limits.timeout, "timeout", 10*time.Minute, "longest `time` for the whole check; 0 is without end")
}

// complete returns an error if options are missing or contradict, and sets how to read the input.
func (o inputOptions) complete(paths []string, stdin io.Reader) (options manifest.Options, err error) {
	validations := map[string]manifest.Validation{
		validateStrict: manifest.ValidateStrict, validateWarn: manifest.ValidateWarn, validateIgnore: manifest.ValidateIgnore,
	}
	validation, known := validations[o.validate]
	switch {
	case !known:
		return options, fmt.Errorf("--validate %q: use strict, warn or ignore", o.validate)
	case !slices.Contains([]string{"", eachFile, eachFolder}, o.each):
		return options, fmt.Errorf("--each=%s: use --each=file or --each=folder", o.each)
	case o.helm && !o.discover:
		return options, errors.New("--helm renders the charts that --discover finds: add --discover, or run helm template CHART | stateward check -")
	case o.discover && slices.Contains(paths, "-"):
		return options, errors.New("--discover looks into folders: leave out -")
	case len(o.helmValues) > 0 && !o.helm:
		return options, errors.New("--helm-values needs --helm")
	case len(paths) == 0 && len(o.kustomize) == 0 && !o.discover:
		return options, errors.New("nothing to check: name a file, a folder, - for standard input, or -k FOLDER; see `stateward check --help`")
	}
	options = manifest.Options{
		Stdin: stdin, AllowEmpty: o.allowEmpty, Progress: o.reading, Validate: validation, Reads: readsKind,
		Exclude: o.exclude, Offline: o.offline, MaxFiles: o.limits.files,
	}
	if options.MaxBytes, err = parseSize("--max-file-size", o.limits.fileSize); err == nil {
		options.MaxTotalBytes, err = parseSize("--max-total-size", o.limits.allSize)
	}
	return options, err
}

// readsKind reports whether a rule may read objects of a kind, or of one that is nearly written so.
func readsKind(kind string) bool {
	if kind == "List" || kind == "AdmissionReview" {
		return true
	}
	return slices.ContainsFunc(policies.Resources(), func(resource policies.Resource) bool {
		// Of these, rules read what runs, and no manifests.
		if resource.Optional || resource.OnlyDeleted || slices.Contains([]string{"pods", "persistentvolumes", "nodes", policies.Confirmations}, resource.Name) {
			return false
		}
		return strings.EqualFold(resource.Kind, kind) || strings.EqualFold(resource.Name, kind) || resource.Kind+"List" == kind
	})
}

func parseSize(flag, text string) (int64, error) {
	size, err := resource.ParseQuantity(text)
	if err != nil || size.Sign() <= 0 {
		return 0, fmt.Errorf("%s %q: write a size such as 32Mi or 1Gi", flag, text)
	}
	return size.Value(), nil
}

// given names what is to be checked.
func (o inputOptions) given(paths []string) []string {
	names := slices.Concat(paths, o.kustomize)
	if len(names) == 0 {
		return []string{"."}
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}

// errEmpty is for a pipeline whose chart renders nothing: it has checked nothing.
func errEmpty(names []string, left []manifest.LeftOut) error {
	charts := 0
	for _, each := range left {
		if each.Reason == manifest.Chart {
			charts++
		}
	}
	if charts > 0 {
		return fmt.Errorf("no document in %s, so nothing was checked: Helm charts hold all there is, %d here: add --discover --helm to render "+
			"them, or use --allow-empty", strings.Join(names, ", "), charts)
	}
	return fmt.Errorf("no document in %s, so nothing was checked: give files that contain manifests, or use --allow-empty", strings.Join(names, ", "))
}
