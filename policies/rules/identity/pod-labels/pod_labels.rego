# METADATA
# title: Pods keep the labels that their StatefulSet selects
# description: |
#   A StatefulSet owns the pods that its selector matches. A pod whose label changes so that it no longer does is
#   released: it runs on without an owner, its Service and budget lose it, and the set starts another pod of the same
#   name as soon as the first one is gone. Other labels of a pod may change: Patroni and its kind keep a pod's role
#   in one.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#pod-selector
# custom:
#   severity: deny
#   confirm: true
#   dataLoss: true
#   on:
#     pods: [UPDATE]
#     pods/status: [UPDATE]
#   when:
#     pods: labels
#     pods/status: labels
#   reads: [statefulsets]
#   params:
#     roleLabels:
#       type: array
#       default: [role, spilo-role, cluster-role, application-role, cnpg.io/instanceRole,
#         "postgres-operator.crunchydata.com/role"]
#       description: Labels that a pod's own service account may change, even where the set selects by them
#   fix: keep the label
#   since: v0.1.0
package stateward.rules.identity["pod-labels"]

import data.stateward.lib.cluster
import data.stateward.lib.config
import data.stateward.lib.identity
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.selector

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["metadata", "labels", name],
	"what": sprintf("without %s=%s StatefulSet %q no longer owns pod %q", [
		name,
		before,
		set,
		entry.name,
	]),
	"touched": true,
}) if {
	some entry in review.stored({"Pod"})
	entry.operation == "UPDATE"
	not identity.is_controller(entry.user)
	some set in _owners(entry.old)
	wanted := selector.own(cluster.statefulset(entry.namespace, set))
	selector.matches(wanted, entry.old.metadata.labels)
	not selector.matches(wanted, _labels(entry.object))
	some name, before in _changed(entry)
	name in _names(wanted)
	not _own_role(entry, name)
}

_owners(pod) := {owner.name |
	some owner in pod.metadata.ownerReferences
	owner.kind == "StatefulSet"
	owner.controller == true
}

_changed(entry) := {name: value |
	some name, value in entry.old.metadata.labels
	object.get(_labels(entry.object), name, null) != value
}

_labels(pod) := object.get(pod, ["metadata", "labels"], {})

_names(wanted) := object.keys(selector.match_labels(wanted)) | {expression.key |
	some expression in selector.match_expressions(wanted)
}

_own_role(entry, name) if {
	name in config.param(rego.metadata.chain(), "roleLabels")
	entry.user.username == sprintf("system:serviceaccount:%s:%s", [
		entry.namespace,
		entry.old.spec.serviceAccountName,
	])
}
