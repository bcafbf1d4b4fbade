// Package evaluate evaluates documents, each against an inventory of all of them.
package evaluate

import (
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
	"github.com/stateward/stateward/policies/engine/inventory"
)

// Options say how to take documents.
type Options struct {
	// Namespace of objects that name none.
	Namespace string
	// Partial treats the documents as incomplete: missing objects may exist elsewhere.
	Partial bool
	// Surroundings are what is there besides the documents.
	Surroundings Surroundings
	// AllowAnnotations applies annotations of manifests that ask to ignore a rule.
	AllowAnnotations bool
	// Now is when manifests are evaluated.
	Now time.Time
	// Once leaves out findings of a mutation about a fault that a rule finds.
	Once bool
	// Files says that the documents are those of files which need not be applied together, as in a folder: a conflict
	// between two of them is a warning.
	Files bool
	// Action, if set, returns the action of a rule that is not in the library.
	Action func(rule string) (policies.Level, bool)
	// Progress, if set, is called with the number of documents done, and of all.
	Progress func(done, total int)
}

// InputError reports a document that is neither a request nor an object.
type InputError struct{ Err error }

func (e *InputError) Error() string { return e.Err.Error() }

func (e *InputError) Unwrap() error { return e.Err }

// Documents evaluates each document, several at a time. The joined error names those that cannot be evaluated, beside the
// result of all others, in the order of the documents. Afterwards the documents keep only their identity, to save memory: the
// findings have their positions and lines.
func Documents(ctx context.Context, decider *engine.Engine, documents []manifest.Document, options Options) (report.Result, error) {
	result := report.Result{Rules: decider.Library().All(), Documents: make([]report.Document, len(documents))}
	refusals := refusalsOf(documents)
	inv, objects, err := inventoryOf(decider, documents, refusals, options)
	if err != nil {
		for index, document := range documents {
			result.Documents[index] = unread(document, options.Namespace, err)
		}
		return result, err
	}
	places := placesOf(documents, options.Namespace)
	autoscalers := autoscaled(documents, options.Namespace)
	outcomes := make([]evaluation, len(documents))
	parallel.ForEachWithProgress(len(documents), options.Progress, func(index int) {
		one := sole{
			decider: decider, options: options, inv: inv, document: documents[index], object: objects[index], refused: refusals[index],
			index: index, autoscaled: autoscalers,
		}
		result.Documents[index], outcomes[index] = one.evaluate(ctx, places)
		outcomes[index].services = places.servicesOf(documents, outcomes[index].findings)
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
	result.LeftOut = append(result.LeftOut, skippedNotes(documents)...)
	failed = append(failed, ignore(&result, documents, decider.Library(), options.AllowAnnotations))
	return result, errors.Join(failed...)
}

// evaluation is the result of one document, beside its entry in the report.
type evaluation struct {
	findings  []report.Finding
	undecided []engine.Undecided
	services  map[int]string
	err       error
}

// sole is a document that is evaluated without a baseline, with its object in the inventory, if any.
type sole struct {
	decider  *engine.Engine
	options  Options
	inv      *inventory.Snapshot
	document manifest.Document
	object   *inventory.Entry
	// refused is what an API server answers to a document that it does not even read.
	refused []engine.Finding
	index   int
	// autoscaled are the sets with an autoscaler.
	autoscaled map[scaled]manifest.Document
}

func (s sole) evaluate(ctx context.Context, places places) (report.Document, evaluation) {
	request, err := reviewOf(s.document, s.options.Namespace, s.options.Now)
	if err != nil {
		return unread(s.document, s.options.Namespace, err), evaluation{err: &InputError{fmt.Errorf("%s: %w", s.document.Position(nil), err)}}
	}
	evaluated := entry(s.document, request)
	told := append(append(s.told(request), places.copies(s.document, s.options.Files)...), s.fixedReplicas(request)...)
	told = s.options.set(told)
	for index := range told {
		told[index].Object = evaluated.ObjectReference
	}
	if !s.decider.HasRulesFor(request) || s.isUnserved() {
		if len(told) > 0 {
			evaluated.Outcome = report.Evaluated
		}
		return evaluated, evaluation{findings: findingsOf(s.document, request, told, s.index)}
	}
	if s.object != nil {
		// It is decoded already. Without a value the engine decodes it again, and returns the error.
		request.ObjectValue, _ = s.inv.Value(s.object)
	}
	decision, err := s.decider.Decide(ctx, request, s.inv)
	if err != nil && len(s.refused) > 0 && ctx.Err() == nil {
		// An API server rejects it, so rules need not read it.
		evaluated.Outcome = report.Evaluated
		return evaluated, evaluation{findings: findingsOf(s.document, request, told, s.index)}
	}
	if err != nil {
		evaluated.Outcome, evaluated.Error = report.Failed, err.Error()
		return evaluated, evaluation{err: notEvaluated(s.document, request, err)}
	}
	evaluated.Outcome = report.Evaluated
	found := append(without(told, decision.Findings), decision.Findings...)
	if s.options.Once {
		found = once(found)
	}
	slices.SortStableFunc(found, func(a, b engine.Finding) int { return rank(a.Level) - rank(b.Level) })
	return evaluated, evaluation{findings: findingsOf(s.document, request, found, s.index), undecided: decision.Undecided}
}

// told returns the findings that need no rule.
func (s sole) told(request engine.Request) []engine.Finding {
	if request.Operation != "" {
		return nil
	}
	return slices.Concat(s.refused, invalid(s.document))
}

// isUnserved reports a document of an API version that Kubernetes does not serve, so of no type that rules know.
func (s sole) isUnserved() bool { return len(s.refused) > 0 && s.refused[0].Rule == apiVersion }

// once leaves out the finding of a mutation about a fault that a rule reports.
func once(found []engine.Finding) []engine.Finding {
	told := slices.ContainsFunc(found, func(finding engine.Finding) bool { return finding.Rule == "claim-annotation" })
	return slices.DeleteFunc(slices.Clone(found), func(finding engine.Finding) bool {
		return told && finding.Rule == "claim-class-annotation"
	})
}

// without leaves out findings that a rule reports better: about the same field, or about types.
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

// entry returns a document of the result, skipped until it is evaluated.
func entry(document manifest.Document, request engine.Request) report.Document {
	return report.Document{
		ObjectReference: engine.ObjectReference{Kind: request.Kind, Namespace: request.Namespace, Name: request.Name},
		Position:        position(document, nil), Outcome: report.Skipped,
	}
}

// findingsOf returns the findings in the document of this index, with their positions.
func findingsOf(document manifest.Document, request engine.Request, findings []engine.Finding, index int) (placed []report.Finding) {
	for _, finding := range findings {
		place := place(document, finding, request)
		placed = append(placed, report.Finding{Finding: finding, Position: place, Source: source(document, place), Document: index})
	}
	return placed
}

// unread returns the entry of a document that is not a request, from its file.
func unread(document manifest.Document, namespace string, err error) report.Document {
	return report.Document{
		ObjectReference: engine.ObjectReference{
			Kind: document.Kind, Namespace: namespaceOf(document, namespace), Name: document.Name,
		},
		Position: position(document, nil), Outcome: report.Failed, Error: err.Error(),
	}
}

// inventoryOf builds the inventory of all manifests and their surroundings. It returns the objects in the order of the
// documents, nil for documents that are not in it.
func inventoryOf(decider *engine.Engine, documents []manifest.Document, refusals [][]engine.Finding, options Options) (*inventory.Snapshot, []*inventory.Entry, error) {
	known := decider.Library().ManifestResources
	if options.Partial {
		known = nil
	}
	made := inventory.NewSnapshotParsedBy(decider.ParseObject, options.Namespace, options.Surroundings.known(known))
	if err := options.Surroundings.addTo(made, documents, options.Namespace); err != nil {
		return nil, nil, err
	}
	objects, failed := make([]*inventory.Entry, len(documents)), make([]error, len(documents))
	parallel.ForEach(len(documents), func(index int) {
		document := documents[index]
		if len(refusals[index]) > 0 {
			// An API server rejects such an object, so rules cannot look it up.
			return
		}
		called := inventory.Identity{APIVersion: document.APIVersion, Kind: document.Kind, Namespace: document.Namespace, Name: document.Name}
		kept, err := made.AddAs(index, called, document.Raw)
		if err != nil {
			failed[index] = fmt.Errorf("%s: %w", document.Position(nil), err)
		}
		objects[index] = kept
	})
	return made, objects, errors.Join(failed...)
}

// place returns the line of a finding; in a recorded AdmissionReview the object is below the request.
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

// longestLine is the most bytes of a line to show: a longer one is JSON without line ends, which would be scanned again for
// each finding.
const longestLine = 64 << 10

func source(document manifest.Document, place report.Position) string {
	line := document.Line(place.Line)
	if len(line) > longestLine {
		return ""
	}
	// The line is a part of the file's text: a copy lets that be freed.
	return strings.Clone(line)
}
