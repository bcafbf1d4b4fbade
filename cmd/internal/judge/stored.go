package judge

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stateward/stateward/cmd/internal/parallel"
	"github.com/stateward/stateward/cmd/internal/report"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/stored"
)

// Stored is an object that exists.
type Stored struct {
	stored.Object
	// Position is where an export holds it; of a live object its file is RESOURCE/NAMESPACE/NAME.
	Position report.Position
	// Judged is false for an object that other objects can only look up.
	Judged bool
}

// StoredOptions say how to judge what is stored.
type StoredOptions struct {
	// Known are the resources of which every object is among those given.
	Known []string
	// Now is the time of the audit.
	Now time.Time
	// Progress, where there is one, is told how many objects of how many are done.
	Progress func(done, total int)
}

// Inventory holds stored objects, which look each other up.
type Inventory struct {
	decider *engine.Engine
	options StoredOptions
	inv     *inv
}

// NewInventory makes an empty one.
func NewInventory(decider *engine.Engine, options StoredOptions) *Inventory {
	return &Inventory{decider: decider, options: options, inv: newInventory("", options.Known, decider.ParseObject)}
}

// Judge adds the objects, and judges those that are to be judged: each by the rules about a new object and by those of
// an audit. What cannot be evaluated is in the joined error, beside the result of all the others.
func (i *Inventory) Judge(ctx context.Context, objects []Stored) (report.Result, error) {
	if err := i.add(objects); err != nil {
		return report.Result{}, err
	}
	return i.judge(ctx, objects)
}

// With judges by another decider of the same library from now on, without adding the objects again.
func (i *Inventory) With(decider *engine.Engine) *Inventory {
	return &Inventory{decider: decider, options: i.options, inv: i.inv}
}

// JudgeMore judges objects that no other one looks up.
func (i *Inventory) JudgeMore(ctx context.Context, objects []Stored) (report.Result, error) {
	return i.judge(ctx, objects)
}

func (i *Inventory) add(objects []Stored) error {
	failed := make([]error, len(objects))
	parallel.Each(len(objects), func(index int) {
		each := objects[index]
		called := identity{apiVersion: each.APIVersion, kind: each.Kind, namespace: each.Namespace, name: each.Name}
		if _, err := i.inv.add(index, called, each.Raw); err != nil {
			failed[index] = &InputError{fmt.Errorf("%s: %w", placeOf(each), err)}
		}
	})
	return errors.Join(failed...)
}

func (i *Inventory) judge(ctx context.Context, objects []Stored) (report.Result, error) {
	var judged []Stored
	for _, each := range objects {
		if each.Judged {
			judged = append(judged, each)
		}
	}
	result := report.Result{Rules: i.decider.Library().All(), Documents: make([]report.Document, len(judged))}
	decisions, failed := make([]engine.Decision, len(judged)), make([]error, len(judged))
	parallel.EachTold(len(judged), i.options.Progress, func(index int) {
		result.Documents[index], decisions[index], failed[index] = i.one(ctx, judged[index])
	})
	for index, decision := range decisions {
		for _, finding := range decision.Findings {
			result.Findings = append(result.Findings, report.Finding{Finding: finding, Position: judged[index].Position, Document: index})
		}
		result.AddUndecided(decision.Undecided)
	}
	return result, errors.Join(failed...)
}

// one judges an object.
func (i *Inventory) one(ctx context.Context, object Stored) (report.Document, engine.Decision, error) {
	entry := report.Document{ObjectReference: object.ObjectReference, Position: object.Position, Outcome: report.Skipped}
	decision, judged, err := stored.Judge(ctx, i.decider, i.inv, object.Object, i.options.Now)
	if err != nil {
		entry.Outcome, entry.Error = report.Failed, err.Error()
		return entry, decision, fmt.Errorf("%s could not be evaluated: %w", placeOf(object), err)
	}
	if !judged {
		return entry, decision, nil
	}
	entry.Outcome = report.Judged
	return entry, decision, nil
}

func placeOf(object Stored) string {
	if object.Position.Line == 0 {
		return object.Position.File
	}
	return fmt.Sprintf("%s:%d: %s %s", object.Position.File, object.Position.Line, object.Kind, object.Name)
}
