package forecast

import (
	"cmp"
	"slices"
)

// sync models one run of the controller: UpdateStatefulSet in stateful_set_control.go. Like the controller, it decides on the
// pods as they were at its beginning: what it stops and creates is visible to the next sync.
func (s *simulation) sync() {
	if s.Set.Name == "" {
		return
	}
	current, update := s.revisions()
	s.update = update
	if s.counts.currentRevision != current || s.counts.updateRevision != update {
		s.recount(current, update)
	}
	s.rest()
	s.prepare(current, update)
	stopped := 0
	if !s.Set.Deleting {
		stopped = s.reconcile(update)
	}
	s.complete(current, update, stopped)
	s.truncate(current, update)
	s.commit()
}

// revisions returns the current and the update revision, and creates or reuses the latter.
func (s *simulation) revisions() (current, update string) {
	slices.SortFunc(s.Revisions, func(a, b Revision) int { return cmp.Compare(a.Number, b.Number) })
	last := len(s.Revisions) - 1
	equal := -1
	for index, revision := range s.Revisions {
		if revision.Template == s.Set.Template {
			equal = index
		}
		if revision.Name == s.Set.CurrentRevision {
			current = revision.Name
		}
	}
	var next int64 = 1
	if last >= 0 {
		next = s.Revisions[last].Number + 1
	}
	switch {
	case equal < 0:
		update = s.newRevision()
		s.Revisions = append(s.Revisions, Revision{Name: update, Number: next, Template: s.Set.Template})
		s.step(Step{Kind: RevisionCreated, Object: update})
	default:
		update = s.Revisions[equal].Name
		if equal != last {
			s.Revisions[equal].Number = next
			s.step(Step{Kind: RevisionReused, Object: update})
		}
	}
	if current == "" {
		current = update
	}
	return current, update
}

// revisionOf is the revision with which a pod is created. Where the strategy has no parameters, status.currentReplicas takes
// the place of the partition.
func (s *simulation) revisionOf(index int, current, update string) string {
	keep := s.Set.partition()
	if s.Set.Rolling == nil && s.Set.Strategy == RollingUpdate {
		keep = s.Set.CurrentReplicas
	}
	if index < keep {
		return current
	}
	return update
}

// reconcile creates and stops pods, and returns how many it stopped for an update.
func (s *simulation) reconcile(update string) (stopped int) {
	if s.Set.Strategy == Recreate && s.recreate(update) {
		return 0
	}
	s.unavailable = nil
	if len(s.condemned) > 0 {
		s.unavailable = s.firstUnavailable()
	}
	if s.visitReplicas() {
		return 0
	}
	s.alignCondemned()
	if s.stopCondemned() {
		return 0
	}
	switch {
	case s.Set.Strategy != RollingUpdate:
		return 0
	case !s.Gates.MaxUnavailable:
		return s.updateOne(update)
	case s.Set.Parallel && !s.Gates.Before137:
		return s.updateParallel(update)
	default:
		return s.updateSome(update, s.Set.maxUnavailable()-s.countUnavailable())
	}
}

// recreate stops all pods of other revisions, and reports whether some of them still exist.
func (s *simulation) recreate(update string) (busy bool) {
	for _, pods := range [][]*Pod{s.replicas[:s.highestOld(update)+1], s.condemned} {
		for _, pod := range pods {
			if pod.Phase != "" && pod.Revision != update {
				s.stop(pod)
				busy = true
			}
		}
	}
	return busy
}

// updateOne stops the highest pod of an old revision, once all pods above it are available.
func (s *simulation) updateOne(update string) int {
	index := s.highestOld(update)
	if index < s.Set.partition() {
		return 0
	}
	pod := s.replicas[index]
	for _, other := range slices.Backward(s.busy) {
		if other.Ordinal > pod.Ordinal && s.Set.within(other.Ordinal) && s.isUnavailable(other) {
			return 0
		}
	}
	if pod.Terminating {
		return 0
	}
	s.stop(pod)
	return 1
}

// updateSome stops pods of old revisions from the highest ordinal down, at most budget.
func (s *simulation) updateSome(update string, budget int) (stopped int) {
	for index := s.highestOld(update); index >= s.Set.partition() && stopped < budget; index-- {
		if pod := s.replicas[index]; pod.Revision != update && !pod.Terminating {
			s.stop(pod)
			stopped++
		}
	}
	return stopped
}

// updateParallel stops all unavailable pods of old revisions, and as many others as maxUnavailable leaves.
func (s *simulation) updateParallel(update string) (stopped int) {
	budget, partition := s.Set.maxUnavailable()-s.countUnavailable(), s.Set.partition()
	for _, pod := range slices.Backward(s.busy) {
		index := pod.Ordinal - s.Set.Start
		if s.Set.within(pod.Ordinal) && index >= partition && pod.Revision != update && !pod.Terminating && !s.available(pod) {
			s.stop(pod)
			stopped++
		}
	}
	for index := s.highestOld(update); index >= partition && budget > 0; index-- {
		if pod := s.replicas[index]; pod.Revision != update && !s.isUnavailable(pod) {
			s.stop(pod)
			stopped++
			budget--
		}
	}
	return stopped
}

// complete writes the status. An update is complete when all pods are Ready at the update revision.
func (s *simulation) complete(current, update string, stopped int) {
	completes := s.Set.Strategy == RollingUpdate || !s.Gates.Before137
	left := s.counts.current - stopped
	if c, wanted := s.counts, s.Set.Replicas; completes && c.updated == wanted && c.ready == wanted && c.pods == wanted {
		current, left = update, c.updated
	}
	if s.Set.CurrentRevision != current || s.Set.CurrentReplicas != left {
		s.Set.CurrentRevision, s.Set.CurrentReplicas = current, left
		s.changed = true
	}
}

// truncate deletes the oldest revisions that no pod has, above the limit.
func (s *simulation) truncate(current, update string) {
	// The current and the update revision are never among those.
	if s.Set.History < 0 || len(s.Revisions) <= s.Set.History+1 || current != update && len(s.Revisions) == s.Set.History+2 {
		return
	}
	live := map[string]bool{current: true, update: true}
	for _, pod := range s.existing() {
		live[pod.Revision] = true
	}
	var unused []string
	for _, revision := range s.Revisions {
		if !live[revision.Name] {
			unused = append(unused, revision.Name)
		}
	}
	for _, name := range unused[:max(len(unused)-s.Set.History, 0)] {
		s.Revisions = slices.DeleteFunc(s.Revisions, func(each Revision) bool { return each.Name == name })
		s.step(Step{Kind: RevisionDeleted, Object: name})
	}
}
