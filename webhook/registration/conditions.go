package registration

import (
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"github.com/stateward/stateward/policies"
)

// podOfASet recognizes the pods that a StatefulSet made. Anyone may remove the label; the hostname is immutable, and the
// controller makes it the pod's name. Sources: k8s.io/api/apps/v1, initIdentity in pkg/controller/statefulset.
const podOfASet = "(has(oldObject.metadata.labels) && 'statefulset.kubernetes.io/pod-name' in oldObject.metadata.labels || " +
	"has(oldObject.spec.hostname) && oldObject.spec.hostname == oldObject.metadata.name)"

// MatchConditions leave out, before anything is called, what must go through even when Stateward is down.
func MatchConditions() []admissionregistrationv1.MatchCondition {
	return []admissionregistrationv1.MatchCondition{
		{
			Name:       "not-a-controller-finishing-a-deletion",
			Expression: "request.operation != 'DELETE' || !(request.userInfo.username in [" + deletionControllers() + "])",
		},
		{
			Name:       "not-break-glass",
			Expression: "!has(request.userInfo.groups) || !('" + BreakGlassGroup + "' in request.userInfo.groups)",
		},
	}
}

// notTerminating leaves out what is being deleted already, except pods: one that terminates still runs.
func notTerminating() admissionregistrationv1.MatchCondition {
	return admissionregistrationv1.MatchCondition{
		Name: "not-terminating",
		Expression: "request.operation == 'CREATE' || !has(oldObject.metadata.deletionTimestamp) || " +
			"request.resource.resource == 'pods'",
	}
}

// secondDeletions is notTerminating, except that a second deletion with another propagation policy is sent: it
// deletes pods that the first would have kept, or keeps those that it would have deleted.
func secondDeletions() admissionregistrationv1.MatchCondition {
	condition := notTerminating()
	condition.Name = "not-terminating-or-deleted-otherwise"
	condition.Expression += " || (request.operation == 'DELETE' && request.resource.resource == 'statefulsets' && " +
		"(has(request.options.propagationPolicy) || has(request.options.orphanDependents)))"
	return condition
}

func deletionControllers() string {
	return "'" + strings.Join(policies.DeletionControllers(), "', '") + "'"
}

// forcedDeletions leaves out all deletions of pods but those without grace of a StatefulSet's pods by anyone but a
// kubelet: the cluster deletes pods all the time, and must not wait for Stateward. A pod whose set was deleted without it is
// one of them.
func forcedDeletions() admissionregistrationv1.MatchCondition {
	return admissionregistrationv1.MatchCondition{
		Name: "of-pods-only-forced-deletions",
		Expression: strings.Join([]string{
			"request.resource.resource != 'pods' || request.operation != 'DELETE' || (",
			"(has(request.options.gracePeriodSeconds) ? request.options.gracePeriodSeconds == 0 :",
			"has(oldObject.spec.terminationGracePeriodSeconds) && oldObject.spec.terminationGracePeriodSeconds == 0) &&",
			"(" + podOfASet + " ||",
			"has(oldObject.metadata.ownerReferences) &&",
			"oldObject.metadata.ownerReferences.exists(owner, owner.kind == 'StatefulSet')) &&",
			"!(request.userInfo.username.startsWith('system:node:') && has(request.userInfo.groups) &&",
			"'system:nodes' in request.userInfo.groups))",
		}, " "),
	}
}

// boundVolumes leaves out the deletion of volumes that no claim is bound to: provisioners delete those all the time.
func boundVolumes() admissionregistrationv1.MatchCondition {
	return admissionregistrationv1.MatchCondition{
		Name: "of-volumes-only-those-with-a-claim",
		Expression: "request.resource.resource != 'persistentvolumes' || request.operation != 'DELETE' || " +
			"!has(oldObject.status) || !has(oldObject.status.phase) || !(oldObject.status.phase in ['Released', 'Available'])",
	}
}

// differs is true where one of the marks has another value after the request than before.
func differs(field string, marks []string) string {
	value := func(object string) string {
		return strings.NewReplacer("MAP", object+".metadata."+field, "OBJECT", object).Replace(
			"(OBJECT != null && has(MAP) && mark in MAP ? MAP[mark] : '')")
	}
	return "['" + strings.Join(marks, "', '") + "'].exists(mark, " + value("object") + " != " + value("oldObject") + ")"
}
