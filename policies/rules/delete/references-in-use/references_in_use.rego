# METADATA
# title: What a StatefulSet names is kept
# description: |
#   Pods that run do not notice that their Secret, ConfigMap, ServiceAccount or PriorityClass is gone; the next restart
#   does, often at night and on another node. Without its StorageClass a set cannot make claims for new pods. The rule
#   denies the deletion of what a StatefulSet names. It is a warning where the set is at 0 replicas, where the pods say
#   that they start without it, where only pods of an earlier revision use it, and where a service account replaces what
#   a custom resource owns or a Helm hook makes. What is immutable is replaced under another name. The
#   rule is off until Guardrails set its action, and an API server asks about such requests only where its component, or
#   `stateward rules registration --rule references-in-use`, is applied. Of a Secret, Stateward keeps the metadata
#   alone, and needs no right to read Secrets.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/configuration/secret/#restriction-secret-must-exist
#   - ref: https://kubernetes.io/docs/concepts/configuration/configmap/
# custom:
#   severity: "off"
#   optIn: true
#   confirm: true
#   on:
#     configmaps: [DELETE]
#     priorityclasses: [DELETE]
#     secrets: [DELETE]
#     serviceaccounts: [DELETE]
#     storageclasses: [DELETE]
#   when:
#     configmaps: references
#     priorityclasses: references
#     secrets: references
#     serviceaccounts: references
#     storageclasses: references
#   reads: [persistentvolumeclaims, pods, statefulsets]
#   fix: let the StatefulSet name another one first, and wait until its rollout has finished
#   since: v0.1.0
package stateward.rules.delete["references-in-use"]

import data.stateward.lib.cluster
import data.stateward.lib.confirmation
import data.stateward.lib.defaults
import data.stateward.lib.identity
import data.stateward.lib.listing
import data.stateward.lib.pods
import data.stateward.lib.reached
import data.stateward.lib.references
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.scope

report contains result.at(_level(entry, sts, optional), rego.metadata.chain(), entry, {
	"path": ["metadata", "name"],
	"what": sprintf("StatefulSet %q names this %s: %s", [sts.metadata.name, entry.kind, _loss(entry, optional)]),
	"scoped": true,
}) if {
	some entry in _deletions
	some sts in _sets(entry)
	object.get(sts, ["metadata", "deletionTimestamp"], null) == null
	reached.guarded(rego.metadata.chain(), entry, sts)
	not confirmation.ends(sts, entry)
	optional := _optional(references.of_set(sts, entry.kind), entry.name)
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": ["metadata", "name"],
	"what": sprintf("pods of an earlier revision use this %s and cannot start again without it: %s", [
		entry.kind,
		listing.short(names),
	]),
	"fix": "wait until all pods are updated, and keep it as long as the old revision may have to come back",
	"scoped": true,
}) if {
	some entry in _deletions
	names := sort([pod.metadata.name | some pod in _behind(entry)])
	count(names) > 0
}

_deletions := [entry |
	some kind in ["ConfigMap", "PriorityClass", "Secret", "ServiceAccount", "StorageClass"]
	some entry in review.deletions(kind)
	not identity.is_controller(entry.user)
	not _comes_back(entry)
]

# Kubernetes makes these two again in every namespace.
_comes_back(entry) if [entry.kind, entry.name] in {["ConfigMap", "kube-root-ca.crt"], ["ServiceAccount", "default"]}

_sets(entry) := cluster.statefulsets(entry.namespace) if not _is_shared(entry)

_sets(entry) := cluster.naming("statefulsets", sprintf("%s/%s", [entry.kind, entry.name])) if _is_shared(entry)

_is_shared(entry) if entry.kind in {"PriorityClass", "StorageClass"}

# Undefined where it is not named; false where a name of several is not optional.
_optional(named, name) := false if [name, false] in named

else if [name, true] in named

_level(_, _, true) := "warn"

_level(entry, sts, false) := "warn" if {
	_may_be_away(entry, sts)
} else := "deny"

_may_be_away(_, sts) if defaults.replicas(sts) == 0

_may_be_away(entry, _) if entry.old.metadata.annotations["helm.sh/hook"]

# Operators update some objects by deleting them and creating them again.
_may_be_away(entry, _) if {
	scope.class(entry.user) == "automation"
	some owner in entry.old.metadata.ownerReferences
	owner.controller == true
}

_loss(_, true) := "its pods start without it, and may then do something else"

_loss(entry, false) := "without it no claim is made for new pods" if {
	entry.kind == "StorageClass"
} else := "without it its pods cannot start again"

# Pods that name what the template of their set does not name any more.
_behind(entry) := [pod |
	entry.kind in {"ConfigMap", "Secret"}
	some pod in cluster.pods_of(entry.namespace)
	pods.is_of_a_set(pod)
	_optional(references.of_pod(pod.spec, entry.kind), entry.name) == false
	not pods.has_ended(pod)
	not pod.metadata.deletionTimestamp
	reached.guarded(rego.metadata.chain(), entry, pod)
	not _still_names(pod, entry)
]

_still_names(pod, entry) if {
	some owner in pod.metadata.ownerReferences
	owner.kind == "StatefulSet"
	sts := cluster.statefulset(entry.namespace, owner.name)
	is_boolean(_optional(references.of_set(sts, entry.kind), entry.name))
}
