// Package judge decides documents, each in an inventory of all of them.
package judge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

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
	// Once leaves out what a mutation would do about a fault that a rule finds.
	Once bool
	// Files says that the documents are those of files which need not be applied together, as in a folder: a conflict
	// between two of them is a warning.
	Files bool
	// Action, where there is one, says which action is set for a rule that is not of the library.
	Action func(rule string) (policies.Level, bool)
	// Progress, where there is one, is told how many documents of how many are done.
	Progress func(done, total int)
}

// InputError is a document that is no request and no object.
type InputError struct{ Err error }

func (e *InputError) Error() string { return e.Err.Error() }

func (e *InputError) Unwrap() error { return e.Err }

// Documents decides each document, several at a time. What cannot be evaluated is told in the joined error, beside the
// result of all the others, in the order of the documents. Of these only what they are called is left afterwards: of many
// the places and lines would be held beside the findings that have them already.
func Documents(ctx context.Context, decider *engine.Engine, documents []manifest.Document, options Options) (report.Result, error) {
	result := report.Result{Rules: decider.Library().All(), Documents: make([]report.Document, len(documents))}
	inv, objects, err := inventoryOf(decider, documents, options)
	if err != nil {
		for index, document := range documents {
			result.Documents[index] = unread(document, options.Namespace, err)
		}
		return result, err
	}
	places := placesOf(documents, options.Namespace)
	autoscalers := autoscaled(documents, options.Namespace)
	outcomes := make([]outcome, len(documents))
	parallel.EachTold(len(documents), options.Progress, func(index int) {
		one := sole{decider: decider, options: options, inv: inv, document: documents[index], object: objects[index], index: index, autoscaled: autoscalers}
		result.Documents[index], outcomes[index] = one.judge(ctx, places)
		outcomes[index].services = servicesOf(documents, outcomes[index].findings)
		if !Asks(documents[index]) {
			documents[index] = documents[index].Reduced(manifest.Identity)
		}
	})
	var failed []error
	services := map[int]string{}
	for _, outcome := range outcomes {
		maps.Copy(services, outcome.services)
		result.Findings = append(result.Findings, outcome.findings...)
		result.AddUndecided(outcome.undecided)
		failed = append(failed, outcome.err)
	}
	places.hint(result.Findings, services)
	if options.Files {
		places.soften(result.Findings)
	}
	result.LeftOut = append(result.LeftOut, unjudged(documents)...)
	failed = append(failed, ignore(&result, documents, decider.Library(), options.AllowAnnotations))
	return result, errors.Join(failed...)
}

// outcome is what there is to tell of one document, beside what became of it.
type outcome struct {
	findings  []report.Finding
	undecided []engine.Undecided
	services  map[int]string
	err       error
}

// sole is a document that is judged as it is, with the object that the inventory has of it, if any.
type sole struct {
	decider  *engine.Engine
	options  Options
	inv      *inv
	document manifest.Document
	object   *held
	index    int
	// autoscaled are the sets that an autoscaler scales.
	autoscaled map[scaled]manifest.Document
}

func (s sole) judge(ctx context.Context, places places) (report.Document, outcome) {
	request, err := reviewOf(s.document, s.options.Namespace, s.options.Now)
	if err != nil {
		return unread(s.document, s.options.Namespace, err), outcome{err: &InputError{fmt.Errorf("%s: %w", s.document.Position(nil), err)}}
	}
	judged := entry(s.document, request)
	told := append(append(s.told(request), places.twice(s.document, s.options.Files)...), s.fixedReplicas(request)...)
	told = s.options.set(told)
	for index := range told {
		told[index].Object = judged.ObjectReference
	}
	if !s.decider.Judges(request) || isUnserved(s.document) {
		if len(told) > 0 {
			judged.Outcome = report.Judged
		}
		return judged, outcome{findings: findingsOf(s.document, request, told, s.index)}
	}
	if s.object != nil {
		// It was read before; without a value the engine reads it once more, and says what is wrong.
		request.ObjectValue, _ = s.inv.value(s.object)
	}
	decision, err := s.decider.Decide(ctx, request, s.inv)
	if err != nil && len(refused(s.document)) > 0 && ctx.Err() == nil {
		// No rule has to read what no API server reads.
		judged.Outcome = report.Judged
		return judged, outcome{findings: findingsOf(s.document, request, told, s.index)}
	}
	if err != nil {
		judged.Outcome, judged.Error = report.Failed, err.Error()
		return judged, outcome{err: notEvaluated(s.document, request, err)}
	}
	judged.Outcome = report.Judged
	found := append(without(told, decision.Findings), decision.Findings...)
	if s.options.Once {
		found = once(found)
	}
	slices.SortStableFunc(found, func(a, b engine.Finding) int { return rank(a.Level) - rank(b.Level) })
	return judged, outcome{findings: findingsOf(s.document, request, found, s.index), undecided: decision.Undecided}
}

// told is what can be told of a document without any rule.
func (s sole) told(request engine.Request) []engine.Finding {
	if request.Operation != "" {
		return nil
	}
	return told(s.document)
}

// once leaves out what a mutation would do about a fault that a rule tells.
func once(found []engine.Finding) []engine.Finding {
	told := slices.ContainsFunc(found, func(finding engine.Finding) bool { return finding.Rule == "claim-annotation" })
	return slices.DeleteFunc(slices.Clone(found), func(finding engine.Finding) bool {
		return told && finding.Rule == "claim-class-annotation"
	})
}

// without leaves out what a rule tells better: of the same field, or of types.
func without(told, found []engine.Finding) (rest []engine.Finding) {
	for _, each := range told {
		better := func(finding engine.Finding) bool {
			return finding.Rule == each.Rule && each.Rule != apiServer || finding.Level == policies.Deny && finding.Field == each.Field && finding.Rule != "headless-service"
		}
		if !slices.ContainsFunc(found, better) {
			rest = append(rest, each)
		}
	}
	return rest
}

func notEvaluated(document manifest.Document, request engine.Request, err error) error {
	return fmt.Errorf("%s: %s %s/%s could not be evaluated: %w", document.Position(nil), request.Kind, request.Namespace, request.Name, err)
}

// entry is a document in the result: skipped, until something else becomes of it.
func entry(document manifest.Document, request engine.Request) report.Document {
	return report.Document{
		ObjectReference: engine.ObjectReference{Kind: request.Kind, Namespace: request.Namespace, Name: request.Name},
		Position:        position(document, nil), Outcome: report.Skipped,
	}
}

// findingsOf are the findings in the document of this index, with their places.
func findingsOf(document manifest.Document, request engine.Request, findings []engine.Finding, index int) (placed []report.Finding) {
	for _, finding := range findings {
		place := place(document, finding, request)
		placed = append(placed, report.Finding{Finding: finding, Position: place, Source: source(document, place), Document: index})
	}
	return placed
}

// unread is a document that cannot be judged, by what its file says of it, for want of a request.
func unread(document manifest.Document, namespace string, err error) report.Document {
	return report.Document{
		ObjectReference: engine.ObjectReference{
			Kind: document.Kind, Namespace: cmp.Or(document.Namespace, namespace), Name: document.Name,
		},
		Position: position(document, nil), Outcome: report.Failed, Error: err.Error(),
	}
}

// inventoryOf makes all manifests each other's inventory, in their surroundings. With it come the objects that it holds, in the
// order of the documents; nil for the others.
func inventoryOf(decider *engine.Engine, documents []manifest.Document, options Options) (*inv, []*held, error) {
	known := decider.Library().ManifestResources
	if options.Partial {
		known = nil
	}
	made := newInventory(options.Namespace, options.Surroundings.known(known), decider.ParseObject)
	if err := options.Surroundings.addTo(made, documents, options.Namespace); err != nil {
		return nil, nil, err
	}
	objects, failed := make([]*held, len(documents)), make([]error, len(documents))
	parallel.Each(len(documents), func(index int) {
		document := documents[index]
		if len(refused(document)) > 0 {
			// No API server holds such an object, so no rule finds it.
			return
		}
		called := identity{document.APIVersion, document.Kind, document.Namespace, document.Name}
		kept, err := made.add(index, called, document.Raw)
		if err != nil {
			failed[index] = fmt.Errorf("%s: %w", document.Position(nil), err)
		}
		objects[index] = kept
	})
	return made, objects, errors.Join(failed...)
}

// place finds the line of a finding; in a recorded AdmissionReview the object stands below the request.
func place(document manifest.Document, finding engine.Finding, request engine.Request) report.Position {
	path := finding.Path
	if document.IsAdmissionReview() {
		object := "object"
		if len(request.Object) == 0 || string(request.Object) == "null" {
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
	// It is a part of the file's text, which is not to be held for that.
	return strings.Clone(line)
}
