package forecast

import (
	"slices"
	"strconv"
	"strings"
)

// State is what a forecast starts from: one StatefulSet and what belongs to it.
type State struct {
	Gates Gates
	// Set has an empty name where the StatefulSet does not exist yet.
	Set       Set
	Revisions []Revision
	Pods      []Pod
	Claims    []Claim
	Naming    Naming
}

// Strategy is how a StatefulSet replaces pods after its template changed.
type Strategy string

// Strategies.
const (
	RollingUpdate Strategy = "RollingUpdate"
	OnDelete      Strategy = "OnDelete"
	Recreate      Strategy = "Recreate"
)

// Set has the fields of a StatefulSet that decide what happens to its pods.
type Set struct {
	Namespace string
	Name      string
	UID       string
	Replicas  int
	// Start is the first ordinal.
	Start    int
	Parallel bool
	Strategy Strategy
	// Rolling is nil where the manifest names the strategy RollingUpdate without its parameters.
	Rolling  *Rolling
	MinReady int
	// DeleteWhenDeleted and DeleteWhenScaled are the retention policy of claims.
	DeleteWhenDeleted bool
	DeleteWhenScaled  bool
	// Claims are the names of the volumeClaimTemplates.
	Claims []string
	// Template identifies the pod template: equal templates have equal identifiers.
	Template string
	// History is the revisionHistoryLimit; -1 keeps all revisions.
	History int
	Service string
	// CurrentRevision and CurrentReplicas are fields of the status.
	CurrentRevision string
	CurrentReplicas int
	// Deleting is true during a foreground deletion.
	Deleting bool
}

// Rolling are the parameters of a rolling update.
type Rolling struct {
	Partition int
	// MaxUnavailable counts pods, or is a percentage of the replicas where Percent is true. 0 means 1.
	MaxUnavailable int
	Percent        bool
}

// Revision is a ControllerRevision.
type Revision struct {
	Name     string
	Number   int64
	Template string
}

// Phase is a pod's phase; it is empty for a pod that does not exist.
type Phase string

// Phases.
const (
	Pending   Phase = "Pending"
	Running   Phase = "Running"
	Succeeded Phase = "Succeeded"
	Failed    Phase = "Failed"
)

// Pod is a pod of the set.
type Pod struct {
	Ordinal  int
	UID      string
	Revision string
	Phase    Phase
	Ready    bool
	// ReadySince is in seconds; the forecast starts at 0.
	ReadySince  int
	Terminating bool
	// Broken pods never get Ready, for example because of ImagePullBackOff.
	Broken bool
	// NoAddress is true for a pod that has no IP address yet. Those that start are taken to get one.
	NoAddress bool

	// starting and stopping are what a sync has decided, busy whether the pod is among the busy ones.
	starting, stopping, busy bool
	// name is read by podName.
	name string
	// aligned is true once the owners of the pod's claims are as they should be.
	aligned bool
}

// Claim is a PersistentVolumeClaim of one of the set's pods.
type Claim struct {
	Name        string
	Terminating bool
	Owners      []Owner
	Volume      string
	Reclaim     Reclaim
	// Held is why the object stays after its deletion, for example a finalizer of another controller.
	Held string

	ordinal, template int
}

// Reclaim is the reclaim policy of a claim's volume; it is empty where it is not known.
type Reclaim string

// Reclaim policies.
const (
	ReclaimDelete Reclaim = "Delete"
	ReclaimRetain Reclaim = "Retain"
)

// Owner is an owner reference of a claim.
type Owner struct {
	// Kind is Pod or StatefulSet only where the API version is v1 or apps/v1.
	Kind       string
	Name       string
	UID        string
	Controller bool
}

const (
	podKind = "Pod"
	setKind = "StatefulSet"
)

// PodName is the name of a pod of the set.
func (s Set) PodName(ordinal int) string { return s.Name + "-" + strconv.Itoa(ordinal) }

// DNSName is the name that the governing Service gives a pod of the set.
func (s Set) DNSName(ordinal int) string {
	return s.PodName(ordinal) + "." + s.Service + "." + s.Namespace + ".svc"
}

// ClaimName is the name of the claim that a pod gets from a volumeClaimTemplate.
func (s Set) ClaimName(template string, ordinal int) string {
	return template + "-" + s.PodName(ordinal)
}

// ordinalOf reads the ordinal from the name of one of the set's pods.
func (s Set) ordinalOf(pod string) (int, bool) {
	set, ordinal, is := CutOrdinal(pod)
	return ordinal, is && set == s.Name
}

// CutOrdinal takes the ordinal from the name of a pod or claim: what is left is the name of a StatefulSet, after a claim template.
func CutOrdinal(name string) (rest string, ordinal int, found bool) {
	cut := strings.LastIndexByte(name, '-')
	if cut < 0 {
		return "", 0, false
	}
	number, err := strconv.ParseUint(name[cut+1:], 10, 31)
	return name[:cut], int(number), err == nil
}

// placeOf reads template and ordinal from the name of a claim.
func (s Set) placeOf(claim string) (template, ordinal int, is bool) {
	for template, name := range s.Claims {
		pod, is := strings.CutPrefix(claim, name+"-")
		if ordinal, isPod := s.ordinalOf(pod); is && isPod {
			return template, ordinal, true
		}
	}
	return 0, 0, false
}

// HasPod reports whether a name is that of one of the set's pods.
func (s Set) HasPod(name string) bool { _, is := s.ordinalOf(name); return is }

// HasClaim reports whether a name is that of a claim of one of the set's pods.
func (s Set) HasClaim(name string) bool { _, _, is := s.placeOf(name); return is }

func (s Set) within(ordinal int) bool {
	return ordinal >= s.Start && ordinal < s.Start+s.Replicas
}

func (s Set) partition() int {
	if s.Rolling == nil {
		return 0
	}
	return s.Rolling.Partition
}

// maxUnavailable rounds down, and is at least 1.
func (s Set) maxUnavailable() int {
	if s.Rolling == nil {
		return 1
	}
	count := s.Rolling.MaxUnavailable
	if s.Rolling.Percent {
		count = count * s.Replicas / 100
	}
	return max(count, 1)
}

// clone returns a state that shares nothing with s.
func (s State) clone() State {
	s.Revisions, s.Pods, s.Claims = slices.Clone(s.Revisions), slices.Clone(s.Pods), slices.Clone(s.Claims)
	for index := range s.Claims {
		s.Claims[index].Owners = slices.Clone(s.Claims[index].Owners)
	}
	return s
}
