package forecast

import (
	"fmt"
	"slices"
	"strings"
)

// EndKind is how a forecast ends.
type EndKind string

// Ends.
const (
	Settled EndKind = "settled"
	// WaitsForPerson needs a command before it goes on, as it was asked to.
	WaitsForPerson EndKind = "waits"
	Stuck          EndKind = "stuck"
	// Endless repeats the same steps for ever.
	Endless    EndKind = "endless"
	Unmodelled EndKind = "not modelled"
)

// End is where a forecast stops.
type End struct {
	Kind EndKind
	// Pods are those that are not as the StatefulSet asks.
	Pods []string
	// Reason is a sentence for people.
	Reason string
	// Command lets the rollout go on.
	Command string
}

func (s *simulation) end() End {
	if s.gone {
		return s.endOfDeletion()
	}
	if s.Set.Deleting {
		return End{Kind: Stuck, Pods: s.names(s.existing()), Reason: "pods keep the deletion of the StatefulSet waiting"}
	}
	var unready, old, held []*Pod
	for index, pod := range s.replicas {
		switch {
		case !pod.Ready:
			unready = append(unready, pod)
		case pod.Revision == s.update:
		case s.Set.Strategy == RollingUpdate && index < s.Set.partition():
			held = append(held, pod)
		default:
			old = append(old, pod)
		}
	}
	switch {
	case len(unready) > 0 || len(s.condemned) > 0:
		return s.endStuck(unready)
	case s.Set.Strategy == OnDelete && len(old) > 0:
		names := s.names(old)
		return End{
			Kind: WaitsForPerson, Pods: names, Command: s.kubectl("delete pod " + strings.Join(names, " ")),
			Reason: "with the update strategy OnDelete, a pod gets the new revision only when it is deleted",
		}
	case len(old) > 0:
		return End{Kind: Stuck, Pods: s.names(old), Reason: "these pods keep an old revision"}
	case len(held) > 0:
		return End{
			Kind: WaitsForPerson, Pods: s.names(held), Reason: fmt.Sprintf("partition %d keeps these pods at their revision", s.Set.partition()),
			Command: s.patchPartition(),
		}
	default:
		return s.endSettled()
	}
}

// endSettled mentions claims that wait for their pods to stop.
func (s *simulation) endSettled() End {
	for _, claim := range s.sortedClaims() {
		if pod := s.podAt(claim.ordinal); claim.Terminating && pod != nil {
			return End{Kind: Settled, Reason: fmt.Sprintf("claim %s is deleted when %s stops the next time (kubernetes.io/pvc-protection)",
				claim.Name, s.podName(pod))}
		}
	}
	return End{Kind: Settled}
}

func (s *simulation) endOfDeletion() End {
	for _, claim := range s.sortedClaims() {
		if claim.Terminating && claim.Held != "" {
			return End{Kind: Stuck, Reason: "claim " + claim.Name + " stays: " + claim.Held}
		}
	}
	return s.endSettled()
}

// endStuck names the pod that everything waits for.
func (s *simulation) endStuck(unready []*Pod) End {
	for _, pod := range unready {
		if claim := s.terminatingClaim(pod); claim != "" {
			return End{
				Kind: Stuck, Pods: s.names(unready), Command: s.kubectl("delete pod " + s.podName(pod)),
				Reason: "claim " + claim + " is being deleted, and pod " + s.podName(pod) + " still uses it: the claim is gone when the pod is",
			}
		}
	}
	if len(unready) == 0 {
		return s.endOfScaleDown()
	}
	names := s.names(unready)
	first := unready[0]
	if !s.Set.Parallel {
		names = names[:1]
	}
	end := End{Kind: Stuck, Pods: names, Command: s.kubectl("delete pod " + strings.Join(names, " "))}
	switch {
	case first.Revision == s.update:
		end.Reason = fmt.Sprintf("%s of the newest revision does not get Ready: apply a template that works", strings.Join(names, ", "))
		if !s.Set.Parallel {
			end.Reason += ", then delete the pod: an OrderedReady set does not replace a pod that is not Ready (kubernetes/kubernetes#67250)"
		}
	case first.Ordinal-s.Set.Start < s.Set.partition():
		end.Reason = fmt.Sprintf("%s does not get Ready, and partition %d keeps it at its revision", strings.Join(names, ", "), s.Set.partition())
		end.Command = s.kubectl("describe pod " + strings.Join(names, " "))
	case s.startsAsBefore(first):
		end.Reason = fmt.Sprintf("%s is not Ready and starts with its old revision again when it is deleted: set spec.updateStrategy.rollingUpdate to {partition: 0}, then delete it",
			strings.Join(names, ", "))
		end.Command = s.patchPartition() + " && " + end.Command
	case s.Set.Parallel:
		end.Reason = fmt.Sprintf("%s does not get Ready and keeps an old revision", strings.Join(names, ", "))
	default:
		end.Reason = fmt.Sprintf("%s of an old revision is not Ready, and an OrderedReady set waits for it before it replaces any pod (kubernetes/kubernetes#67250)", names[0])
	}
	return end
}

// startsAsBefore reports whether the controller starts a pod of an old revision with the current revision again: it does so for
// the first status.currentReplicas pods where spec.updateStrategy.rollingUpdate is not set.
func (s *simulation) startsAsBefore(pod *Pod) bool {
	return s.Set.Rolling == nil && s.revisionOf(pod.Ordinal-s.Set.Start, s.Set.CurrentRevision, s.update) != s.update
}

// patchPartition is the command that lets an update reach all pods.
func (s *simulation) patchPartition() string {
	return s.kubectl(`patch statefulset ` + s.Set.Name + ` --type merge -p '{"spec":{"updateStrategy":{"rollingUpdate":{"partition":0}}}}'`)
}

// endOfScaleDown is for pods above the replicas that the controller does not stop.
func (s *simulation) endOfScaleDown() End {
	var broken []*Pod
	for _, pod := range s.condemned {
		if !pod.Ready {
			broken = append(broken, pod)
		}
	}
	slices.Reverse(broken)
	return End{
		Kind: Stuck, Pods: s.names(broken), Command: s.kubectl("delete pod " + strings.Join(s.names(broken), " ")),
		Reason: "several pods above the new number of replicas are not Ready, and an OrderedReady set stops the highest pod only when those below it are Ready",
	}
}

func (s *simulation) terminatingClaim(pod *Pod) string {
	for _, claim := range s.claimsAt(pod.Ordinal) {
		if claim != nil && claim.Terminating {
			return claim.Name
		}
	}
	return ""
}

// podName makes a pod's name once.
func (s *simulation) podName(pod *Pod) string {
	if pod.name == "" {
		pod.name = s.Set.PodName(pod.Ordinal)
	}
	return pod.name
}

func (s *simulation) names(pods []*Pod) (names []string) {
	for _, pod := range pods {
		names = append(names, s.podName(pod))
	}
	return names
}

func (s *simulation) kubectl(command string) string {
	return "kubectl -n " + s.Set.Namespace + " " + command
}

// assumptions lists what a forecast takes for granted about pods that exist.
func (s *simulation) assumptions(set Set) (list []string) {
	var notReady, broken []string
	for _, pod := range s.Pods {
		switch {
		case pod.Broken:
			broken = append(broken, set.PodName(pod.Ordinal))
		case !pod.Ready && !pod.Terminating:
			notReady = append(notReady, set.PodName(pod.Ordinal))
		}
	}
	if len(notReady) > 0 {
		list = append(list, strings.Join(notReady, ", ")+" will get Ready")
	}
	if len(broken) > 0 {
		list = append(list, strings.Join(broken, ", ")+" will not get Ready")
	}
	return list
}

// allAssumptions adds what is taken for granted about pods that start.
func (s *simulation) allAssumptions() []string {
	works, fails := false, false
	for _, step := range s.steps {
		if step.Kind == PodStarts {
			works, fails = works || !s.never[s.templates[step.Revision]], fails || s.never[s.templates[step.Revision]]
		}
	}
	list := s.assumed
	if fails {
		list = append([]string{"new pods of a template whose pods are not Ready today do not get Ready"}, list...)
	}
	if works {
		list = append([]string{"new pods get Ready; how long it takes is not known"}, list...)
	}
	return list
}

// unknown lists what the state does not say.
func (s *simulation) unknown() (list []string) {
	for _, step := range s.steps {
		if step.Kind == VolumeUnknown {
			list = append(list, "whether the data of volume "+step.Object+" are kept: its reclaim policy is not known")
		}
	}
	return list
}
