# METADATA
# title: The budget of a running StatefulSet is kept
# description: |
#   Without its PodDisruptionBudget a drain may evict all pods of a set at once. A budget is often the first thing that
#   a removal deletes and the only one that goes through: when the StatefulSet is then refused, it runs on unprotected.
#   So the deletion of a budget that protects a running set is refused too, and the sweep changes nothing. That is so
#   for a budget of pods that an orphan delete left behind, too. It is allowed once the set is scaled to 0, is
#   terminating, or its own deletion is confirmed, and where another budget selects the same pods. An operator that
#   deletes a budget which its custom resource owns replaces it and is only warned, as is an update that makes a budget
#   weaker.
# related_resources:
#   - ref: https://kubernetes.io/docs/tasks/run-application/configure-pdb/
# custom:
#   severity: deny
#   confirm: true
#   on:
#     poddisruptionbudgets: [UPDATE, DELETE]
#   reads: [statefulsets, poddisruptionbudgets, persistentvolumeclaims, pods]
#   fix: delete the StatefulSet or scale it to 0 first
#   since: v0.1.0
package stateward.rules.availability["budget-in-use"]

import data.stateward.lib.cluster
import data.stateward.lib.confirmation
import data.stateward.lib.defaults
import data.stateward.lib.listing
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.scope
import data.stateward.lib.selector

report contains result.at(_level(entry), rego.metadata.chain(), entry, {
	"path": ["metadata", "name"],
	"what": sprintf("budget %q protects %s of StatefulSet %q: without it a drain may evict all at once", [
		entry.name,
		_pods(sts),
		sts.metadata.name,
	]),
}) if {
	some entry in review.deletions("PodDisruptionBudget")
	some sts in _protected(entry)
}

report contains result.at(_level(entry), rego.metadata.chain(), entry, {
	"path": ["metadata", "name"],
	"what": sprintf("budget %q protects %s, which run on without their StatefulSet: a drain may evict all at once", [
		entry.name,
		listing.short(names),
	]),
	"fix": "create the StatefulSet again, or let its pods end first",
}) if {
	some entry in review.deletions("PodDisruptionBudget")
	names := sort([pod.metadata.name |
		some pod in cluster.orphans(entry.namespace)
		labels := object.get(pod, ["metadata", "labels"], {})
		selector.matches(entry.old.spec.selector, labels)
		not _by_another(entry.namespace, labels, entry.name)
	])
	count(names) > 0
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": ["spec", "selector"],
	"what": sprintf("budget %q no longer selects the pods of StatefulSet %q", [entry.name, sts.metadata.name]),
	"fix": "keep the selector, and make the new budget under another name",
}) if {
	some entry in _updates
	wanted := object.get(entry.object, ["spec", "selector"], null)
	wanted != entry.old.spec.selector
	some sts in _protected(entry)
	not selector.matches(wanted, selector.labels(sts))
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": ["spec", field],
	"what": sprintf("from %s to %s more pods of StatefulSet %q may be evicted at a time", [
		_said(entry.old, field),
		_said(entry.object, field),
		sts.metadata.name,
	]),
	"fix": "keep the budget as strict as it was",
}) if {
	some entry in _updates
	some field in ["minAvailable", "maxUnavailable"]
	some sts in _protected(entry)
	_allows(entry.object, sts) > _allows(entry.old, sts)
	object.get(entry.object, ["spec", field], null) != object.get(entry.old, ["spec", field], null)
}

_updates := [entry | some entry in review.budgets; entry.operation == "UPDATE"; is_object(entry.old)]

# Operators update a budget by deleting it and creating it again.
_level(entry) := "warn" if {
	scope.class(entry.user) == "automation"
	some owner in entry.old.metadata.ownerReferences
	owner.controller == true
} else := "deny"

_protected(entry) := [sts |
	wanted := entry.old.spec.selector
	some sts in cluster.labelled("statefulsets", entry.namespace, selector.wanted(wanted))
	selector.matches(wanted, selector.labels(sts))
	defaults.replicas(sts) > 0
	object.get(sts, ["metadata", "deletionTimestamp"], null) == null
	not confirmation.ends(sts, entry)
	not _by_another(entry.namespace, selector.labels(sts), entry.name)
]

_by_another(namespace, labels, name) if {
	some other in cluster.selecting("poddisruptionbudgets", namespace, labels)
	other.metadata.name != name
	object.get(other, ["metadata", "deletionTimestamp"], null) == null
	selector.matches(other.spec.selector, labels)
}

_pods(sts) := "the only pod" if {
	defaults.replicas(sts) == 1
} else := sprintf("the %v pods", [defaults.replicas(sts)])

_said(budget, field) := sprintf("%s %v", [field, budget.spec[field]]) if {
	object.get(budget, ["spec", field], null) != null
} else := sprintf("no %s", [field])

# How many pods may be away at a time.
_allows(budget, sts) := _count(budget.spec.maxUnavailable, replicas) if {
	object.get(budget, ["spec", "maxUnavailable"], null) != null
	replicas := defaults.replicas(sts)
} else := replicas - _count(budget.spec.minAvailable, replicas) if {
	object.get(budget, ["spec", "minAvailable"], null) != null
	replicas := defaults.replicas(sts)
} else := 0

# The disruption controller rounds percentages up, for both. Source: pkg/controller/disruption/disruption.go.
_count(value, _) := value if is_number(value)

_count(value, replicas) := ceil((to_number(trim_suffix(value, "%")) * replicas) / 100) if {
	is_string(value)
	regex.match(`^\d{1,4}%$`, value)
}
