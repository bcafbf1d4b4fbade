# METADATA
# title: Guarded objects keep the labels that Guardrails select by
# description: |
#   Where the Guardrails select by labels, an object leaves them when such a label changes, on the object or on its
#   namespace. From then on no rule applies to it, and deleting it is allowed without a word. So a change by which a
#   running StatefulSet, a set with claims, a bound claim, or the governing Service or the budget of a running set
#   leaves `spec.match` needs confirmation. Leaving the match of a single rule is a warning.
# custom:
#   severity: deny
#   confirm: true
#   dataLoss: true
#   on:
#     statefulsets: [UPDATE]
#     persistentvolumeclaims: [UPDATE]
#     services: [UPDATE]
#     poddisruptionbudgets: [UPDATE]
#     namespaces: [UPDATE]
#     statefulsets/status: [UPDATE]
#     persistentvolumeclaims/status: [UPDATE]
#     namespaces/status: [UPDATE]
#     namespaces/finalize: [UPDATE]
#   when:
#     persistentvolumeclaims: selection
#     namespaces: selection
#     statefulsets/status: selection
#     persistentvolumeclaims/status: selection
#     namespaces/status: selection
#     namespaces/finalize: selection
#   changes:
#     statefulsets: [metadata.labels]
#     services: [metadata.labels]
#     poddisruptionbudgets: [metadata.labels]
#   reads: [statefulsets, persistentvolumeclaims]
#   fix: keep the labels that the Guardrails select by
#   since: v0.1.0
package stateward.rules.guardrails["guarded-labels"]

import data.stateward.lib.cluster
import data.stateward.lib.defaults
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.scope
import data.stateward.lib.selector

report contains result.violation(rego.metadata.chain(), entry, {
	"path": _path,
	"what": sprintf("with these labels spec.match of the Guardrails no longer selects %s: no rule would protect %s", [
		_listed(lost),
		_them(lost),
	]),
	"fields": [_path],
	"scoped": true,
}) if {
	some entry in _relabelled
	lost := _losing(entry, "")
	count(lost) > 0
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": _path,
	"what": sprintf("with these labels rule %s no longer applies to %s", [id, _listed(_losing(entry, id))]),
	"scoped": true,
}) if {
	some entry in _relabelled
	some id in {id | some each in _held(entry); some id in scope.left(each.before, each.after)}
	id != ""
}

_path := ["metadata", "labels"]

_relabelled := [entry |
	some entry in review.stored({"StatefulSet", "PersistentVolumeClaim", "Service", "PodDisruptionBudget", "Namespace"})
	entry.operation == "UPDATE"
	_labels(entry.object) != _labels(entry.old)
]

_labels(value) := object.get(value, _path, {})

_losing(entry, id) := sort([each.name |
	some each in _held(entry)
	id in scope.left(each.before, each.after)
])

# What has something to lose, before and after the change.
_held(entry) := [{
	"name": _name(entry.old),
	"before": _seen(entry, entry.old, {}),
	"after": _seen(entry, entry.object, {}),
}] if {
	entry.kind != "Namespace"
	_is_needed(entry)
} else := [{
	"name": _name(value),
	"before": _seen(entry, value, {"namespace_labels": [_labels(entry.old)]}),
	"after": _seen(entry, value, {"namespace_labels": [_labels(entry.object)]}),
} |
	entry.kind == "Namespace"
	some value in array.concat(cluster.statefulsets(entry.name), cluster.claims(entry.name))
	_matters(value)
]

_seen(entry, value, more) := object.union(more, {
	"kind": value.kind,
	"namespace": _namespace(entry),
	"name": value.metadata.name,
	"object": value,
	"old": null,
	"user": entry.user,
})

_namespace(entry) := entry.name if {
	entry.kind == "Namespace"
} else := entry.namespace

_matters(value) if {
	value.kind == "StatefulSet"
	defaults.replicas(value) > 0
}

_matters(value) if count(value.spec.volumeClaimTemplates) > 0

_matters(value) if {
	value.kind == "PersistentVolumeClaim"
	value.status.phase == "Bound"
}

_is_needed(entry) if _matters(entry.old)

_is_needed(entry) if {
	entry.kind == "Service"
	some sts in cluster.governed_by(entry.namespace, entry.name)
	defaults.replicas(sts) > 0
}

_is_needed(entry) if {
	entry.kind == "PodDisruptionBudget"
	wanted := entry.old.spec.selector
	some sts in cluster.labelled("statefulsets", entry.namespace, selector.wanted(wanted))
	selector.matches(wanted, selector.labels(sts))
	defaults.replicas(sts) > 0
}

_name(value) := sprintf("%s %q", [value.kind, value.metadata.name])

# Three are enough to know what is meant.
_listed(names) := concat(", ", names) if {
	count(names) <= 3
} else := sprintf("%s and %d more", [concat(", ", array.slice(names, 0, 3)), count(names) - 3])

_them([_]) := "it"

_them(names) := "them" if count(names) > 1
