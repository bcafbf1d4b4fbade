package evaluate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stateward/stateward/cmd/internal/parallel"
	"github.com/stateward/stateward/cmd/internal/report"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/policies/stored"
)

// Stored is an object that exists.
type Stored struct {
	stored.Object
	// Position is where an export holds it; of a live object its file is RESOURCE/NAMESPACE/NAME.
	Position report.Position
	// Evaluated is false for an object that rules only look up.
	Evaluated bool
}

// StoredOptions say how to evaluate what is stored.
type StoredOptions struct {
	// Known are the resources whose objects are complete.
	Known []string
	// Now is the time of the audit.
	Now time.Time
	// Progress, if set, is called with the number of objects done, and of all.
	Progress func(done, total int)
}

// Inventory holds stored objects, which look each other up.
type Inventory struct {
	decider *engine.Engine
	options StoredOptions
	inv     *inventory.Snapshot
}

// NewInventory makes an empty one.
func NewInventory(decider *engine.Engine, options StoredOptions) *Inventory {
	return &Inventory{decider: decider, options: options, inv: inventory.NewSnapshotParsedBy(decider.ParseObject, "", options.Known)}
}

// Evaluate adds the objects, and evaluates those that are marked for it: each by the rules about a new object and by those of
// an audit. The joined error names those that cannot be evaluated, beside the result of all others.
func (i *Inventory) Evaluate(ctx context.Context, objects []Stored) (report.Result, error) {
	if err := i.add(objects); err != nil {
		return report.Result{}, err
	}
	return i.evaluate(ctx, objects)
}

// With returns the same objects with another decider of the same library.
func (i *Inventory) With(decider *engine.Engine) *Inventory {
	return &Inventory{decider: decider, options: i.options, inv: i.inv}
}

// EvaluateMore evaluates objects without adding them to the inventory.
func (i *Inventory) EvaluateMore(ctx context.Context, objects []Stored) (report.Result, error) {
	return i.evaluate(ctx, objects)
}

func (i *Inventory) add(objects []Stored) error {
	failed := make([]error, len(objects))
	parallel.ForEach(len(objects), func(index int) {
		each := objects[index]
		called := inventory.Identity{APIVersion: each.APIVersion, Kind: each.Kind, Namespace: each.Namespace, Name: each.Name}
		if _, err := i.inv.AddAs(index, called, each.Raw); err != nil {
			failed[index] = &InputError{fmt.Errorf("%s: %w", placeOf(each), err)}
		}
	})
	return errors.Join(failed...)
}

func (i *Inventory) evaluate(ctx context.Context, objects []Stored) (report.Result, error) {
	var evaluated []Stored
	for _, each := range objects {
		if each.Evaluated {
			evaluated = append(evaluated, each)
		}
	}
	result := report.Result{Rules: i.decider.Library().All(), Documents: make([]report.Document, len(evaluated))}
	decisions, failed := make([]engine.Decision, len(evaluated)), make([]error, len(evaluated))
	parallel.ForEachWithProgress(len(evaluated), i.options.Progress, func(index int) {
		result.Documents[index], decisions[index], failed[index] = i.one(ctx, evaluated[index])
	})
	for index, decision := range decisions {
		for _, finding := range decision.Findings {
			result.Findings = append(result.Findings, report.Finding{Finding: finding, Position: evaluated[index].Position, Document: index})
		}
		result.AddUndecided(decision.Undecided)
	}
	return result, errors.Join(failed...)
}

// one evaluates an object.
func (i *Inventory) one(ctx context.Context, object Stored) (report.Document, engine.Decision, error) {
	entry := report.Document{ObjectReference: object.ObjectReference, Position: object.Position, Outcome: report.Skipped}
	decision, evaluated, err := stored.Evaluate(ctx, i.decider, i.inv, object.Object, i.options.Now)
	if err != nil {
		entry.Outcome, entry.Error = report.Failed, err.Error()
		return entry, decision, fmt.Errorf("%s could not be evaluated: %w", placeOf(object), err)
	}
	if !evaluated {
		return entry, decision, nil
	}
	entry.Outcome = report.Evaluated
	return entry, decision, nil
}

func placeOf(object Stored) string {
	if object.Position.Line == 0 {
		return object.Position.File
	}
	return fmt.Sprintf("%s:%d: %s %s", object.Position.File, object.Position.Line, object.Kind, object.Name)
}
