package auditor

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
	"github.com/stateward/stateward/policies/stored"
	"github.com/stateward/stateward/webhook/registration"
)

const (
	// wholeCluster is the namespace of what belongs to none.
	wholeCluster = ""
	// longestEvaluation bounds the evaluation of one object.
	longestEvaluation = 10 * time.Second
	// again is how long after a failed evaluation a namespace is evaluated again.
	again = 5 * time.Minute
)

// unit is the work on one namespace, or on the objects of the whole cluster: a step at a time, so that none takes long.
type unit struct {
	*Auditor

	namespace string
	policy    Policy
	objects   *source
	found     *tally
	// writes are what is left to write once all is evaluated.
	writes    []write
	begun     bool
	evaluated bool
	planned   bool
	// absent are objects that were looked up and not found; the next unit looks them up again.
	absent map[string]bool
}

func (a *Auditor) newUnit(policy Policy, namespace string) *unit {
	made := &unit{Auditor: a, namespace: namespace, policy: policy, found: newTally(policy.Engine), absent: map[string]bool{}}
	made.objects = &source{stock: policy.Stock, api: a.API, namespace: namespace}
	for _, resource := range stored.EvaluatedResources(policy.Engine) {
		if resource.Namespaced == (namespace != wholeCluster) {
			made.objects.left = append(made.objects.left, resource)
		}
	}
	return made
}

// step does a part of the work, and returns how many requests that took.
func (u *unit) step(ctx context.Context) (requests int, done bool, err error) {
	u.begun = true
	switch {
	case !u.evaluated:
		requests, err = u.evaluateSome(ctx)
		return requests, false, err
	case !u.planned:
		u.planned = true
		u.writes, requests, err = u.writer.plan(ctx, u.namespace, u.found.drafts)
		return requests, len(u.writes) == 0, err
	default:
		some := u.writes[:min(len(u.writes), writesAtOnce)]
		u.writes = u.writes[len(some):]
		return 2 * len(some), len(u.writes) == 0, u.writer.write(ctx, u.namespace, some)
	}
}

func (u *unit) evaluateSome(ctx context.Context) (requests int, err error) {
	batch, err := u.objects.next(ctx)
	if err != nil {
		return 1, err
	}
	for _, raw := range batch.objects {
		object, facts, err := stored.Read(batch.resource, raw)
		if err != nil {
			return batch.requests, err
		}
		if !registration.IsExempt(facts.Home) {
			u.evaluate(ctx, object, facts)
		}
	}
	if batch.isLast {
		if err := u.evaluateGuardrails(ctx); err != nil {
			return batch.requests, err
		}
		u.evaluated = true
		u.seen[u.namespace] = u.found.seen
		u.Metrics.set(u.namespace, u.found.counts, u.found.failed)
		if u.found.failed > 0 {
			u.changes.mark(u.namespace, u.Now().Add(again))
		}
	}
	return batch.requests, ctx.Err()
}

func (u *unit) evaluate(ctx context.Context, object stored.Object, facts stored.Facts) {
	bounded, cancel := context.WithTimeout(ctx, longestEvaluation)
	defer cancel()
	decision, evaluated, err := stored.Evaluate(bounded, u.policy.Engine, withCopies{u.policy.Stock, u.copies, u.absent, &u.budget}, object, u.Now())
	if evaluated {
		u.found.add(object, facts, decision, err)
	}
}

// evaluateGuardrails evaluates the Guardrails of the cluster with the objects of the whole cluster: all others are evaluated then, and
// so it is known which exceptions nothing needs.
func (u *unit) evaluateGuardrails(ctx context.Context) error {
	if u.namespace != wholeCluster || !u.StoredGuardrails || u.policy.Engine.Guardrails() == nil {
		return nil
	}
	kind := schema.GroupVersionResource{Group: policies.Group, Version: policies.Version, Resource: "guardrails"}
	object, err := u.API.Resource(kind).Get(ctx, v1alpha1.GuardrailsName, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	raw, err := json.Marshal(object.Object)
	if err != nil {
		return err
	}
	guardrails := stored.Guardrails(u.policy.Engine, raw)
	if all, isWhole := u.allSeen(); isWhole {
		all.Now = u.Now()
		guardrails.Options = stored.Unused(stored.UnusedExceptions(u.policy.Engine, all))
	}
	u.evaluate(ctx, guardrails, stored.Facts{UID: string(object.GetUID())})
	return nil
}

// allSeen joins what is seen of the use of exceptions. It is not whole where something could not be evaluated, which may need one.
func (u *unit) allSeen() (all stored.Audited, isWhole bool) {
	all, isWhole = stored.Audited{Used: map[int]bool{}}, u.sawAll && u.found.failed == 0
	for namespace, each := range u.seen {
		if namespace == u.namespace {
			continue
		}
		isWhole = isWhole && !each.failed
		maps.Copy(all.Used, each.used)
		all.Undecided = append(all.Undecided, slices.Collect(maps.Keys(each.undecided))...)
	}
	maps.Copy(all.Used, u.found.seen.used)
	all.Undecided = append(all.Undecided, slices.Collect(maps.Keys(u.found.seen.undecided))...)
	return all, isWhole
}
