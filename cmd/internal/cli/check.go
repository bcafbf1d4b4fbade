package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/stateward/stateward/cmd/internal/manifest"
	"github.com/stateward/stateward/cmd/internal/report"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
)

// checkOptions are the flags of `stateward check`.
type checkOptions struct {
	namespace string
	config    string
	output    string
	partial   bool
	verbose   bool
}

func newCheck(streams Streams) *cobra.Command {
	var options checkOptions
	command := &cobra.Command{
		Use:   "check PATH...",
		Short: "Judge manifests and recorded AdmissionReviews",
		Long: `Judge Kubernetes manifests as the webhook would, before they reach a cluster.

PATH is a YAML or JSON file, a folder (read recursively), or - for standard input. All that is given is one
World: a StatefulSet finds its Service in another file. AdmissionReviews are judged as recorded.

Exit code: 0 nothing is denied, 1 something is, 2 bad usage or input that cannot be read, 3 something could not
be evaluated.`,
		Example: `  stateward check manifests/
  helm template db CHART | stateward check -n data -`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(command *cobra.Command, paths []string) error {
			return check(command.Context(), paths, options, streams)
		},
	}
	flags := command.Flags()
	flags.StringVarP(&options.namespace, "namespace", "n", "default", "`namespace` of objects that name none")
	flags.StringVar(&options.config, "config", "", configFlag)
	flags.StringVarP(&options.output, "output", "o", "text", "`format` of the report: text or json")
	flags.BoolVar(&options.partial, "partial", false, "the manifests are not all there is: what is missing may exist elsewhere")
	flags.BoolVarP(&options.verbose, "verbose", "v", false, "also list rules that could not see what they read")
	return command
}

func check(ctx context.Context, paths []string, options checkOptions, streams Streams) error {
	renderer, err := report.New(options.output, options.verbose)
	if err != nil {
		return usageError{err}
	}
	library, err := policies.Embedded()
	if err != nil {
		return err
	}
	guardrails, err := loadGuardrails(options.config, library)
	if err != nil {
		return err
	}
	documents, err := manifest.Read(paths, manifest.Options{Stdin: streams.In})
	if err != nil {
		return usageError{err}
	}
	decider, err := engine.New(ctx, library, guardrails)
	if err != nil {
		return err
	}
	world, err := worldOf(documents, options, library)
	if err != nil {
		return err
	}
	result, failed := judge(ctx, decider, world, documents, options.namespace)
	if err := renderer.Render(streams.Out, result); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	switch {
	case failed != nil:
		return failed
	case result.Denied() > 0:
		return errViolations
	default:
		return nil
	}
}

// worldOf makes all manifests each other's World.
func worldOf(documents []manifest.Document, options checkOptions, library *policies.Library) (engine.World, error) {
	known := library.ManifestResources
	if options.partial {
		known = nil
	}
	world := engine.NewSnapshot(options.namespace, known)
	for _, document := range documents {
		if document.IsAdmissionReview() {
			continue
		}
		if err := world.Add(document.Raw); err != nil {
			return nil, fmt.Errorf("%s: %w", document.Position(nil), err)
		}
	}
	return world, nil
}

// judge decides each document. What cannot be evaluated is told in the error, beside the result of all the others.
func judge(ctx context.Context, decider *engine.Engine, world engine.World, documents []manifest.Document, namespace string) (report.Result, error) {
	result, now := report.Result{Documents: len(documents)}, time.Now()
	var failed []error
	for _, document := range documents {
		review, err := reviewOf(document, namespace, now)
		if err != nil {
			failed = append(failed, usageError{fmt.Errorf("%s: %w", document.Position(nil), err)})
			continue
		}
		if !decider.Judges(review) {
			result.Skip(review.Kind)
			continue
		}
		verdict, err := decider.Decide(ctx, review, world)
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %s %s/%s could not be evaluated: %w",
				document.Position(nil), review.Kind, review.Namespace, review.Name, err))
			continue
		}
		result.Judged++
		for _, finding := range verdict.Findings {
			result.Add(finding, place(document, finding, review))
		}
		result.AddUndecided(verdict.Undecided)
	}
	return result, errors.Join(failed...)
}

// place finds the line of a finding; in a recorded AdmissionReview the object stands below the request.
func place(document manifest.Document, finding engine.Finding, review engine.Review) report.Position {
	path := finding.Path
	if document.IsAdmissionReview() {
		object := "object"
		if len(review.Object) == 0 || string(review.Object) == "null" {
			object = "oldObject"
		}
		path = append([]any{"request", object}, path...)
	}
	position := document.Position(path)
	return report.Position{File: position.Source(), Line: position.Line, Column: position.Column}
}
