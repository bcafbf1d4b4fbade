package forecast

import "slices"

// Naming says which pods of a set have a name in DNS. Sources: podToEndpoint of k8s.io/endpointslice, and the plugin kubernetes
// of CoreDNS, which answers with endpoints whose condition ready is not false.
type Naming int

// Namings.
const (
	// NamesOfReady gives a name to each Ready pod that does not stop.
	NamesOfReady Naming = iota
	// NamesOfAll gives a name to each pod that has an address and has not ended: the Service has publishNotReadyAddresses.
	NamesOfAll
	// NoNames is for a set whose governing Service does not exist.
	NoNames
)

// has reports whether a pod has a name.
func (n Naming) has(pod *Pod) bool {
	switch n {
	case NamesOfReady:
		return pod.Ready && !pod.Terminating
	case NamesOfAll:
		return (pod.Phase == Running || pod.Phase == Pending) && !pod.NoAddress
	default:
		return false
	}
}

// NameChange is a DNS name that begins or ceases to resolve with a step.
type NameChange struct {
	// Step is the index of the step in its Timeline.
	Step int
	Name string
	// Resolves is false for a name that vanishes.
	Resolves bool
}

// NameChanges lists the names that appear and vanish on the way, in the order of the steps. Steps of the kind NameGone are not
// in it: they are names themselves.
func NameChanges(state State, timeline Timeline) (list []NameChange) {
	set := SetOf(state, timeline)
	if set.Service == "" || state.Naming == NoNames {
		return nil
	}
	resolves := map[string]bool{}
	for index := range state.Pods {
		pod := &state.Pods[index]
		resolves[set.PodName(pod.Ordinal)] = state.Naming.has(pod)
	}
	for index, step := range timeline.Steps {
		if step.Kind == ServiceDeleted && step.Object == set.Service {
			return list
		}
		ordinal, isPod := set.ordinalOf(step.Object)
		after := state.Naming.after(step.Kind, resolves[step.Object])
		if isPod && after != resolves[step.Object] {
			resolves[step.Object] = after
			list = append(list, NameChange{Step: index, Name: set.DNSName(ordinal), Resolves: after})
		}
	}
	return list
}

// after reports whether a pod has a name after a step of a kind.
func (n Naming) after(kind Kind, before bool) bool {
	switch {
	case kind == PodReady, kind == PodStarts && n == NamesOfAll:
		return true
	case kind == PodGone, kind == PodStops && n == NamesOfReady:
		return false
	default:
		return before
	}
}

// SetOf is the StatefulSet whose pods a timeline is about: of the state before, or the one that is created.
func SetOf(state State, timeline Timeline) Set {
	if state.Set.Name != "" {
		return state.Set
	}
	return timeline.After.Set
}

// countNames compares the pods that have names before and after. Where the Service is deleted, steps say which names vanish.
func (s *Summary) countNames(state State, timeline Timeline) {
	set := SetOf(state, timeline)
	deleted := func(step Step) bool { return step.Kind == ServiceDeleted && step.Object == set.Service }
	if set.Service == "" || slices.ContainsFunc(timeline.Steps, deleted) {
		return
	}
	before, after := state.Naming.ordinals(state.Pods), state.Naming.ordinals(timeline.After.Pods)
	for _, ordinal := range before {
		if _, stays := slices.BinarySearch(after, ordinal); !stays {
			s.NamesGone = append(s.NamesGone, set.DNSName(ordinal))
		}
	}
	for _, ordinal := range after {
		if _, existed := slices.BinarySearch(before, ordinal); !existed {
			s.NewNames = append(s.NewNames, set.DNSName(ordinal))
		}
	}
}

// ordinals are those of pods that have names, sorted.
func (n Naming) ordinals(pods []Pod) []int {
	ordinals := make([]int, 0, len(pods))
	for index := range pods {
		if n.has(&pods[index]) {
			ordinals = append(ordinals, pods[index].Ordinal)
		}
	}
	slices.Sort(ordinals)
	return ordinals
}
