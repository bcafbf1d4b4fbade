// Package judge decides documents, each in a World of all of them.
package judge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/cmd/internal/manifest"
	"github.com/stateward/stateward/cmd/internal/parallel"
	"github.com/stateward/stateward/cmd/internal/report"
	"github.com/stateward/stateward/policies"
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

// Documents decides each document, several at a time. What cannot be evaluated is told in the joined error, beside the
// result of all the others, in the order of the documents.
func Documents(ctx context.Context, decider *engine.Engine, documents []manifest.Document, options Options) (report.Result, error) {
	result := report.Result{Rules: decider.Library().All()}
	world, values, err := worldOf(decider, documents, options)
	if err != nil {
		for _, document := range documents {
			fail(&result, document, options.Namespace, err)
		}
		return result, err
	}
	outcomes := make([]outcome, len(documents))
	parallel.EachTold(len(documents), options.Progress, func(index int) {
		outcomes[index] = decide(ctx, decider, documents[index], values[index], world, options)
	})
	var failed []error
	for index, outcome := range outcomes {
		failed = append(failed, outcome.record(&result, documents[index], options.Namespace))
	}
	failed = append(failed, ignore(&result, documents, decider.Library(), options.AllowAnnotations))
	return result, errors.Join(failed...)
}

// outcome is what became of one document.
type outcome struct {
	review  engine.Review
	judged  bool
	verdict engine.Verdict
	// err says why nothing is known; without a review the document is no object at all.
	err error
}

func decide(
	ctx context.Context, decider *engine.Engine, document manifest.Document, value ast.Value, world engine.World, options Options,
) outcome {
	review, err := reviewOf(document, options.Namespace, options.Now)
	if err != nil {
		return outcome{err: err}
	}
	review.ObjectValue = value
	if !decider.Judges(review) {
		return outcome{review: review}
	}
	verdict, err := decider.Decide(ctx, review, world)
	return outcome{review: review, judged: true, verdict: verdict, err: err}
}

// record adds a document to the result whatever became of it.
func (o outcome) record(result *report.Result, document manifest.Document, namespace string) error {
	switch {
	case o.err != nil && !o.judged:
		fail(result, document, namespace, o.err)
		return &InputError{fmt.Errorf("%s: %w", document.Position(nil), o.err)}
	case o.err != nil:
		index := begin(result, document, o.review)
		result.Documents[index].Outcome, result.Documents[index].Error = report.Failed, o.err.Error()
		return notEvaluated(document, o.review, o.err)
	case !o.judged:
		begin(result, document, o.review)
	default:
		found(result, begin(result, document, o.review), document, o.review, o.verdict)
	}
	return nil
}

func notEvaluated(document manifest.Document, review engine.Review, err error) error {
	return fmt.Errorf("%s: %s %s/%s could not be evaluated: %w", document.Position(nil), review.Kind, review.Namespace, review.Name, err)
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

// worldOf makes all manifests each other's World, in their surroundings. With it come the objects that are in it, as
// Rego sees them, in the order of the documents; nil for the others.
func worldOf(decider *engine.Engine, documents []manifest.Document, options Options) (engine.World, []ast.Value, error) {
	known := decider.Library().ManifestResources
	if options.Partial {
		known = nil
	}
	world := engine.NewSnapshot(options.Namespace, options.Surroundings.known(known))
	if err := options.Surroundings.addTo(world, documents, options.Namespace); err != nil {
		return nil, nil, err
	}
	values, err := valuesOf(documents)
	if err != nil {
		return nil, nil, err
	}
	for index, value := range values {
		if value == nil {
			continue
		}
		if err := world.AddValue(value); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", documents[index].Position(nil), err)
		}
	}
	return world, values, nil
}

// valuesOf reads the objects that a rule could look at, several at a time.
func valuesOf(documents []manifest.Document) ([]ast.Value, error) {
	values, failed := make([]ast.Value, len(documents)), make([]error, len(documents))
	parallel.Each(len(documents), func(index int) {
		document := documents[index]
		if _, known := policies.ResourceOfKind(policies.GroupOf(document.APIVersion), document.Kind); !known {
			return
		}
		value, err := engine.ParseObject(document.Raw)
		if err != nil {
			err = fmt.Errorf("%s: read the object: %w", document.Position(nil), err)
		}
		values[index], failed[index] = value, err
	})
	return values, errors.Join(failed...)
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
