package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/stateward/stateward/cmd/internal/evaluate"
	"github.com/stateward/stateward/cmd/internal/manifest"
	"github.com/stateward/stateward/cmd/internal/report"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
	"github.com/stateward/stateward/policies/stored"
	"github.com/stateward/stateward/webhook/registration"
)

func (o auditOptions) readExport(ctx context.Context, library *policies.Library, chosen selection, progress *progress) (*stock, *engine.Engine, error) {
	size, err := parseSize("--max-file-size", o.fileSize)
	if err != nil {
		return nil, nil, usageError{err}
	}
	documents, err := readExported(ctx, o.data, size, progress.of("read", "files"))
	if err != nil && len(documents) == 0 {
		return nil, nil, usageError{fmt.Errorf("read --data: %w", err)}
	}
	export := &export{stock: &stock{}, chosen: chosen, places: map[place]int{}}
	for _, each := range manifest.Errors(err) {
		export.unreadable(reported(each.Position), each.Err)
	}
	for _, document := range documents {
		export.take(document)
	}
	export.forget()
	if export.isEmpty() {
		return nil, nil, usageError{errors.New("read --data: it holds no object of a kind that rules check or look up: export the cluster again")}
	}
	decider, guardrails, err := o.decider(ctx, library, export.guardrails)
	export.guardrails = guardrails
	return export.stock, decider, err
}

// export is a stock that is read from files.
type export struct {
	*stock

	chosen selection
	// places are the indexes of the objects: one that is exported twice exists once.
	places map[place]int
	// lost are the resources of which an object could not be read; isLossy says that their resources are not known either.
	lost    []string
	isLossy bool
}

// place identifies an object.
type place struct{ resource, namespace, name string }

// take adds a document. One of a kind that no rule reads is left out.
func (e *export) take(document manifest.Document) {
	position := reported(document.Position(nil))
	if policies.GroupOf(document.APIVersion) == policies.Group && document.Kind == v1alpha1.GuardrailsKind {
		e.guardrails = &evaluate.Stored{Object: stored.Object{Raw: document.Raw}, Position: position}
		return
	}
	resource, known := policies.ResourceOfKind(policies.GroupOf(document.APIVersion), document.Kind)
	if !known {
		return
	}
	object, facts, err := stored.Read(resource, document.Raw)
	if err != nil {
		e.lost = append(e.lost, resource.Name)
		e.problems = append(e.problems, report.Problem{Position: position, Message: fmt.Sprintf("this %s cannot be read: %v", document.Kind, err), Unreadable: true})
		return
	}
	at := place{resource.Name, object.Namespace, object.Name}
	if before, twice := e.places[at]; twice {
		e.replace(before, object, position, facts)
		return
	}
	e.places[at] = len(e.objects)
	e.put(resource, object, facts, position, e.chosen)
}

// replace takes the later of two copies of an object, as an inventory does, and says so where they differ.
func (e *export) replace(index int, object stored.Object, position report.Position, facts stored.Facts) {
	before := e.objects[index]
	if bytes.Equal(before.Raw, object.Raw) {
		return
	}
	e.problems = append(e.problems, report.Problem{Position: position, Message: fmt.Sprintf(
		"%s %s is also at %s, and differs: this one is judged; an export must be of one cluster at one time", object.Kind, named(object), placed(before.Position))})
	e.objects[index] = evaluate.Stored{Object: object, Position: position, Evaluated: e.chosen.evaluates(facts)}
}

func named(object stored.Object) string {
	if object.Namespace == "" {
		return object.Name
	}
	return object.Namespace + "/" + object.Name
}

func placed(position report.Position) string {
	if position.Line == 0 {
		return position.File
	}
	return fmt.Sprintf("%s:%d", position.File, position.Line)
}

// unreadable notes a part of the export of which not even the kind is known.
func (e *export) unreadable(position report.Position, err error) {
	e.isLossy = true
	e.problems = append(e.problems, report.Problem{Position: position, Message: err.Error(), Unreadable: true})
}

// forget leaves out of the known resources those of which something could not be read: an object that is not there may be in it.
func (e *export) forget() {
	e.known = slices.DeleteFunc(e.known, func(resource string) bool { return e.isLossy || slices.Contains(e.lost, resource) })
}

func (e *export) isEmpty() bool {
	return len(e.objects) == 0 && e.guardrails == nil && len(e.problems) == 0
}

// add adds an object, which is evaluated if it is chosen.
func (s *stock) add(resource policies.Resource, raw json.RawMessage, position report.Position, chosen selection) error {
	object, facts, err := stored.Read(resource, raw)
	if err != nil {
		return err
	}
	s.put(resource, object, facts, position, chosen)
	return nil
}

func (s *stock) put(resource policies.Resource, object stored.Object, facts stored.Facts, position report.Position, chosen selection) {
	s.objects = append(s.objects, evaluate.Stored{Object: object, Position: position, Evaluated: chosen.evaluates(facts)})
	if !slices.Contains(s.known, resource.Name) {
		s.known = append(s.known, resource.Name)
	}
}

// evaluates reports whether an object is evaluated; otherwise rules only look it up.
func (s selection) evaluates(facts stored.Facts) bool {
	return s.holds(facts.Home) && !registration.IsExempt(facts.Home) && s.labels.Matches(labels.Set(facts.Labels))
}
