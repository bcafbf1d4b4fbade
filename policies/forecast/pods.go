package forecast

import (
	"cmp"
	"slices"
	"strconv"
)

// counts are the fields of a set's status that later syncs read.
type counts struct {
	pods, ready, current, updated int
	// currentRevision and updateRevision are those that current and updated count.
	currentRevision, updateRevision string
}

// lay divides the pods into replicas and condemned ones, once the change is made. At first all of them are busy.
func (s *simulation) lay() {
	if !s.gone && s.Set.Name != "" {
		s.replicas = make([]*Pod, s.Set.Replicas)
		for _, pod := range s.pods {
			if s.Set.within(pod.Ordinal) {
				s.replicas[pod.Ordinal-s.Set.Start] = pod
			} else {
				s.condemned = append(s.condemned, pod)
			}
		}
		for index, pod := range s.replicas {
			if pod == nil {
				s.replicas[index] = &Pod{Ordinal: s.Set.Start + index}
			}
		}
		s.pods = slices.Concat(s.condemned, s.replicas)
		slices.SortFunc(s.pods, byOrdinal)
		slices.Reverse(s.condemned)
	}
	s.busy = slices.Clone(s.pods)
	for _, pod := range s.busy {
		pod.busy = true
	}
	s.recount("", s.update)
}

func byOrdinal(a, b *Pod) int { return cmp.Compare(a.Ordinal, b.Ordinal) }

// touch makes a pod busy.
func (s *simulation) touch(pod *Pod) {
	if pod.busy {
		return
	}
	pod.busy = true
	index, _ := slices.BinarySearchFunc(s.busy, pod, byOrdinal)
	s.busy = slices.Insert(s.busy, index, pod)
}

// rest takes pods from the busy ones that are as they should be: for these, a sync does nothing.
func (s *simulation) rest() {
	s.busy = slices.DeleteFunc(s.busy, func(pod *Pod) bool {
		pod.busy = pod.Phase != Running || !s.available(pod) || pod.Terminating || !pod.aligned
		return !pod.busy
	})
}

// alter changes a pod that exists or starts.
func (s *simulation) alter(pod *Pod, change func()) {
	s.count(pod, -1)
	change()
	s.count(pod, 1)
	s.touch(pod)
}

// leave removes a pod. That of a replica is missing then.
func (s *simulation) leave(pod *Pod) {
	s.count(pod, -1)
	if !s.gone && s.Set.within(pod.Ordinal) {
		*pod = Pod{Ordinal: pod.Ordinal, name: pod.name, busy: true}
		return
	}
	s.pods, s.busy, s.condemned = without(s.pods, pod), without(s.busy, pod), without(s.condemned, pod)
	pod.Phase = ""
}

func without(pods []*Pod, pod *Pod) []*Pod {
	index := slices.Index(pods, pod)
	if index < 0 {
		return pods
	}
	return slices.Delete(pods, index, index+1)
}

// count adds a pod to the status, or takes it away.
func (s *simulation) count(pod *Pod, by int) {
	c := &s.counts
	if pod.Phase == "" {
		return
	}
	c.pods += by
	if pod.Phase == Running && pod.Ready {
		c.ready += by
	}
	if pod.Terminating {
		return
	}
	if pod.Revision == c.currentRevision {
		c.current += by
	}
	if pod.Revision == c.updateRevision {
		c.updated += by
	}
}

// recount counts all pods.
func (s *simulation) recount(current, update string) {
	s.counts = counts{currentRevision: current, updateRevision: update}
	for _, pod := range s.pods {
		s.count(pod, 1)
	}
	s.oldest = len(s.replicas) - 1
}

// prepare says with which revision replicas that are missing start.
func (s *simulation) prepare(current, update string) {
	for _, pod := range s.busy {
		if index := pod.Ordinal - s.Set.Start; pod.Phase == "" {
			pod.Revision = s.revisionOf(index, current, update)
			if pod.Revision != update {
				s.oldest = max(s.oldest, index)
			}
		}
	}
}

// highestOld is the highest index of a replica that has not the update revision; it is negative where all have it.
func (s *simulation) highestOld(update string) int {
	for s.oldest >= 0 && s.replicas[s.oldest].Revision == update {
		s.oldest--
	}
	return s.oldest
}

// existing are the pods that are not missing.
func (s *simulation) existing() (pods []*Pod) {
	for _, pod := range s.pods {
		if pod.Phase != "" {
			pods = append(pods, pod)
		}
	}
	return pods
}

func (s *simulation) start(pod *Pod) {
	pod.starting = true
	s.created = append(s.created, pod)
	s.step(Step{Kind: PodStarts, Object: s.podName(pod), Revision: pod.Revision})
}

// stop deletes a pod by its name, as the controller does.
func (s *simulation) stop(pod *Pod) {
	exists := pod.Phase != "" || pod.starting
	if exists && !pod.Terminating && !pod.stopping {
		pod.stopping = true
		s.stopped = append(s.stopped, pod)
		s.step(Step{Kind: PodStops, Object: s.podName(pod), Revision: pod.Revision})
	}
}

// commit makes visible what a sync did.
func (s *simulation) commit() {
	for _, pod := range s.created {
		s.uids++
		s.alter(pod, func() {
			pod.UID, pod.Phase, pod.starting, pod.aligned = "new-pod-"+strconv.Itoa(s.uids), Pending, false, false
			pod.Broken = s.never[s.templates[pod.Revision]]
		})
	}
	for _, pod := range s.stopped {
		s.alter(pod, func() { pod.Terminating = true })
	}
	s.created, s.stopped = s.created[:0], s.stopped[:0]
}
