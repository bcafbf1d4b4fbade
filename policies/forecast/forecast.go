package forecast

import "slices"

// Kind is what a step is.
type Kind string

// Kinds of steps.
const (
	PodStops        Kind = "pod stops"
	PodGone         Kind = "pod gone"
	PodStarts       Kind = "pod starts"
	PodReady        Kind = "pod ready"
	Waits           Kind = "waits"
	ClaimCreated    Kind = "claim created"
	ClaimOwned      Kind = "claim owned"
	ClaimDeleted    Kind = "claim deleted"
	ClaimGone       Kind = "claim gone"
	VolumeKept      Kind = "volume kept"
	VolumeDeleted   Kind = "volume deleted"
	VolumeUnknown   Kind = "volume unknown"
	VolumeMarked    Kind = "volume marked"
	RevisionCreated Kind = "revision created"
	RevisionReused  Kind = "revision reused"
	RevisionDeleted Kind = "revision deleted"
	SetDeleted      Kind = "set deleted"
	ServiceDeleted  Kind = "service deleted"
	NameGone        Kind = "name gone"
	// NamespaceDeleted is for those who plan the rest of a namespace.
	NamespaceDeleted Kind = "namespace deleted"
)

// Step is one event. Steps of one round happen in the order of the list or together.
type Step struct {
	Round int
	// At is the least number of seconds from the change to this step: waits for minReadySeconds alone.
	At     int
	Kind   Kind
	Object string
	// Revision is that of a pod.
	Revision string
	// Owners are those of a claim after ClaimOwned.
	Owners []Owner
	// Claim is the claim that a volume was bound to.
	Claim string
	// Seconds is how long Waits takes.
	Seconds int
}

// Timeline is a forecast.
type Timeline struct {
	Steps []Step
	End   End
	// After is the state at the end.
	After State
	// Update is the update revision at the end.
	Update string
	// Assumed lists what the forecast takes for granted, and Unknown what it cannot say.
	Assumed, Unknown []string
}

// roundsPerPod bounds a forecast: a pod takes at most stop, gone, start, ready and a wait, twice.
const roundsPerPod = 16

// stepsPerPod is how many steps a replacement has: stop, gone, start and ready, and one for a claim.
const stepsPerPod = 5

// Run returns what a change does to a state.
func Run(state State, change Change, assume Assumptions) Timeline {
	s := newSimulation(state, change, assume)
	if reason := notModelled(s.Set, change, state.Gates); reason != "" {
		return Timeline{End: End{Kind: Unmodelled, Reason: reason}, After: state}
	}
	s.steps = make([]Step, 0, stepsPerPod*(len(s.Pods)+1))
	if !s.settles(change) {
		return s.endless()
	}
	return s.timeline()
}

// EndOf returns only how a change ends, in less time than Run.
func EndOf(state State, change Change, assume Assumptions) End {
	s := newSimulation(state, change, assume)
	if reason := notModelled(s.Set, change, state.Gates); reason != "" {
		return End{Kind: Unmodelled, Reason: reason}
	}
	if !s.settles(change) {
		return s.endless().End
	}
	return s.end()
}

// settles runs the simulation until nothing changes, and reports whether that happened.
func (s *simulation) settles(change Change) bool {
	limit := roundsPerPod * (len(s.Pods) + max(change.Set.Replicas, s.Set.Replicas) + 1)
	s.apply(change)
	s.lay()
	for s.round = 1; s.round <= limit; s.round++ {
		s.changed = false
		if !s.gone {
			s.sync()
		}
		s.react()
		if !s.changed && !s.waitForAvailable() {
			return true
		}
	}
	return false
}

// repetitions are enough to show that a pod is replaced again and again.
const repetitions = 3

// endless is for a set whose controller never comes to rest: a Parallel set without rollingUpdate stops the pods that it creates
// at the current revision.
func (s *simulation) endless() Timeline {
	timeline := s.timeline()
	timeline.End = End{Kind: Endless, Reason: "the controller does not come to rest"}
	starts := map[string]int{}
	for index, step := range timeline.Steps {
		if step.Kind != PodStarts {
			continue
		}
		starts[step.Object]++
		if starts[step.Object] > repetitions {
			timeline.Steps = timeline.Steps[:index]
			timeline.End.Pods = []string{step.Object}
			timeline.End.Reason = "the controller starts and stops " + step.Object + " again and again: set spec.updateStrategy.rollingUpdate to {partition: 0}"
			timeline.End.Command = s.patchPartition()
			break
		}
	}
	return timeline
}

// waitForAvailable moves the time to the next moment at which a Ready pod becomes available.
func (s *simulation) waitForAvailable() bool {
	if s.gone || s.Set.Deleting {
		return false
	}
	soonest := -1
	for _, pod := range s.busy {
		if at := pod.ReadySince + s.Set.MinReady; pod.Ready && at > s.now && (soonest < 0 || at < soonest) {
			soonest = at
		}
	}
	if soonest < 0 {
		return false
	}
	s.step(Step{Kind: Waits, Object: s.Set.Name, Seconds: soonest - s.now})
	s.now = soonest
	return true
}

func (s *simulation) step(step Step) {
	step.Round, step.At = s.round, s.now
	s.steps = append(s.steps, step)
	s.changed = true
}

func (s *simulation) timeline() Timeline {
	after := s.State
	after.Pods, after.Claims = make([]Pod, 0, len(s.pods)), make([]Claim, 0, len(s.Claims))
	for _, pod := range s.existing() {
		after.Pods = append(after.Pods, *pod)
	}
	for _, claim := range s.sortedClaims() {
		after.Claims = append(after.Claims, *claim)
	}
	after.Revisions = slices.Clone(s.Revisions)
	if s.gone {
		after.Set = Set{}
	}
	return Timeline{Steps: s.steps, End: s.end(), After: after, Update: s.update, Assumed: s.allAssumptions(), Unknown: s.unknown()}
}

// notModelled says why a forecast is not possible.
func notModelled(before Set, change Change, gates Gates) string {
	set := before
	if change.Action == CreateSet || change.Action == UpdateSet {
		set = change.Set
	}
	switch {
	case min(set.Replicas, set.Start, set.partition(), set.MinReady) < 0:
		return "replicas, ordinals.start, partition and minReadySeconds must not be negative: the API server rejects the StatefulSet"
	case before.Deleting:
		return "the StatefulSet is being deleted in the foreground already: this is not modelled"
	case set.Strategy == Recreate && !gates.Recreate:
		return "the update strategy Recreate needs the feature gate StatefulSetRecreateStrategy, which is off by default: this is not modelled"
	case set.Strategy != RollingUpdate && set.Strategy != OnDelete && set.Strategy != Recreate:
		return "the update strategy " + string(set.Strategy) + " is not modelled"
	default:
		return ""
	}
}
