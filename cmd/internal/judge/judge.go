// Package judge decides documents, each in a World of all of them.
package judge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stateward/stateward/cmd/internal/manifest"
	"github.com/stateward/stateward/cmd/internal/report"
	"github.com/stateward/stateward/policies/engine"
)

// Options say how to take documents.
type Options struct {
	// Namespace of objects that name none.
	Namespace string
	// Partial says that the documents are not all there is: what is missing may exist elsewhere.
	Partial bool
	// Surroundings are what is there besides the documents.
	Surroundings Surroundings
	// AllowAnnotations makes annotations of manifests count that ask to ignore a rule.
	AllowAnnotations bool
	// Now is when manifests are judged.
	Now time.Time
	// Progress, where there is one, is told how many documents of how many are done.
	Progress func(done, total int)
}

// InputError is a document that is no review and no object.
type InputError struct{ Err error }

func (e *InputError) Error() string { return e.Err.Error() }

func (e *InputError) Unwrap() error { return e.Err }

// Documents decides each document. What cannot be evaluated is told in the joined error, beside the result of all the
// others.
func Documents(ctx context.Context, decider *engine.Engine, documents []manifest.Document, options Options) (report.Result, error) {
	result := report.Result{Rules: decider.Library().All()}
	world, err := worldOf(decider, documents, options)
	if err != nil {
		for _, document := range documents {
			fail(&result, document, options.Namespace, err)
		}
		return result, err
	}
	var failed []error
	for i, document := range documents {
		if options.Progress != nil {
			options.Progress(i, len(documents))
		}
		if err := one(ctx, decider, document, world, options, &result); err != nil {
			failed = append(failed, err)
		}
	}
	failed = append(failed, ignore(&result, documents, decider.Library(), options.AllowAnnotations))
	return result, errors.Join(failed...)
}

// one decides one document, and adds it to the result whatever becomes of it.
func one(
	ctx context.Context, decider *engine.Engine, document manifest.Document, world engine.World, options Options, result *report.Result,
) error {
	review, err := reviewOf(document, options.Namespace, options.Now)
	if err != nil {
		fail(result, document, options.Namespace, err)
		return &InputError{fmt.Errorf("%s: %w", document.Position(nil), err)}
	}
	index := begin(result, document, review)
	if !decider.Judges(review) {
		return nil
	}
	verdict, err := decider.Decide(ctx, review, world)
	if err != nil {
		result.Documents[index].Outcome, result.Documents[index].Error = report.Failed, err.Error()
		return fmt.Errorf("%s: %s %s/%s could not be evaluated: %w", document.Position(nil), review.Kind, review.Namespace, review.Name, err)
	}
	found(result, index, document, review, verdict)
	return nil
}

// begin takes a document into the result: skipped, until something else becomes of it.
func begin(result *report.Result, document manifest.Document, review engine.Review) (index int) {
	result.Documents = append(result.Documents, report.Document{
		ObjectReference: engine.ObjectReference{Kind: review.Kind, Namespace: review.Namespace, Name: review.Name},
		Position:        position(document, nil), Outcome: report.Skipped,
	})
	return len(result.Documents) - 1
}

// found records what a document was judged to be.
func found(result *report.Result, index int, document manifest.Document, review engine.Review, verdict engine.Verdict) {
	result.Documents[index].Outcome = report.Judged
	for _, finding := range verdict.Findings {
		place := place(document, finding, review)
		result.Findings = append(result.Findings, report.Finding{
			Finding: finding, Position: place, Source: source(document, place), Document: index,
		})
	}
	result.AddUndecided(verdict.Undecided)
}

// fail records a document that cannot be judged by what its file says of it, for want of a review.
func fail(result *report.Result, document manifest.Document, namespace string, err error) {
	result.Documents = append(result.Documents, report.Document{
		ObjectReference: engine.ObjectReference{
			Kind: document.Kind, Namespace: cmp.Or(document.Namespace, namespace), Name: document.Name,
		},
		Position: position(document, nil), Outcome: report.Failed, Error: err.Error(),
	})
}

// worldOf makes all manifests each other's World, in their surroundings.
func worldOf(decider *engine.Engine, documents []manifest.Document, options Options) (engine.World, error) {
	known := decider.Library().ManifestResources
	if options.Partial {
		known = nil
	}
	world := engine.NewSnapshot(options.Namespace, options.Surroundings.known(known))
	if err := options.Surroundings.addTo(world, documents, options.Namespace); err != nil {
		return nil, err
	}
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
	return position(document, path)
}

func position(document manifest.Document, path []any) report.Position {
	position := document.Position(path)
	return report.Position{File: position.Source(), Line: position.Line, Column: position.Column}
}

// longestLine that is worth showing: behind it is JSON without line ends, which would be gone through once more for each
// finding.
const longestLine = 64 << 10

func source(document manifest.Document, place report.Position) string {
	line := document.Line(place.Line)
	if len(line) > longestLine {
		return ""
	}
	return line
}
