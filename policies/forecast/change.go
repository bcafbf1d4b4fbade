package forecast

// Action is what a change does.
type Action string

// Actions.
const (
	// Continue changes nothing: the forecast says how the state goes on.
	Continue        Action = "continue"
	CreateSet       Action = "create"
	UpdateSet       Action = "update"
	DeleteSet       Action = "delete"
	DeleteNamespace Action = "delete namespace"
	DeleteClaim     Action = "delete claim"
	DeleteVolume    Action = "delete volume"
	DeleteService   Action = "delete service"
	DeletePod       Action = "delete pod"
)

// Propagation is what the deletion of a StatefulSet does to its pods.
type Propagation string

// Propagations.
const (
	Background Propagation = "background"
	Foreground Propagation = "foreground"
	Orphan     Propagation = "orphan"
)

// Change is one request.
type Change struct {
	Action Action
	// Set is the StatefulSet after CreateSet or UpdateSet. Its UID and its status are taken from the state.
	Set Set
	// Propagation is for DeleteSet.
	Propagation Propagation
	// Name is that of the claim, volume, Service or pod to delete.
	Name string
}

// Assumptions are what a forecast cannot know.
type Assumptions struct {
	// NeverReady are templates whose pods never get Ready.
	NeverReady []string
}

// apply makes the change itself; the rest follows from it.
func (s *simulation) apply(change Change) {
	switch change.Action {
	case CreateSet, UpdateSet:
		uid, revision, replicas := s.Set.UID, s.Set.CurrentRevision, s.Set.CurrentReplicas
		if uid == "" {
			uid = "new-set"
		}
		s.Set = change.Set
		s.Set.UID, s.Set.CurrentRevision, s.Set.CurrentReplicas = uid, revision, replicas
	case DeleteSet:
		s.deleteSet(change.Propagation)
	case DeleteNamespace:
		s.stopAll()
		for _, claim := range s.sortedClaims() {
			s.deleteClaim(claim)
		}
		s.removeSet()
	case DeleteClaim:
		for _, claim := range s.sortedClaims() {
			if claim.Name == change.Name {
				s.deleteClaim(claim)
			}
		}
	case DeletePod:
		for _, pod := range s.pods {
			if s.podName(pod) == change.Name {
				s.stop(pod)
				pod.Terminating = true
			}
		}
	case DeleteVolume:
		s.deleteVolume(change.Name)
	case DeleteService:
		s.step(Step{Kind: ServiceDeleted, Object: change.Name})
		if change.Name != s.Set.Service {
			return
		}
		for _, pod := range s.pods {
			if s.Naming.has(pod) {
				s.step(Step{Kind: NameGone, Object: s.Set.DNSName(pod.Ordinal)})
			}
		}
	case Continue:
	}
}

func (s *simulation) deleteSet(propagation Propagation) {
	switch propagation {
	case Orphan:
		for _, claim := range s.sortedClaims() {
			s.disown(claim, func(owner Owner) bool { return owner.UID == s.Set.UID })
		}
		s.removeSet()
	case Foreground:
		// The set exists until its pods and claims are gone, and the controller does nothing more for it.
		s.Set.Deleting = true
		s.stopAll()
		for _, claim := range s.sortedClaims() {
			if claim.isOwnedBy(s.Set.UID) && len(claim.Owners) == 1 {
				s.deleteClaim(claim)
			}
		}
	case Background:
		s.stopAll()
		s.removeSet()
	}
}

// removeSet deletes the object of the set; its name is kept, because names of pods and claims follow from it.
func (s *simulation) removeSet() {
	if s.gone {
		return
	}
	s.gone = true
	s.step(Step{Kind: SetDeleted, Object: s.Set.Name})
}

func (s *simulation) stopAll() {
	for _, pod := range s.pods {
		s.stop(pod)
		pod.Terminating = true
	}
}

func (s *simulation) deleteClaim(claim *Claim) {
	if !claim.Terminating {
		claim.Terminating = true
		s.step(Step{Kind: ClaimDeleted, Object: claim.Name})
	}
}

// deleteVolume marks a volume that a claim is bound to: the API server keeps it until the claim is deleted
// (kubernetes.io/pv-protection).
func (s *simulation) deleteVolume(name string) {
	s.step(Step{Kind: VolumeMarked, Object: name})
	for _, claim := range s.sortedClaims() {
		if claim.Volume == name {
			s.marked = claim.Name
			return
		}
	}
	s.step(Step{Kind: VolumeUnknown, Object: name})
}
