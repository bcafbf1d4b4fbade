package forecast

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

// each visits pods and reports whether the sync ends there: in order, or for a Parallel set in batches of 1, 2, 4 ...
func (s *simulation) each(pods []*Pod, visit func(*Pod) outcome) (ends bool) {
	for size := 1; len(pods) > 0; size = min(2*size, largestBatch) {
		batch := pods[:min(size, len(pods))]
		pods = pods[len(batch):]
		for _, pod := range batch {
			switch visit(pod) {
			case next:
			case wait:
				if !s.Set.Parallel {
					return true
				}
			case fail:
				if !s.Set.Parallel {
					return true
				}
				ends = true
			}
		}
		if ends {
			return true
		}
	}
	return false
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

func (s *simulation) visitClaims(pod *Pod) outcome {
	s.alignClaims(pod)
	return next
}

// visitCondemned models processCondemned: an OrderedReady set stops one pod after the other, and an unavailable pod only where
// it is the first unavailable one of the set.
func (s *simulation) visitCondemned(pod *Pod) outcome {
	if pod.Terminating {
		return wait
	}
	if !s.Set.Parallel && pod != s.unavailable && (pod.Phase != Running || !s.available(pod)) {
		return wait
	}
	s.stop(pod)
	return wait
}

// firstUnavailable is the unavailable pod with the lowest ordinal, replicas first.
func (s *simulation) firstUnavailable() *Pod {
	for _, pod := range s.replicas {
		if pod.Terminating || !s.available(pod) {
			return pod
		}
	}
	for index := len(s.condemned) - 1; index >= 0; index-- {
		if pod := s.condemned[index]; pod.Terminating || !s.available(pod) {
			return pod
		}
	}
	return nil
}

func (s *simulation) countUnavailable() (count int) {
	for _, pod := range s.replicas {
		if pod.Terminating || !s.available(pod) {
			count++
		}
	}
	return count
}

// available reports whether a pod has been Ready for minReadySeconds.
func (s *simulation) available(pod *Pod) bool {
	return pod.Ready && (s.Set.MinReady == 0 || pod.ReadySince+s.Set.MinReady <= s.now)
}
