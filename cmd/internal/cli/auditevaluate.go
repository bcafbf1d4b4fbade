package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/stateward/stateward/cmd/internal/audit"
	"github.com/stateward/stateward/cmd/internal/evaluate"
	"github.com/stateward/stateward/cmd/internal/report"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/stored"
)

// evaluate evaluates all, the Guardrails last, and fills in what would be denied under strict ones.
func (s *stock) evaluate(ctx context.Context, decider *engine.Engine, facts *audit.Facts, progress *progress) (report.Result, error) {
	inventory := evaluate.NewInventory(decider, evaluate.StoredOptions{Known: s.known, Now: facts.Time, Progress: progress.of("judged", "objects")})
	result, failed := inventory.Evaluate(ctx, s.objects)
	progress.end()
	if s.guardrails != nil {
		if !s.isPart() && failed == nil {
			s.guardrails.Options = stored.Unused(stored.UnusedExceptions(decider, stored.Audited{
				Used: used(decider, result), Namespaces: s.chosen.namespaces, Undecided: result.Undecided, Now: facts.Time,
			}))
		}
		last, err := inventory.EvaluateMore(ctx, []evaluate.Stored{*s.guardrails})
		result.Add(last)
		failed = errors.Join(failed, err)
	}
	result.Problems = append(result.Problems, s.problems...)
	facts.Compare = s.comparable(result)
	if failed != nil {
		return result, failed
	}
	stricter, err := engine.New(ctx, decider.Library(), audit.Strict(decider.Guardrails()))
	if err != nil {
		return result, fmt.Errorf("judge by strict Guardrails: %w", err)
	}
	strict, err := inventory.With(stricter).EvaluateMore(ctx, s.deniable(stricter))
	facts.Strict = audit.DeniedBy(strict)
	return result, err
}

// deniable are the objects that a rule may deny.
func (s *stock) deniable(decider *engine.Engine) (objects []evaluate.Stored) {
	denied := map[string]bool{}
	for _, resource := range policies.Resources() {
		denied[resource.Name] = audit.MayDeny(decider, resource.Name)
	}
	for _, each := range s.objects {
		if denied[each.Resource] {
			objects = append(objects, each)
		}
	}
	return objects
}

// used are the exceptions that findings are under.
func used(decider *engine.Engine, result report.Result) map[int]bool {
	exceptions := map[int]bool{}
	for _, finding := range result.Findings {
		for _, index := range stored.ExceptionsOf(decider, finding.Finding) {
			exceptions[index] = true
		}
	}
	return exceptions
}

// comparable returns whether a finding of an earlier audit would be found again if it were still there: its object was evaluated, or
// it is known to be gone, and its rule could look up what it reads.
func (s *stock) comparable(result report.Result) func(engine.Finding) bool {
	evaluated, there, undecided := map[engine.ObjectReference]bool{}, map[engine.ObjectReference]bool{}, map[string]bool{}
	for _, document := range result.Documents {
		if document.Outcome == report.Evaluated {
			evaluated[document.ObjectReference] = true
		}
	}
	for _, each := range s.objects {
		there[each.ObjectReference] = true
	}
	for _, each := range result.Undecided {
		resource, _ := policies.LookupResource(each.Resource)
		undecided[each.Rule] = undecided[each.Rule] || !resource.Optional
	}
	return func(finding engine.Finding) bool {
		switch {
		case undecided[finding.Rule]:
			return false
		case finding.Rule == unusedExceptions && s.isPart():
			return false
		case evaluated[finding.Object]:
			return true
		default:
			return !there[finding.Object] && s.knowsAbsence(finding.Object)
		}
	}
}

// unusedExceptions is the rule that needs all objects.
const unusedExceptions = "exception-unused"

// knowsAbsence reports whether an object that was not read does not exist.
func (s *stock) knowsAbsence(object engine.ObjectReference) bool {
	index := slices.IndexFunc(policies.Resources(), func(each policies.Resource) bool { return each.Kind == object.Kind })
	if index < 0 {
		// Guardrails are read in any case.
		return true
	}
	resource := policies.Resources()[index]
	home := object.Namespace
	if object.Kind == "Namespace" {
		home = object.Name
	}
	return slices.Contains(s.known, resource.Name) && (s.chosen.holds(home) || !resource.Namespaced && home == "")
}

// checkNamespaces complains about a chosen namespace of which nothing was read: its name may be misspelt.
func (s *stock) checkNamespaces() {
	read := map[string]bool{}
	for _, each := range s.objects {
		read[each.Namespace] = true
		if each.Resource == "namespaces" {
			read[each.Name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.chosen.namespaces)) {
		if !read[name] {
			s.problems = append(s.problems, report.Problem{
				Position: report.Position{File: "namespaces/" + name}, Unreadable: true,
				Message: fmt.Sprintf("nothing was read of namespace %q: check the name after -n", name),
			})
		}
	}
}
