package cli

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/pflag"

	"github.com/stateward/stateward/cmd/internal/manifest"
)

// inputOptions are the flags of `stateward check` that say what to read.
type inputOptions struct {
	kustomize string
	validate  string
}

// How to take fields that Kubernetes' own types do not have, as for kubectl.
const (
	validateStrict = "strict"
	validateWarn   = "warn"
	validateIgnore = "ignore"
)

func (o *inputOptions) add(flags *pflag.FlagSet) {
	flags.StringVarP(&o.kustomize, "kustomize", "k", "", "`folder` with a kustomization to build, and judge what comes out")
	flags.StringVar(&o.validate, "validate", validateStrict, "`how` to take fields that Kubernetes does not know: strict, warn or ignore")
}

// read reads all that is given, and refuses what kubectl would refuse to apply.
func (o inputOptions) read(paths []string, streams Streams) ([]manifest.Document, error) {
	if !slices.Contains([]string{validateStrict, validateWarn, validateIgnore}, o.validate) {
		return nil, usageError{fmt.Errorf("--validate %q: use strict, warn or ignore", o.validate)}
	}
	if len(paths) == 0 && o.kustomize == "" {
		return nil, usageError{errors.New("nothing to check: name a file, a folder, - for standard input, or -k FOLDER; see `stateward check --help`")}
	}
	var documents []manifest.Document
	var errs []error
	if len(paths) > 0 {
		read, err := manifest.Read(paths, manifest.Options{Stdin: streams.In})
		documents, errs = append(documents, read...), append(errs, err)
	}
	if o.kustomize != "" {
		built, err := manifest.Kustomize(o.kustomize, manifest.Options{})
		documents, errs = append(documents, built...), append(errs, err)
	}
	unknown := o.unknownFields(documents)
	if unknown != nil && o.validate == validateWarn {
		if _, err := fmt.Fprintf(streams.Err, "warning: %v\n", unknown); err != nil {
			return nil, err
		}
		unknown = nil
	}
	if err := errors.Join(append(errs, unknown)...); err != nil {
		return nil, usageError{err}
	}
	return documents, nil
}

func (o inputOptions) unknownFields(documents []manifest.Document) error {
	if o.validate == validateIgnore {
		return nil
	}
	return manifest.UnknownFields(documents)
}
