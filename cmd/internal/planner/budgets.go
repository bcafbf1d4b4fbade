package planner

import (
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/stateward/stateward/policies/forecast"
)

// budget is a PodDisruptionBudget that selects the pods of a StatefulSet and no others.
type budget struct {
	name, wants string
	// desired is how many pods the budget keeps healthy, of a number of replicas.
	desired func(replicas int) int
}

// budgetsOf are the budgets of a set's pods. How many pods one keeps that selects others as well depends on those, so it is only
// named, in shared.
func (i *Inventory) budgetsOf(set *appsv1.StatefulSet) (own []budget, shared []string) {
	for index := range i.budgets {
		object := &i.budgets[index]
		selector, err := metav1.LabelSelectorAsSelector(object.Spec.Selector)
		if err != nil || object.Namespace != set.Namespace || !selector.Matches(labels.Set(set.Spec.Template.Labels)) {
			continue
		}
		if i.selectsOthers(selector, set) {
			shared = append(shared, object.Name)
			continue
		}
		if wants, desired := desiredBy(object.Spec); desired != nil {
			own = append(own, budget{name: object.Name, wants: wants, desired: desired})
		}
	}
	return own, shared
}

func (i *Inventory) selectsOthers(selector labels.Selector, set *appsv1.StatefulSet) bool {
	return slices.ContainsFunc(i.pods, func(pod corev1.Pod) bool {
		owner := metav1.GetControllerOf(&pod)
		return pod.Namespace == set.Namespace && selector.Matches(labels.Set(pod.Labels)) && (owner == nil || owner.UID != set.UID)
	})
}

// desiredBy models getExpectedPodCount of pkg/controller/disruption: percentages round up.
func desiredBy(spec policyv1.PodDisruptionBudgetSpec) (wants string, desired func(replicas int) int) {
	scaled := func(value *intstr.IntOrString, replicas int) int {
		count, err := intstr.GetScaledValueFromIntOrPercent(value, replicas, true)
		if err != nil {
			return 0
		}
		return count
	}
	switch {
	case spec.MinAvailable != nil:
		return "minAvailable " + spec.MinAvailable.String(), func(replicas int) int { return scaled(spec.MinAvailable, replicas) }
	case spec.MaxUnavailable != nil:
		return "maxUnavailable " + spec.MaxUnavailable.String(), func(replicas int) int { return replicas - scaled(spec.MaxUnavailable, replicas) }
	default:
		return "", nil
	}
}

// addBudgets marks the steps in which a budget would refuse to evict the pod. The controller deletes pods and does not evict them,
// so no budget slows it. One of a set that is deleted as a whole has nothing left to keep.
func (i *Inventory) addBudgets(planned *Change, request change, state forecast.State, timeline forecast.Timeline) {
	if len(planned.Summary.Restarts)+len(planned.Summary.Stops) == 0 || timeline.After.Set.Name == "" {
		return
	}
	own, shared := i.budgetsOf(request.set)
	for _, each := range own {
		refused := each.refuses(state, timeline)
		for _, index := range refused {
			step := &planned.Steps[index]
			step.BelowBudgets = append(step.BelowBudgets, each.name)
			step.Text += fmt.Sprintf(" (budget %s would refuse to evict it)", each.name)
		}
		if len(refused) > 0 {
			planned.Budgets = append(planned.Budgets, fmt.Sprintf("budget %s (%s) does not slow this: budgets limit evictions, and these pods are deleted",
				each.name, each.wants))
		}
	}
	for _, name := range shared {
		planned.Unknown = append(planned.Unknown, "whether budget "+name+" would refuse to evict these pods: it selects pods of others too")
	}
}

// refuses are the indexes of the steps in which a Ready pod stops that the budget keeps. Whether one that is not Ready could be
// evicted depends on more than numbers (unhealthyPodEvictionPolicy).
func (b budget) refuses(state forecast.State, timeline forecast.Timeline) (steps []int) {
	healthy, desired := map[string]bool{}, b.desired(timeline.After.Set.Replicas)
	set := forecast.SetOf(state, timeline)
	for _, pod := range state.Pods {
		if pod.Ready && !pod.Terminating {
			healthy[set.PodName(pod.Ordinal)] = true
		}
	}
	for index, step := range timeline.Steps {
		switch step.Kind {
		case forecast.PodReady:
			healthy[step.Object] = true
		case forecast.PodStops:
			if healthy[step.Object] && len(healthy) <= desired {
				steps = append(steps, index)
			}
			delete(healthy, step.Object)
		default:
		}
	}
	return steps
}
