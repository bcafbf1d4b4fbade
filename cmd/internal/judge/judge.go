// Package judge decides documents, each in a World of all of them.
package judge

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stateward/stateward/cmd/internal/manifest"
	"github.com/stateward/stateward/cmd/internal/parallel"
	"github.com/stateward/stateward/cmd/internal/report"
	"github.com/stateward/stateward/policies/engine"
)

// Options say how to take documents.
type Options struct {
	// Namespace of objects that name none.
	Namespace string
	// Partial says that the documents are not all there is: what is missing may exist elsewhere.
	Partial bool
	// Now is when manifests are judged.
	Now time.Time
}

// InputError is a document that is no review and no object.
type InputError struct{ Err error }

func (e *InputError) Error() string { return e.Err.Error() }

func (e *InputError) Unwrap() error { return e.Err }

// Documents decides each document, several at a time. What cannot be evaluated is told in the joined error, beside the
// result of all the others, in the order of the documents.
func Documents(ctx context.Context, decider *engine.Engine, documents []manifest.Document, options Options) (report.Result, error) {
	result := report.Result{Documents: len(documents)}
	world, err := worldOf(decider, documents, options)
	if err != nil {
		return result, err
	}
	outcomes := make([]outcome, len(documents))
	parallel.Each(len(documents), func(index int) { outcomes[index] = decide(ctx, decider, documents[index], world, options) })
	var failed []error
	for index, outcome := range outcomes {
		switch {
		case outcome.err != nil:
			failed = append(failed, outcome.err)
		case !outcome.judged:
			result.Skip(outcome.review.Kind)
		default:
			result.Judged++
			for _, finding := range outcome.verdict.Findings {
				result.Add(finding, place(documents[index], finding, outcome.review))
			}
			result.AddUndecided(outcome.verdict.Undecided)
		}
	}
	return result, errors.Join(failed...)
}

// outcome is what became of one document.
type outcome struct {
	review  engine.Review
	judged  bool
	verdict engine.Verdict
	err     error
}

func decide(ctx context.Context, decider *engine.Engine, document manifest.Document, world engine.World, options Options) outcome {
	review, err := reviewOf(document, options.Namespace, options.Now)
	if err != nil {
		return outcome{err: &InputError{fmt.Errorf("%s: %w", document.Position(nil), err)}}
	}
	if !decider.Judges(review) {
		return outcome{review: review}
	}
	verdict, err := decider.Decide(ctx, review, world)
	if err != nil {
		return outcome{err: fmt.Errorf("%s: %s %s/%s could not be evaluated: %w",
			document.Position(nil), review.Kind, review.Namespace, review.Name, err)}
	}
	return outcome{review: review, judged: true, verdict: verdict}
}

// worldOf makes all manifests each other's World.
func worldOf(decider *engine.Engine, documents []manifest.Document, options Options) (engine.World, error) {
	known := decider.Library().ManifestResources
	if options.Partial {
		known = nil
	}
	world := engine.NewSnapshot(options.Namespace, known)
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
