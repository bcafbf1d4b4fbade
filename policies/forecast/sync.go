package forecast

import (
	"cmp"
	"slices"
)

// counts are the fields of a set's status that later syncs read.
type counts struct {
	pods, ready, current, updated int
}

// sync models one run of the controller: UpdateStatefulSet in stateful_set_control.go. Like the controller, it decides on the
// pods as they were at its beginning: what it stops and creates is visible to the next sync.
func (s *simulation) sync() {
	if s.Set.Name == "" {
		return
	}
	current, update := s.revisions()
	s.update = update
	status := s.count(current, update)
	s.list(current, update)
	if !s.Set.Deleting {
		status.current -= s.reconcile(update)
	}
	s.complete(current, update, status)
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

// list fills replicas, with pods that are still to be created, and condemned pods from the highest ordinal down.
func (s *simulation) list(current, update string) {
	s.replicas = slices.Grow(s.replicas[:0], s.Set.Replicas)[:s.Set.Replicas]
	s.condemned = s.condemned[:0]
	if s.isComplete() {
		copy(s.replicas, s.pods)
		return
	}
	clear(s.replicas)
	for index := len(s.pods) - 1; index >= 0; index-- {
		pod := s.pods[index]
		if s.Set.within(pod.Ordinal) {
			s.replicas[pod.Ordinal-s.Set.Start] = pod
		} else {
			s.condemned = append(s.condemned, pod)
		}
	}
	for index, pod := range s.replicas {
		if pod == nil {
			s.replicas[index] = &Pod{Ordinal: s.Set.Start + index, Revision: s.revisionOf(index, current, update)}
		}
	}
}

// isComplete reports whether the pods are just those that the set asks for.
func (s *simulation) isComplete() bool {
	count := len(s.pods)
	return count == s.Set.Replicas && count > 0 && s.Set.within(s.pods[0].Ordinal) && s.Set.within(s.pods[count-1].Ordinal)
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
	if s.each(s.replicas, s.visitReplica) || s.each(s.condemned, s.visitClaims) || s.each(s.condemned, s.visitCondemned) {
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
	for _, pods := range [][]*Pod{s.replicas, s.condemned} {
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
	for index := len(s.replicas) - 1; index >= s.Set.partition(); index-- {
		pod := s.replicas[index]
		if pod.Revision != update && !pod.Terminating {
			s.stop(pod)
			return 1
		}
		if !s.available(pod) || pod.Terminating {
			return 0
		}
	}
	return 0
}

// updateSome stops pods of old revisions from the highest ordinal down, at most budget.
func (s *simulation) updateSome(update string, budget int) (stopped int) {
	for index := len(s.replicas) - 1; index >= s.Set.partition() && stopped < budget; index-- {
		if pod := s.replicas[index]; pod.Revision != update && !pod.Terminating {
			s.stop(pod)
			stopped++
		}
	}
	return stopped
}

// updateParallel stops all unavailable pods of old revisions, and as many others as maxUnavailable leaves.
func (s *simulation) updateParallel(update string) (stopped int) {
	unavailable, old := s.countUnavailable(), 0
	for _, pod := range s.replicas {
		if pod.Revision != update && !pod.Terminating && !s.available(pod) {
			old++
		}
	}
	if unavailable >= s.Set.maxUnavailable() && old == 0 {
		return 0
	}
	budget := s.Set.maxUnavailable() - unavailable
	for index := len(s.replicas) - 1; index >= s.Set.partition(); index-- {
		pod := s.replicas[index]
		if pod.Revision == update || pod.Terminating {
			continue
		}
		switch {
		case !s.available(pod):
			s.stop(pod)
			stopped++
		case budget > 0:
			s.stop(pod)
			stopped++
			budget--
		}
	}
	return stopped
}

// count reads the pods as a status reports them.
func (s *simulation) count(current, update string) (status counts) {
	for _, pod := range s.pods {
		status.pods++
		if pod.Phase == Running && pod.Ready {
			status.ready++
		}
		if pod.Terminating {
			continue
		}
		if pod.Revision == current {
			status.current++
		}
		if pod.Revision == update {
			status.updated++
		}
	}
	return status
}

// complete writes the status. An update is complete when all pods are Ready at the update revision.
func (s *simulation) complete(current, update string, status counts) {
	completes := s.Set.Strategy == RollingUpdate || !s.Gates.Before137
	if wanted := s.Set.Replicas; completes && status.updated == wanted && status.ready == wanted && status.pods == wanted {
		current, status.current = update, status.updated
	}
	if s.Set.CurrentRevision != current || s.Set.CurrentReplicas != status.current {
		s.Set.CurrentRevision, s.Set.CurrentReplicas = current, status.current
		s.changed = true
	}
}

// truncate deletes the oldest revisions that no pod has, above the limit.
func (s *simulation) truncate(current, update string) {
	if s.Set.History < 0 || len(s.Revisions) <= s.Set.History {
		return
	}
	live := map[string]bool{current: true, update: true}
	for _, pod := range s.pods {
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
