package preview

import (
	"errors"
	"fmt"
	"slices"

	admissionv1 "k8s.io/api/admission/v1"

	"github.com/stateward/stateward/policies/forecast"
)

// Preview is the forecast of a request.
type Preview struct {
	Changes []Change `json:"changes"`
	// Left is why something is not forecast.
	Left string `json:"left,omitempty"`
}

// Change is the forecast of one StatefulSet.
type Change struct {
	// Object is as "StatefulSet data/db".
	Object string `json:"object"`
	// End is settled, waits, stuck, endless or "not modelled"; Pods are those that it is about.
	End     forecast.EndKind `json:"end"`
	Pods    []string         `json:"pods,omitempty"`
	Reason  string           `json:"reason,omitempty"`
	Command string           `json:"command,omitempty"`
	forecast.Summary
	// IfNeverReady is the end if pods with a new template, and those that are not Ready now, never get Ready.
	IfNeverReady forecast.EndKind `json:"ifNeverReady,omitempty"`
	// KeptClaims is how many claims stay.
	KeptClaims int      `json:"keptClaims"`
	Unknown    []string `json:"unknown,omitempty"`

	// Together is how many pods stop at a time at most.
	Together int `json:"together,omitempty"`

	// stuckAt are the pods of that end, and unready those that are not Ready now.
	stuckAt, unready []string
}

// Make forecasts a request. It returns ErrNoStatefulSet for one that concerns none.
func Make(request *admissionv1.AdmissionRequest, inventory Inventory, gates forecast.Gates) (Preview, error) {
	list, err := subjects(request, inventory)
	if err != nil {
		return Preview{}, err
	}
	var preview Preview
	pods := 0
	for index, each := range list {
		state, unknown, err := stateOf(each, inventory, gates)
		if err != nil {
			return Preview{}, err
		}
		if pods += max(len(state.Pods), each.set.Replicas, each.change.Set.Replicas); pods > mostPods || index >= mostSets {
			preview.Left = tooMany(len(list) - index)
			break
		}
		change := run(state, each)
		change.Unknown = append(change.Unknown, unknown...)
		preview.Changes = append(preview.Changes, change)
	}
	return preview, nil
}

func tooMany(sets int) string {
	noun := "StatefulSets"
	if sets == 1 {
		noun = "StatefulSet"
	}
	return fmt.Sprintf("%d %s with too many pods for a forecast here (more than %d)", sets, noun, mostPods)
}

var errNoPods = errors.New("no rule in force reads pods and persistentvolumeclaims, so they are not known")

// stateOf is the state of a StatefulSet before the change.
func stateOf(each subject, inventory Inventory, gates forecast.Gates) (state forecast.State, unknown []string, err error) {
	state = forecast.State{Gates: gates, Set: each.set.Set, Naming: inventory.Names(each.set.Set)}
	var knownPods, knownClaims bool
	state.Pods, knownPods = inventory.Pods(each.set.Set)
	state.Claims, knownClaims = inventory.Claims(each.set.Set)
	if !knownPods || !knownClaims && len(each.set.Claims) > 0 {
		return state, nil, errNoPods
	}
	if each.isNew {
		state.Set = forecast.Set{}
		return state, nil, nil
	}
	state.TrustStatus(each.set.Status)
	if each.change.Action == forecast.UpdateSet && each.change.Set.Template == newTemplate {
		unknown = formerRevision(state, each.set.Status)
	}
	return state, unknown, nil
}

// formerRevision is for a new template while a rollout is under way: ControllerRevisions are not at hand, so it may be the one
// from before.
func formerRevision(state forecast.State, status forecast.Status) []string {
	former := slices.ContainsFunc(state.Pods, func(pod forecast.Pod) bool { return pod.Revision == status.Current })
	if !former || status.Current == status.Update {
		return nil
	}
	return []string{"whether this is the template of revision " + status.Current + ", whose pods would stay"}
}

func run(state forecast.State, each subject) Change {
	never := state.BrokenTemplates()
	timeline := forecast.Run(state, each.change, forecast.Assumptions{NeverReady: never})
	change := Change{
		Object: "StatefulSet " + each.set.Namespace + "/" + each.set.Name,
		End:    timeline.End.Kind, Pods: timeline.End.Pods, Reason: timeline.End.Reason, Command: timeline.End.Command,
		Summary: forecast.Summarize(state, timeline), Unknown: timeline.Unknown,
	}
	change.count(timeline)
	if change.End != forecast.Unmodelled {
		change.addWorst(state, each.change, never, forecast.SetOf(state, timeline))
	}
	return change
}

// addWorst is a second forecast: of what happens if pods that do not run yet never get Ready.
func (c *Change) addWorst(state forecast.State, change forecast.Change, never []string, set forecast.Set) {
	state.Pods = slices.Clone(state.Pods)
	for index := range state.Pods {
		if pod := &state.Pods[index]; !pod.Ready && !pod.Terminating && !pod.Broken {
			pod.Broken = true
			c.unready = append(c.unready, set.PodName(pod.Ordinal))
		}
	}
	isNew := change.Action == forecast.UpdateSet && change.Set.Template == newTemplate
	if !isNew && len(c.unready) == 0 {
		return
	}
	worst := forecast.EndOf(state, change, forecast.Assumptions{NeverReady: append(never, newTemplate)})
	c.IfNeverReady, c.stuckAt = worst.Kind, worst.Pods
}

// count reads what a Summary does not hold.
func (c *Change) count(timeline forecast.Timeline) {
	round, together := -1, 0
	for _, step := range timeline.Steps {
		if step.Kind != forecast.PodStops {
			continue
		}
		if step.Round != round {
			round, together = step.Round, 0
		}
		together++
		c.Together = max(c.Together, together)
	}
	for _, claim := range timeline.After.Claims {
		if !claim.Terminating {
			c.KeptClaims++
		}
	}
}
