package forecast

import (
	"cmp"
	"slices"
	"strconv"
)

// stepsPerPod is how many steps a replacement has: stop, gone, start and ready, and one for a claim.
const stepsPerPod = 5

// simulation is a state on its way through time.
type simulation struct {
	State

	pods    []*Pod
	created []*Pod
	// claims are those of an ordinal by template.
	claims map[int][]*Claim
	never  map[string]bool
	// templates are those of all revisions that ever were, by the name of the revision.
	templates map[string]string

	now, round, uids int
	steps            []Step
	changed          bool
	// stopped is true where commit has pods to stop.
	stopped bool
	gone    bool
	marked  string
	update  string
	assumed []string

	// Each sync fills these.
	replicas, condemned []*Pod
	unavailable         *Pod
}

func newSimulation(state State, change Change, assume Assumptions) *simulation {
	s := &simulation{
		State: state.clone(), claims: make(map[int][]*Claim, len(state.Pods)), never: map[string]bool{}, templates: map[string]string{},
	}
	s.steps = make([]Step, 0, stepsPerPod*(len(s.Pods)+1))
	for _, template := range assume.NeverReady {
		s.never[template] = true
	}
	for _, revision := range s.Revisions {
		s.templates[revision.Name] = revision.Template
		if revision.Template == s.Set.Template {
			s.update = revision.Name
		}
	}
	s.pods = make([]*Pod, 0, len(s.Pods))
	for index := range s.Pods {
		pod := &s.Pods[index]
		s.pods = append(s.pods, pod)
		pod.Broken = pod.Broken || pod.Phase == Pending && s.never[s.templates[pod.Revision]]
	}
	slices.SortFunc(s.pods, func(a, b *Pod) int { return cmp.Compare(a.Ordinal, b.Ordinal) })
	set := s.Set
	if change.Action == CreateSet {
		set = change.Set
	}
	s.assumed = s.assumptions(set)
	s.place(set)
	return s
}

// place finds out to which pods claims belong.
func (s *simulation) place(set Set) {
	free := make([]*Claim, len(s.Claims)*len(set.Claims))
	for index := range s.Claims {
		claim := &s.Claims[index]
		template, ordinal, is := set.placeOf(claim.Name)
		if !is {
			continue
		}
		claims := s.claims[ordinal]
		if claims == nil {
			claims, free = free[:len(set.Claims):len(set.Claims)], free[len(set.Claims):]
			s.claims[ordinal] = claims
		}
		claim.template, claim.ordinal = template, ordinal
		claims[template] = claim
	}
}

// newRevision names a revision that the controller creates.
func (s *simulation) newRevision() string {
	const name = "new revision"
	s.templates[name] = s.Set.Template
	return name
}

func (s *simulation) start(pod *Pod) {
	s.uids++
	created := &Pod{
		Ordinal: pod.Ordinal, UID: "new-pod-" + strconv.Itoa(s.uids), Revision: pod.Revision, Phase: Pending,
		Broken: s.never[s.templates[pod.Revision]], name: pod.name,
	}
	s.created = append(s.created, created)
	s.step(Step{Kind: PodStarts, Object: s.podName(pod), Revision: pod.Revision})
}

// stop deletes a pod by its name, as the controller does.
func (s *simulation) stop(pod *Pod) {
	if pod.Phase == "" {
		for _, created := range s.created {
			if created.Ordinal == pod.Ordinal {
				s.stop(created)
			}
		}
		return
	}
	if !pod.Terminating && !pod.stopping {
		pod.stopping, s.stopped = true, true
		s.step(Step{Kind: PodStops, Object: s.podName(pod), Revision: pod.Revision})
	}
}

// commit makes visible what a sync did.
func (s *simulation) commit() {
	for _, pod := range s.created {
		index, _ := slices.BinarySearchFunc(s.pods, pod.Ordinal, func(each *Pod, ordinal int) int { return cmp.Compare(each.Ordinal, ordinal) })
		s.pods = slices.Insert(s.pods, index, pod)
	}
	s.created = s.created[:0]
	if !s.stopped {
		return
	}
	s.stopped = false
	for _, pod := range s.pods {
		pod.Terminating = pod.Terminating || pod.stopping
	}
}

// react is what kubelet, garbage collector and volume controllers do between two syncs.
func (s *simulation) react() {
	var ended []*Pod
	for _, pod := range s.pods {
		if pod.Terminating {
			ended = append(ended, pod)
			s.step(Step{Kind: PodGone, Object: s.podName(pod)})
		}
	}
	if len(ended) > 0 {
		s.pods = slices.DeleteFunc(s.pods, func(pod *Pod) bool { return pod.Terminating })
	}
	for _, pod := range s.pods {
		if !pod.Ready && !pod.Broken && (pod.Phase == Pending || pod.Phase == Running) && s.canMount(pod) {
			pod.Phase, pod.Ready, pod.ReadySince = Running, true, s.now
			s.step(Step{Kind: PodReady, Object: s.podName(pod), Revision: pod.Revision})
		}
	}
	switch {
	case s.round == 1:
		s.collect(s.sortedClaims())
	case len(ended) > 0:
		// Later, owners and users are gone only where pods are.
		var claims []*Claim
		for _, pod := range ended {
			claims = append(claims, s.claimsAt(pod.Ordinal)...)
		}
		s.collect(sorted(claims))
	}
	if s.Set.Deleting && len(s.pods) == 0 && !s.gone {
		s.removeSet()
		s.collect(s.sortedClaims())
	}
}

func (s *simulation) canMount(pod *Pod) bool {
	return !slices.ContainsFunc(s.claimsAt(pod.Ordinal), func(claim *Claim) bool { return claim == nil || claim.Terminating })
}

// collect models the garbage collector, which deletes claims without any owner left, and the protection of claims that a pod
// uses (kubernetes.io/pvc-protection).
func (s *simulation) collect(claims []*Claim) {
	for _, claim := range claims {
		if len(claim.Owners) > 0 && !slices.ContainsFunc(claim.Owners, s.exists) {
			s.deleteClaim(claim)
		} else {
			s.disown(claim, func(owner Owner) bool { return !s.exists(owner) })
		}
		if claim.Terminating && claim.Held == "" && s.podAt(claim.ordinal) == nil {
			s.removeClaim(claim)
		}
	}
}

// exists reports whether an owner exists. The state holds the set and its pods; all other owners are taken to exist.
func (s *simulation) exists(owner Owner) bool {
	if owner.is(setKind, s.Set.Name) {
		return owner.UID == s.Set.UID && !s.gone
	}
	ordinal, isPod := s.Set.ordinalOf(owner.Name)
	if owner.Kind != podKind || !isPod {
		return true
	}
	pod := s.podAt(ordinal)
	return pod != nil && pod.UID == owner.UID
}

// podAt finds a pod by its ordinal.
func (s *simulation) podAt(ordinal int) *Pod {
	index, found := slices.BinarySearchFunc(s.pods, ordinal, func(pod *Pod, ordinal int) int { return cmp.Compare(pod.Ordinal, ordinal) })
	if !found {
		return nil
	}
	return s.pods[index]
}

func (s *simulation) disown(claim *Claim, removed func(Owner) bool) {
	if !slices.ContainsFunc(claim.Owners, removed) {
		return
	}
	claim.Owners = slices.DeleteFunc(claim.Owners, removed)
	s.misalign(claim)
	s.step(Step{Kind: ClaimOwned, Object: claim.Name, Owners: slices.Clone(claim.Owners)})
}

// misalign makes the next sync look at a claim again.
func (s *simulation) misalign(claim *Claim) {
	if pod := s.podAt(claim.ordinal); pod != nil {
		pod.aligned = false
	}
}

func (s *simulation) removeClaim(claim *Claim) {
	s.claims[claim.ordinal][claim.template] = nil
	s.misalign(claim)
	s.step(Step{Kind: ClaimGone, Object: claim.Name})
	if claim.Volume == "" {
		return
	}
	kind := VolumeUnknown
	switch {
	case claim.Reclaim == ReclaimDelete:
		kind = VolumeDeleted
	case claim.Reclaim == ReclaimRetain && claim.Name != s.marked:
		kind = VolumeKept
	}
	s.step(Step{Kind: kind, Object: claim.Volume, Claim: claim.Name})
}

// sortedClaims are all claims by name.
func (s *simulation) sortedClaims() (all []*Claim) {
	for _, claims := range s.claims {
		all = append(all, claims...)
	}
	return sorted(all)
}

func sorted(claims []*Claim) []*Claim {
	claims = slices.DeleteFunc(claims, func(claim *Claim) bool { return claim == nil })
	slices.SortFunc(claims, func(a, b *Claim) int { return cmp.Compare(a.Name, b.Name) })
	return claims
}
