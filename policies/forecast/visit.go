package forecast

import "slices"

// outcome is what a visit of one pod means for the sync.
type outcome int

const (
	next outcome = iota
	// wait ends the sync of an OrderedReady set.
	wait
	// fail ends the sync of a Parallel set, too.
	fail
)

// largestBatch is how many pods of a Parallel set the controller visits at once (MaxBatchSize).
const largestBatch = 500

// visitReplicas visits replicas and reports whether the sync ends there: in order, or for a Parallel set in batches.
func (s *simulation) visitReplicas() (ends bool) {
	end := len(s.replicas)
	for _, pod := range s.busy {
		index := pod.Ordinal - s.Set.Start
		if !s.Set.within(pod.Ordinal) || index >= end {
			continue
		}
		switch s.visitReplica(pod) {
		case next:
		case wait:
			if !s.Set.Parallel {
				return true
			}
		case fail:
			if !s.Set.Parallel {
				return true
			}
			ends, end = true, endOfBatch(index)
		}
	}
	return ends
}

// endOfBatch is the index behind the batch of 1, 2, 4 ... pods that a pod is in.
func endOfBatch(index int) int {
	end := 0
	for size := 1; end <= index; size = min(2*size, largestBatch) {
		end += size
	}
	return end
}

// visitReplica models processReplica: it creates what is missing, and replaces what has ended.
func (s *simulation) visitReplica(pod *Pod) outcome {
	switch pod.Phase {
	case Failed, Succeeded:
		s.stop(pod)
		return wait
	case Pending:
		if !s.createClaims(pod) {
			return fail
		}
		s.alignClaims(pod)
	case Running:
	default:
		if s.hasStaleClaim(pod) {
			return wait
		}
		if !s.createClaims(pod) {
			return fail
		}
		s.start(pod)
		s.alignClaims(pod)
		if !s.Set.Parallel {
			return wait
		}
	}
	if !s.Set.Parallel && (pod.Terminating || pod.Phase != Running || !s.available(pod)) {
		return wait
	}
	s.alignClaims(pod)
	return next
}

// alignCondemned aligns the claims of the pods above the replicas, from the highest down.
func (s *simulation) alignCondemned() {
	for _, pod := range slices.Backward(s.busy) {
		if !s.Set.within(pod.Ordinal) {
			s.alignClaims(pod)
		}
	}
}

// stopCondemned models processCondemned, and reports whether the sync ends there: an OrderedReady set stops one pod after the
// other, and an unavailable pod only where it is the first unavailable one of the set.
func (s *simulation) stopCondemned() (ends bool) {
	for _, pod := range s.condemned {
		inTurn := s.Set.Parallel || pod == s.unavailable || pod.Phase == Running && s.available(pod)
		if inTurn && !pod.Terminating {
			s.stop(pod)
		}
		if !s.Set.Parallel {
			return true
		}
	}
	return false
}

// firstUnavailable is the unavailable pod with the lowest ordinal, replicas first.
func (s *simulation) firstUnavailable() (first *Pod) {
	for _, pod := range s.busy {
		switch {
		case !s.isUnavailable(pod):
		case s.Set.within(pod.Ordinal):
			return pod
		case first == nil:
			first = pod
		}
	}
	return first
}

func (s *simulation) countUnavailable() (count int) {
	for _, pod := range s.busy {
		if s.Set.within(pod.Ordinal) && s.isUnavailable(pod) {
			count++
		}
	}
	return count
}

func (s *simulation) isUnavailable(pod *Pod) bool { return pod.Terminating || !s.available(pod) }

// available reports whether a pod has been Ready for minReadySeconds.
func (s *simulation) available(pod *Pod) bool {
	return pod.Ready && (s.Set.MinReady == 0 || pod.ReadySince+s.Set.MinReady <= s.now)
}
