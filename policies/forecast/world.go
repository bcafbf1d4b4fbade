package forecast

import (
	"cmp"
	"slices"
)

// simulation is a state on its way through time.
type simulation struct {
	State

	// pods are those that exist and replicas that are missing, sorted by ordinal. A missing one has no phase.
	pods []*Pod
	// replicas are the pods that the set asks for, by index, and condemned all others, the highest first.
	replicas, condemned []*Pod
	// busy are pods that the controller, the kubelet or the garbage collector may have something to do with, sorted by ordinal.
	// Most pods of a large set are not, and no round looks at them.
	busy []*Pod
	// counts are of all pods, and oldest is at least the highest index of a replica that has not the update revision.
	counts counts
	oldest int
	// claims are those of an ordinal by template.
	claims map[int][]*Claim
	// byName are all claims, where sortedClaims has sorted them since the last one was created or removed.
	byName []*Claim
	never  map[string]bool
	// templates are those of all revisions that ever were, by the name of the revision.
	templates map[string]string

	now, round, uids int
	steps            []Step
	changed          bool
	gone             bool
	marked           string
	update           string
	assumed          []string

	// A sync creates and stops these, and commit makes it visible.
	created, stopped []*Pod
	// unavailable is the first unavailable pod at the beginning of a sync.
	unavailable *Pod
}

func newSimulation(state State, change Change, assume Assumptions) *simulation {
	s := &simulation{
		State: state.clone(), claims: make(map[int][]*Claim, len(state.Pods)), never: map[string]bool{}, templates: map[string]string{},
	}
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

// react is what kubelet, garbage collector and volume controllers do between two syncs.
func (s *simulation) react() {
	var ended []*Pod
	for _, pod := range s.busy {
		if pod.Terminating {
			ended = append(ended, pod)
			s.step(Step{Kind: PodGone, Object: s.podName(pod)})
		}
	}
	for _, pod := range ended {
		s.leave(pod)
	}
	for _, pod := range s.busy {
		if !pod.Ready && !pod.Broken && (pod.Phase == Pending || pod.Phase == Running) && s.canMount(pod) {
			s.alter(pod, func() { pod.Phase, pod.Ready, pod.ReadySince, pod.NoAddress = Running, true, s.now, false })
			s.step(Step{Kind: PodReady, Object: s.podName(pod), Revision: pod.Revision})
		}
	}
	switch {
	case s.round == 1:
		s.collect(s.sortedClaims())
	case len(ended) > 0:
		// Later, owners and users are gone only where pods are.
		claims := make([]*Claim, 0, len(ended)*len(s.Set.Claims))
		for _, pod := range ended {
			claims = append(claims, s.claimsAt(pod.Ordinal)...)
		}
		s.collect(sorted(claims))
	}
	if s.Set.Deleting && s.counts.pods == 0 && !s.gone {
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
	if !found || s.pods[index].Phase == "" {
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
		s.touch(pod)
	}
}

func (s *simulation) removeClaim(claim *Claim) {
	s.claims[claim.ordinal][claim.template], s.byName = nil, nil
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
func (s *simulation) sortedClaims() []*Claim {
	if s.byName == nil {
		s.byName = make([]*Claim, 0, len(s.claims)*len(s.Set.Claims))
		for _, claims := range s.claims {
			s.byName = append(s.byName, claims...)
		}
		s.byName = sorted(s.byName)
	}
	return s.byName
}

func sorted(claims []*Claim) []*Claim {
	claims = slices.DeleteFunc(claims, func(claim *Claim) bool { return claim == nil })
	slices.SortFunc(claims, func(a, b *Claim) int { return cmp.Compare(a.Name, b.Name) })
	return claims
}
