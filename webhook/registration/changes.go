package registration

import (
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"github.com/stateward/stateward/policies"
)

// entryFor is the entry for requests that make a change, with the condition that leaves out all others: no kubelet and no
// controller waits for Stateward. Frequent updates of pods succeed when Stateward does not answer; a change that
// would have a later effect does not.
func entryFor(change policies.Change) entry {
	strict := func(name string, conditions ...admissionregistrationv1.MatchCondition) entry {
		return entry{
			name: name + ".stateward.dev", policy: admissionregistrationv1.Fail, timeout: timeoutSeconds,
			conditions: append(MatchConditions(), conditions...),
		}
	}
	lenient := func(name string, conditions ...admissionregistrationv1.MatchCondition) entry {
		lenient := strict(name, conditions...)
		lenient.policy, lenient.timeout = admissionregistrationv1.Ignore, shortTimeoutSeconds
		return lenient
	}
	switch change {
	case policies.Owners:
		return strict("owner", notTerminating(), addedOwner())
	case policies.Finalizers:
		return strict("protection", removedProtection())
	case policies.ReclaimPolicy:
		return lenient("reclaim", notTerminating(), condition("the-reclaim-policy-changes",
			"object.spec.persistentVolumeReclaimPolicy != oldObject.spec.persistentVolumeReclaimPolicy"))
	case policies.ClaimRef:
		return strict("claim-ref", notTerminating(), changedClaimRef())
	case policies.Images:
		return lenient("image", notTerminating(), changedImage())
	case policies.Labels:
		return lenient("label", notTerminating(), changedLabel())
	case policies.Grace:
		return lenient("eviction", condition("no-grace-period",
			"!has(object.deleteOptions) || !has(object.deleteOptions.gracePeriodSeconds) || object.deleteOptions.gracePeriodSeconds == 0"))
	case policies.Selection:
		return strict("selection", notTerminating(), condition("a-label-changes",
			"(has(object.metadata.labels) ? object.metadata.labels : {}) != (has(oldObject.metadata.labels) ? oldObject.metadata.labels : {})"))
	case policies.FourEyes:
		return strict("four-eyes", condition("four-eyes-are-on", "has(oldObject.spec.fourEyes) && oldObject.spec.fourEyes"))
	case policies.Members:
		return lenient("members", removedMember())
	case policies.Nodes:
		// Where Stateward is down since its node is, that node must go all the same.
		return lenient("nodes", notTerminating(), byPeople())
	case policies.Attachments:
		// What detaches the volumes of a node that is lost must not wait for what may have run there.
		return lenient("attachments", notTerminating(), byPeople())
	case policies.References:
		// Programs delete and make them all the time, and pods that run do not need them.
		return lenient("references", notTerminating(), notOfRelease(), notByKubernetes())
	case policies.Snapshots:
		// Programs that keep only the latest snapshots must not fail for it, and full storage is an outage. What the snapshot
		// controller and the sidecars of drivers write all the time reaches no webhook.
		return lenient("snapshots", notTerminating(), condition("deleted-or-the-deletion-policy-changes",
			"request.operation == 'DELETE' || object.spec.deletionPolicy != oldObject.spec.deletionPolicy"))
	default:
		return strict("confirmation", notTerminating(), condition("metadata-changes",
			differs("annotations", policies.ConfirmationAnnotations())+" || "+differs("labels", policies.ProtectionLabels())))
	}
}

func condition(name string, parts ...string) admissionregistrationv1.MatchCondition {
	return admissionregistrationv1.MatchCondition{Name: name, Expression: strings.Join(parts, " ")}
}

func addedOwner() admissionregistrationv1.MatchCondition {
	return condition("an-owner-is-new",
		"!(request.userInfo.username in ["+deletionControllers()+"]) &&",
		"object != null && has(object.metadata.ownerReferences) &&",
		"object.metadata.ownerReferences.exists(owner,",
		"oldObject == null || !has(oldObject.metadata.ownerReferences) ||",
		"!oldObject.metadata.ownerReferences.exists(old, old.uid == owner.uid && old.name == owner.name &&",
		"old.kind == owner.kind && old.apiVersion == owner.apiVersion))")
}

// removedProtection is about objects that terminate too: that is when a protection matters.
func removedProtection() admissionregistrationv1.MatchCondition {
	return condition("a-protection-is-removed",
		"has(oldObject.metadata.finalizers) &&",
		"['"+strings.Join(policies.ProtectionFinalizers(), "', '")+"'].exists(name, name in oldObject.metadata.finalizers &&",
		"!(has(object.metadata.finalizers) && name in object.metadata.finalizers)) &&",
		"!(request.userInfo.username in ['"+strings.Join(policies.ProtectionControllers(), "', '")+"'])")
}

// changedClaimRef leaves out the binder, which gives each volume its claim, and every other change of it. A volume that its
// claim has left may be offered again.
func changedClaimRef() admissionregistrationv1.MatchCondition {
	field := func(name string) string {
		value := func(object string) string {
			return "(has(" + object + ".spec.claimRef) && has(" + object + ".spec.claimRef." + name + ") ? " + object + ".spec.claimRef." + name + " : '')"
		}
		return value("object") + " != " + value("oldObject")
	}
	return condition("the-claim-changes",
		"has(oldObject.spec.claimRef) && has(oldObject.spec.claimRef.uid) &&",
		"("+field("uid")+" || "+field("name")+" || "+field("namespace")+") &&",
		"!(request.userInfo.username in ['"+strings.Join(policies.VolumeBinders(), "', '")+"'])")
}

func changedImage() admissionregistrationv1.MatchCondition {
	differing := func(list string) string {
		return "(has(object.spec." + list + ") && object.spec." + list + ".exists(new, has(oldObject.spec." + list + ") && " +
			"oldObject.spec." + list + ".exists(old, old.name == new.name && (has(old.image) ? old.image : '') != (has(new.image) ? new.image : ''))))"
	}
	return condition("an-image-of-a-set-changes",
		podOfASet+" &&",
		"("+differing("containers")+" || "+differing("initContainers")+")")
}

// removedMember leaves out what Kubernetes' own programs delete and evict, such as node taints and preemption: they do not wait
// for Stateward, and the rule has nothing to say about them. Those that finish deletions are left out everywhere.
func removedMember() admissionregistrationv1.MatchCondition {
	return condition("a-pod-of-a-set-is-removed-by-others-than-kubernetes",
		"(oldObject == null || "+podOfASet+") &&",
		"!(request.userInfo.username in ['system:kube-controller-manager', 'system:kube-scheduler',",
		"'system:serviceaccount:kube-system:device-taint-eviction-controller', 'system:serviceaccount:kube-system:node-controller']) &&",
		"!(request.userInfo.username.startsWith('system:node:') && has(request.userInfo.groups) && 'system:nodes' in request.userInfo.groups)")
}

// byPeople leaves out the programs of Kubernetes and of clouds, kubelets and all service accounts: none of them waits.
func byPeople() admissionregistrationv1.MatchCondition {
	return condition("not-by-a-program",
		"!request.userInfo.username.startsWith('system:serviceaccount:') && !request.userInfo.username.startsWith('system:node:') &&",
		"!(request.userInfo.username in ['system:kube-controller-manager', 'system:kube-scheduler', 'system:cloud-controller-manager'])")
}

// notOfRelease leaves out the Secrets in which Helm keeps its releases: they are large, and no pod uses them.
func notOfRelease() admissionregistrationv1.MatchCondition {
	return condition("not-a-release-of-helm",
		"request.resource.resource != 'secrets' || !has(oldObject.type) || oldObject.type != 'helm.sh/release.v1'")
}

// notByKubernetes leaves out Kubernetes' own programs, which must never wait.
func notByKubernetes() admissionregistrationv1.MatchCondition {
	return condition("not-by-kubernetes",
		"!request.userInfo.username.startsWith('system:serviceaccount:kube-system:') && !request.userInfo.username.startsWith('system:node:') &&",
		"!(request.userInfo.username in ['system:apiserver', 'system:kube-controller-manager', 'system:kube-scheduler'])")
}

func changedLabel() admissionregistrationv1.MatchCondition {
	return condition("a-label-of-a-set-changes",
		podOfASet+" && has(oldObject.metadata.labels) &&",
		"oldObject.metadata.labels.exists(name, !has(object.metadata.labels) || !(name in object.metadata.labels) ||",
		"object.metadata.labels[name] != oldObject.metadata.labels[name])")
}
