package evaluate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/stateward/stateward/cmd/internal/baseline"
	"github.com/stateward/stateward/cmd/internal/manifest"
	"github.com/stateward/stateward/cmd/internal/parallel"
	"github.com/stateward/stateward/cmd/internal/report"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/engine/inventory"
)

// Changes decides what becomes of each object between two trees: one that is new as a manifest, one that changes as
// an UPDATE, one that is gone as a DELETE. The inventory is the new tree.
//
// A finding that the same object had in the old tree, seen in the inventory of the old tree, is not new here: in an
// object that stays as it is such findings are counted and not listed, in one that changes they are warnings. So what
// a change breaks in an object that it leaves alone is found too, as when a Service becomes another.
func Changes(ctx context.Context, decider *engine.Engine, changes []baseline.Change, options Options) (report.Result, error) {
	result := report.Result{Rules: decider.Library().All(), Changes: &report.Changes{}}
	var before, after []manifest.Document
	for _, change := range changes {
		if change.Before != nil {
			before = append(before, *change.Before)
		}
		if change.After != nil {
			after = append(after, *change.After)
		}
	}
	past, _, err := inventoryOf(decider, before, refusalsOf(before), options)
	if err != nil {
		return result, err
	}
	now, _, err := inventoryOf(decider, after, refusalsOf(after), options)
	if err != nil {
		return result, err
	}
	results, failed := make([]report.Result, len(changes)), make([]error, len(changes))
	parallel.ForEachWithProgress(len(changes), options.Progress, func(index int) {
		results[index].Changes = &report.Changes{}
		c := comparison{decider: decider, options: options, past: past, now: now, result: &results[index]}
		if failed[index] = c.evaluate(ctx, changes[index]); failed[index] != nil {
			results[index].Documents = append(results[index].Documents, unread(newest(changes[index]), options.Namespace, failed[index]))
		}
	})
	documents := make([]manifest.Document, 0, len(changes))
	for index, change := range changes {
		documents = append(documents, newest(change))
		result.Add(results[index])
	}
	places := placesOf(after, options.Namespace)
	places.hint(result.Findings, places.servicesOf(documents, result.Findings))
	if options.Files {
		places.soften(result.Findings)
	}
	result.LeftOut = append(result.LeftOut, skippedNotes(documents)...)
	ignored := ignore(&result, documents, decider.Library(), options.AllowAnnotations)
	return result, errors.Join(errors.Join(failed...), ignored)
}

// comparison evaluates one change into a result of its own.
type comparison struct {
	decider   *engine.Engine
	options   Options
	past, now inventory.Inventory
	result    *report.Result
}

func (c comparison) evaluate(ctx context.Context, change baseline.Change) error {
	switch {
	case change.Before == nil:
		c.result.Changes.New++
		return c.orRefused(ctx, nil, *change.After, c.appeared(ctx, *change.After))
	case change.After == nil:
		c.result.Changes.Removed++
		return c.gone(ctx, *change.Before, change.Revision)
	case change.Same:
		c.result.Changes.Unchanged++
		return c.stayed(ctx, *change.Before, *change.After)
	default:
		c.result.Changes.Changed++
		return c.orRefused(ctx, change.Before, *change.After, c.changed(ctx, *change.Before, *change.After))
	}
}

// orRefused adds the errors of an API server that rejects a document to the findings of rules. No
// rule needs to evaluate such a document.
func (c comparison) orRefused(ctx context.Context, before *manifest.Document, document manifest.Document, failed error) error {
	told := c.options.set(told(document))
	if before != nil && failed == nil {
		told = without(told, invalid(*before))
	}
	if len(told) == 0 || ctx.Err() != nil || failed != nil && len(refused(document)) == 0 {
		return failed
	}
	request, err := reviewOf(document, c.options.Namespace, c.options.Now)
	if err != nil {
		return err
	}
	for index := range told {
		told[index].Object = engine.ObjectReference{Kind: request.Kind, Namespace: request.Namespace, Name: request.Name}
	}
	if failed != nil || len(c.result.Documents) == 0 {
		c.add(document, request, told, engine.Decision{})
		return nil //nolint:nilerr // what failed is among what an API server refuses
	}
	for index, finding := range findingsOf(document, request, c.missing(told), len(c.result.Documents)-1) {
		c.result.Findings = slices.Insert(c.result.Findings, index, finding)
	}
	c.result.Documents[len(c.result.Documents)-1].Outcome = report.Evaluated
	return nil
}

// missing leaves out what a rule of the same name reports better.
func (c comparison) missing(told []engine.Finding) []engine.Finding {
	var found []engine.Finding
	for _, each := range c.result.Findings {
		found = append(found, each.Finding)
	}
	return without(told, found)
}

// newest is the version that counts: that of today, of an object that is gone the last one.
func newest(change baseline.Change) manifest.Document {
	if change.After == nil {
		return *change.Before
	}
	return *change.After
}

func (c comparison) appeared(ctx context.Context, document manifest.Document) error {
	request, err := reviewOf(document, c.options.Namespace, c.options.Now)
	if err != nil {
		return &InputError{fmt.Errorf("%s: %w", document.Position(nil), err)}
	}
	decision, err := c.decide(ctx, document, request, c.now)
	if err != nil {
		return err
	}
	c.add(document, request, decision.Findings, decision)
	return nil
}

func (c comparison) gone(ctx context.Context, document manifest.Document, revision string) error {
	request, err := c.planned(document, "DELETE")
	if err != nil {
		return err
	}
	request.OldObject, request.Object = request.Object, nil
	decision, err := c.decide(ctx, document, request, c.now)
	if err != nil {
		return err
	}
	from := len(c.result.Findings)
	c.add(document, request, decision.Findings, decision)
	c.at(revision, from)
	return nil
}

// at moves what was added last, the findings from one on among it, to the revision of its file.
func (c comparison) at(revision string, from int) {
	if revision == "" {
		return
	}
	move := func(position *report.Position) {
		position.File, position.Revision = strings.TrimPrefix(position.File, revision+":"), revision
	}
	move(&c.result.Documents[len(c.result.Documents)-1].Position)
	for index := from; index < len(c.result.Findings); index++ {
		move(&c.result.Findings[index].Position)
	}
}

// stayed lists what the rest of the change does to an object that it leaves alone.
func (c comparison) stayed(ctx context.Context, before, after manifest.Document) error {
	request, err := reviewOf(after, c.options.Namespace, c.options.Now)
	if err != nil {
		return err
	}
	decision, err := c.decide(ctx, after, request, c.now)
	if err != nil {
		return err
	}
	fresh, err := c.fresh(ctx, before, decision.Findings)
	if err != nil {
		return err
	}
	c.result.Changes.Standing += len(decision.Findings) - len(fresh)
	c.add(after, request, fresh, decision)
	return nil
}

// changed asks what the step from the old version to the new one does, and what is wrong with the new one that was
// right with the old.
func (c comparison) changed(ctx context.Context, before, after manifest.Document) error {
	request, err := c.planned(after, "UPDATE")
	if err != nil {
		return err
	}
	request.OldObject = before.Raw
	update, err := c.decide(ctx, after, request, c.now)
	if err != nil && c.isBroken(ctx, before) {
		// No API server has ever stored such a thing, so there is nothing to update.
		return c.appeared(ctx, after)
	}
	if err != nil {
		return err
	}
	manifestReview, err := reviewOf(after, c.options.Namespace, c.options.Now)
	if err != nil {
		return err
	}
	state, err := c.decide(ctx, after, manifestReview, c.now)
	if err != nil {
		return err
	}
	fresh, err := c.fresh(ctx, before, state.Findings)
	if err != nil {
		return err
	}
	update.Undecided = append(update.Undecided, state.Undecided...)
	c.add(after, request, merge(update.Findings, fresh), update)
	return nil
}

// fresh returns the findings that the old version had not.
func (c comparison) fresh(ctx context.Context, before manifest.Document, findings []engine.Finding) ([]engine.Finding, error) {
	if len(findings) == 0 {
		return nil, nil
	}
	request, err := reviewOf(before, c.options.Namespace, c.options.Now)
	if err != nil {
		return nil, err
	}
	decision, err := c.decide(ctx, before, request, c.past)
	if ctx.Err() != nil {
		return nil, err
	}
	if err != nil {
		return findings, nil //nolint:nilerr // What could not be evaluated had no finding.
	}
	var fresh []engine.Finding
	for _, finding := range findings {
		stood := slices.ContainsFunc(decision.Findings, func(old engine.Finding) bool {
			return samePlace(old, finding) && rank(old.Level) <= rank(finding.Level)
		})
		if !stood {
			fresh = append(fresh, finding)
		}
	}
	return fresh, nil
}

func (c comparison) isBroken(ctx context.Context, document manifest.Document) bool {
	request, err := reviewOf(document, c.options.Namespace, c.options.Now)
	if err != nil {
		return true
	}
	_, err = c.decide(ctx, document, request, c.past)
	return err != nil && ctx.Err() == nil
}

// planned makes the request of an operation that a change of files will lead to, with the document as its object.
func (c comparison) planned(document manifest.Document, operation string) (engine.Request, error) {
	request, err := reviewOf(document, c.options.Namespace, c.options.Now)
	if err != nil {
		return engine.Request{}, err
	}
	resource, _ := policies.DeletedKind(request.Group, request.Kind)
	request.Operation, request.Resource, request.Planned = operation, resource.Name, true
	return request, nil
}

func (c comparison) decide(ctx context.Context, document manifest.Document, request engine.Request, inv inventory.Inventory) (engine.Decision, error) {
	decision, err := c.decider.Decide(ctx, request, inv)
	if err != nil {
		return engine.Decision{}, notEvaluated(document, request, err)
	}
	return decision, nil
}

func (c comparison) add(document manifest.Document, request engine.Request, findings []engine.Finding, decision engine.Decision) {
	evaluated := entry(document, request)
	if c.decider.HasRulesFor(request) || len(findings) > 0 {
		evaluated.Outcome = report.Evaluated
		c.result.Findings = append(c.result.Findings, findingsOf(document, request, findings, len(c.result.Documents))...)
		c.result.AddUndecided(decision.Undecided)
	}
	c.result.Documents = append(c.result.Documents, evaluated)
}

// merge adds what is fresh to the findings of an update. Where the update leaves alone what is wrong, and it was right
// before all the same, the rest of the change is to blame.
func merge(update, fresh []engine.Finding) []engine.Finding {
	merged := slices.Clone(update)
	for _, finding := range fresh {
		index := slices.IndexFunc(merged, func(known engine.Finding) bool { return samePlace(known, finding) })
		switch {
		case index < 0:
			merged = append(merged, finding)
		case rank(finding.Level) < rank(merged[index].Level):
			merged[index] = finding
		}
	}
	slices.SortStableFunc(merged, func(a, b engine.Finding) int { return rank(a.Level) - rank(b.Level) })
	return merged
}

func samePlace(a, b engine.Finding) bool { return a.Rule == b.Rule && a.Field == b.Field }

// rank orders levels, the severest first.
func rank(level policies.Level) int { return slices.Index(policies.Levels(), level) }
