package forecast

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	appsv1 "k8s.io/api/apps/v1"
	utilfeature "k8s.io/apiserver/pkg/util/feature"

	"github.com/stateward/stateward/policies/forecast"
)

// result says what a comparison saw.
type result struct {
	forecasts, steps int
	// freed are sets that were stuck and went on after the command of the forecast.
	freed int
	ends  map[forecast.EndKind]int
}

// compare runs a scenario on the controller and forecasts each of its acts. It returns the first difference.
func compare(scenario Scenario, seen *result) error {
	gates := map[string]bool{"MaxUnavailableStatefulSet": scenario.MaxUnavailable}
	if recreates {
		gates["StatefulSetRecreateStrategy"] = scenario.Recreate
	}
	if err := utilfeature.DefaultMutableFeatureGate.SetFromMap(gates); err != nil {
		return err
	}
	c := newCluster()
	c.set = scenario.Set.object()
	c.set.UID = uid(c.newUID())
	settings := scenario.Set
	for index, act := range scenario.Acts {
		if act.Set != nil {
			settings = *act.Set
		}
		err := c.compareAct(act, settings, scenario, seen)
		if errors.Is(err, errEndless) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("act %d: %w", index, err)
		}
		if c.set == nil {
			return nil
		}
	}
	if err := c.free(scenario, seen); err != nil {
		return fmt.Errorf("after the last act: %w", err)
	}
	return nil
}

// free runs the command that the forecast gives for a set that is stuck, where the command alone is said to help, and checks that
// the controller goes on.
func (c *cluster) free(scenario Scenario, seen *result) error {
	state, err := c.state(scenario)
	if err != nil {
		return err
	}
	assume := forecast.Assumptions{NeverReady: badTemplates()}
	before := forecast.Run(state, forecast.Change{Action: forecast.Continue}, assume)
	c.run(0)
	_, pods, deletes := strings.Cut(before.End.Command, " delete pod ")
	if before.End.Kind != forecast.Stuck || !deletes || strings.Contains(before.End.Reason, "apply a template that works") {
		return nil
	}
	if rolling := c.set.Spec.UpdateStrategy.RollingUpdate; rolling == nil && strings.Contains(before.End.Command, " patch statefulset ") {
		c.set.Spec.UpdateStrategy.RollingUpdate = &appsv1.RollingUpdateStatefulSetStrategy{Partition: new(int32)}
	}
	for _, pod := range strings.Fields(pods) {
		if c.pods[pod] == nil {
			return fmt.Errorf("%q names %s, which does not exist", before.End.Command, pod)
		}
		c.stop(c.pods[pod])
	}
	c.run(0)
	if state, err = c.state(scenario); err != nil {
		return err
	}
	seen.freed++
	if after := forecast.Run(state, forecast.Change{Action: forecast.Continue}, assume).End; after.Kind == forecast.Stuck && after.Reason == before.End.Reason {
		return fmt.Errorf("%q frees nothing: %s", before.End.Command, after.Reason)
	}
	return nil
}

func (c *cluster) compareAct(act Act, settings Settings, scenario Scenario, seen *result) error {
	c.before(act, settings)
	state, err := c.state(scenario)
	if err != nil {
		return err
	}
	c.steps, c.begun, c.round = nil, c.now, 0
	change, err := c.act(act)
	if err != nil {
		return err
	}
	settled := c.run(act.Rounds)
	predicted := forecast.Run(state, change, forecast.Assumptions{NeverReady: badTemplates()})
	names := map[string]string{"new revision": change.Set.Template}
	if change.Action == forecast.Continue {
		names["new revision"] = state.Set.Template
	}
	for _, revision := range state.Revisions {
		names[revision.Name] = revision.Template
	}
	atOnce := settings.Parallel || settings.Strategy == string(forecast.Recreate)
	observed, got := c.steps, predicted.Steps
	if !settled {
		got = until(got, c.round)
	}
	if predicted.End.Kind == forecast.Endless {
		// The forecast leaves out what repeats itself.
		last := predicted.Steps[len(predicted.Steps)-1].Round
		observed, got = until(observed, last), until(got, last)
	}
	want := normal(observed, c.templates, atOnce)
	seen.forecasts++
	seen.steps += len(want)
	if diff := gocmp.Diff(want, normal(got, names, atOnce), cmpopts.EquateEmpty()); diff != "" {
		return fmt.Errorf("steps (-controller +forecast):\n%s", diff)
	}
	if !settled && act.Rounds == 0 && predicted.End.Kind == forecast.Endless {
		seen.ends[predicted.End.Kind]++
		return errEndless
	}
	if !settled && act.Rounds == 0 {
		return fmt.Errorf("the controller finds no end, and the forecast is %+v", predicted.End)
	}
	if !settled {
		return nil
	}
	seen.ends[predicted.End.Kind]++
	return c.compareEnd(predicted, scenario, names)
}

// errEndless ends a scenario: what follows an endless repetition depends on the moment of the change.
var errEndless = errors.New("endless")

// until keeps the steps before a round.
func until(steps []forecast.Step, round int) []forecast.Step {
	return slices.DeleteFunc(slices.Clone(steps), func(step forecast.Step) bool { return step.Round >= round })
}

// before is what happens to pods and sets without the forecast.
func (c *cluster) before(act Act, settings Settings) {
	for _, mishap := range act.Pods {
		if pod := c.pods[fmt.Sprintf("%s-%d", name, mishap.Ordinal)]; pod != nil {
			meet(pod, mishap.What, c.time())
		}
	}
	if act.Replace {
		old := c.set.UID
		c.set = settings.object()
		c.set.UID = uid(c.newUID())
		for _, claim := range c.claims {
			for index, owner := range claim.OwnerReferences {
				if owner.UID == old {
					claim.OwnerReferences = slices.Delete(claim.OwnerReferences, index, index+1)
					break
				}
			}
		}
	}
}

// act makes a change in the cluster and returns it for the forecast.
func (c *cluster) act(act Act) (change forecast.Change, err error) {
	change.Action = forecast.Continue
	claim := fmt.Sprintf("data0-%s-%d", name, act.DeleteClaim-1)
	switch {
	case act.Set != nil:
		updated := act.Set.object()
		updated.UID, updated.Status = c.set.UID, c.set.Status
		updated.Generation = c.set.Generation + 1
		c.set = updated
		change.Action = forecast.UpdateSet
		change.Set, err = forecast.FromSet(updated)
	case act.DeleteClaim > 0 && c.claims[claim] != nil:
		change.Action, change.Name = forecast.DeleteClaim, claim
		c.deleteClaim(c.claims[claim])
	case act.Delete != "":
		change.Action, change.Propagation = forecast.DeleteSet, act.Delete
		c.deleteSet(act.Delete)
	}
	return change, err
}

func (c *cluster) deleteSet(propagation forecast.Propagation) {
	deleted := c.set.UID
	if propagation != forecast.Orphan {
		for _, pod := range c.sortedPods() {
			c.stop(pod)
		}
	}
	for _, claim := range c.sortedClaims() {
		owners := slices.DeleteFunc(slices.Clone(claim.OwnerReferences), isUID(deleted))
		switch {
		case len(owners) == len(claim.OwnerReferences):
		case propagation == forecast.Orphan:
			c.own(claim.Name, owners)
		case propagation == forecast.Foreground && len(owners) == 0:
			c.deleteClaim(claim)
		}
	}
	if propagation == forecast.Foreground {
		now := c.time()
		c.set.DeletionTimestamp = &now
		return
	}
	c.removeSet()
}

// compareEnd compares the objects at the end, and judges them without the model.
func (c *cluster) compareEnd(predicted forecast.Timeline, scenario Scenario, names map[string]string) error {
	if c.set == nil {
		if predicted.End.Kind != forecast.Settled {
			return fmt.Errorf("the set is deleted, and the forecast is %v", predicted.End)
		}
		return nil
	}
	state, err := c.state(scenario)
	if err != nil {
		return err
	}
	if diff := gocmp.Diff(normalState(state, c.templates), normalState(predicted.After, names), cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(forecast.Pod{}, forecast.Claim{})); diff != "" {
		return fmt.Errorf("state at the end (-controller +forecast):\n%s", diff)
	}
	if kind := c.end(); kind != predicted.End.Kind {
		return fmt.Errorf("the end is %q, and the forecast %+v", kind, predicted.End)
	}
	return nil
}

// end judges the objects.
func (c *cluster) end() forecast.EndKind {
	wanted, old := int(*c.set.Spec.Replicas), 0
	for _, pod := range c.pods {
		if !isReady(pod) {
			return forecast.Stuck
		}
		if revisionOf(pod) != c.set.Status.UpdateRevision {
			old++
		}
	}
	strategy := c.set.Spec.UpdateStrategy
	switch {
	case len(c.pods) != wanted, c.set.DeletionTimestamp != nil:
		return forecast.Stuck
	case old == 0:
		return forecast.Settled
	case strategy.Type == appsv1.OnDeleteStatefulSetStrategyType,
		strategy.RollingUpdate != nil && strategy.RollingUpdate.Partition != nil && old <= int(*strategy.RollingUpdate.Partition):
		return forecast.WaitsForPerson
	default:
		return forecast.Stuck
	}
}

// normal replaces names of revisions by their templates, leaves out UIDs, and sorts what the controller does at once.
func normal(steps []forecast.Step, templates map[string]string, atOnce bool) []forecast.Step {
	steps = slices.Clone(steps)
	for index := range steps {
		step := &steps[index]
		if strings.HasPrefix(string(step.Kind), "revision") {
			step.Object = templates[step.Object]
		}
		if step.Revision != "" {
			step.Revision = templates[step.Revision]
		}
		step.Owners = withoutUIDs(step.Owners)
	}
	// Claims of one pod are created in the random order of a map, and pods of a Parallel set, or of Recreate, by goroutines.
	slices.SortStableFunc(steps, func(a, b forecast.Step) int {
		if order := cmp.Compare(a.Round, b.Round); order != 0 || !atOnce && a.Kind != b.Kind {
			return order
		}
		if !atOnce && !strings.HasPrefix(string(a.Kind), "claim") {
			return 0
		}
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Object, b.Object))
	})
	return steps
}

func withoutUIDs(owners []forecast.Owner) (list []forecast.Owner) {
	for _, owner := range owners {
		owner.UID = ""
		list = append(list, owner)
	}
	return list
}

// normalState keeps what both sides name alike.
func normalState(state forecast.State, templates map[string]string) forecast.State {
	current := templates[state.Set.CurrentRevision]
	state.Set = forecast.Set{CurrentRevision: current, CurrentReplicas: state.Set.CurrentReplicas, Template: state.Set.Template}
	state.Revisions, state.Pods, state.Claims = slices.Clone(state.Revisions), slices.Clone(state.Pods), slices.Clone(state.Claims)
	for index := range state.Revisions {
		state.Revisions[index].Name = ""
	}
	slices.SortFunc(state.Revisions, func(a, b forecast.Revision) int { return cmp.Compare(a.Number, b.Number) })
	for index := range state.Pods {
		pod := &state.Pods[index]
		*pod = forecast.Pod{Ordinal: pod.Ordinal, Revision: templates[pod.Revision], Phase: pod.Phase, Ready: pod.Ready, Terminating: pod.Terminating, Broken: pod.Broken}
	}
	for index := range state.Claims {
		state.Claims[index].Owners = withoutUIDs(state.Claims[index].Owners)
	}
	slices.SortFunc(state.Claims, func(a, b forecast.Claim) int { return cmp.Compare(a.Name, b.Name) })
	return state
}
