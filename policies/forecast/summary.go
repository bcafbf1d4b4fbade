package forecast

// Summary is what counts most of a forecast.
type Summary struct {
	// Restarts are pods that stop and start again, Stops those that stop for good, Starts those that start without
	// having run, or whose end began before.
	Restarts []string `json:"restarts,omitempty"`
	Stops    []string `json:"stops,omitempty"`
	Starts   []string `json:"starts,omitempty"`
	// Lost are volumes that are deleted, Unclear those of which it is not known, and Kept those that outlive their claims.
	Lost    []string `json:"lost,omitempty"`
	Unclear []string `json:"unclear,omitempty"`
	Kept    []string `json:"kept,omitempty"`
	// Claims are claims that are deleted.
	Claims []string `json:"deletedClaims,omitempty"`
	// NamesGone are DNS names that resolve before a change and not after it, and NewNames those that resolve only after it.
	NamesGone []string `json:"namesGone,omitempty"`
	NewNames  []string `json:"newNames,omitempty"`
	// Stuck is true where a change ends stuck.
	Stuck bool `json:"stuck,omitempty"`
	// Seconds is the least time that the longest change takes.
	Seconds int `json:"atLeastSeconds"`
}

// Summarize reads from a forecast what happens to pods, claims and volumes.
func Summarize(state State, timeline Timeline) (summary Summary) {
	summary.countPods(state, timeline)
	for _, step := range timeline.Steps {
		summary.Seconds = max(summary.Seconds, step.At+step.Seconds)
		switch step.Kind {
		case VolumeDeleted:
			summary.Lost = append(summary.Lost, step.Object)
		case VolumeUnknown:
			summary.Unclear = append(summary.Unclear, step.Object)
		case VolumeKept:
			summary.Kept = append(summary.Kept, step.Object)
		case NameGone:
			summary.NamesGone = append(summary.NamesGone, step.Object)
		case ClaimDeleted:
			summary.Claims = append(summary.Claims, step.Object)
		default:
		}
	}
	// Claims that wait for their pods to stop are as good as deleted.
	for _, claim := range timeline.After.Claims {
		switch {
		case !claim.Terminating || claim.Volume == "":
		case claim.Reclaim == ReclaimDelete:
			summary.Lost = append(summary.Lost, claim.Volume)
		case claim.Reclaim == ReclaimRetain:
			summary.Kept = append(summary.Kept, claim.Volume)
		default:
			summary.Unclear = append(summary.Unclear, claim.Volume)
		}
	}
	summary.countNames(state, timeline)
	summary.Stuck = timeline.End.Kind == Stuck || timeline.End.Kind == Endless
	return summary
}

// fate is what a forecast does to one pod.
type fate struct {
	existed, ending, started bool
	// listed is true once the pod is in a list.
	listed bool
}

// countPods lists each pod once: those that stop in the order in which they stop, and new ones in the order in which they start.
func (s *Summary) countPods(state State, timeline Timeline) {
	fates := make(map[string]*fate, len(state.Pods))
	existing := make([]fate, len(state.Pods))
	set := SetOf(state, timeline)
	for index, pod := range state.Pods {
		existing[index] = fate{existed: true, ending: pod.Terminating}
		fates[set.PodName(pod.Ordinal)] = &existing[index]
	}
	of := func(name string) *fate {
		if fates[name] == nil {
			fates[name] = &fate{}
		}
		return fates[name]
	}
	for _, step := range timeline.Steps {
		if step.Kind != PodStarts {
			continue
		}
		pod := of(step.Object)
		if (!pod.existed || pod.ending) && !pod.started {
			s.Starts = append(s.Starts, step.Object)
		}
		pod.started = true
	}
	for _, step := range timeline.Steps {
		if step.Kind != PodStops {
			continue
		}
		pod := of(step.Object)
		switch {
		case !pod.existed || pod.listed:
		case pod.started:
			s.Restarts = append(s.Restarts, step.Object)
		default:
			s.Stops = append(s.Stops, step.Object)
		}
		pod.listed = true
	}
}

// Add counts another change in.
func (s *Summary) Add(other Summary) {
	for _, lists := range [][2]*[]string{
		{&s.Restarts, &other.Restarts}, {&s.Stops, &other.Stops}, {&s.Starts, &other.Starts}, {&s.Lost, &other.Lost},
		{&s.Unclear, &other.Unclear}, {&s.Kept, &other.Kept}, {&s.Claims, &other.Claims},
		{&s.NamesGone, &other.NamesGone}, {&s.NewNames, &other.NewNames},
	} {
		*lists[0] = append(*lists[0], *lists[1]...)
	}
	s.Stuck = s.Stuck || other.Stuck
	s.Seconds = max(s.Seconds, other.Seconds)
}
