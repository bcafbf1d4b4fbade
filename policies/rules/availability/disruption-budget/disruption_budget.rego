# METADATA
# title: Exactly one PodDisruptionBudget selects the pods
# description: |
#   A node drain evicts every pod of the node. Without a PodDisruptionBudget it may evict all pods of a set at once.
#   Two budgets that select one pod are worse than none: every eviction of that pod fails with error 500. A budget
#   that allows no disruption blocks the drain; the number is checked only if the budget selects no other workload. An
#   update is checked if it changes the pod labels or goes from one pod to several; a budget is checked on every
#   change.
# related_resources:
#   - ref: https://kubernetes.io/docs/tasks/run-application/configure-pdb/
# custom:
#   severity: deny
#   on:
#     statefulsets: [CREATE, UPDATE]
#     statefulsets/scale: [UPDATE]
#     poddisruptionbudgets: [CREATE, UPDATE]
#   changes:
#     statefulsets: [spec.replicas, spec.template.metadata.labels]
#   reads: [statefulsets, deployments, poddisruptionbudgets]
#   fix: make exactly one budget select these pods
#   since: v0.1.0
package stateward.rules.availability["disruption-budget"]

import data.stateward.lib.cluster
import data.stateward.lib.defaults
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.scaling
import data.stateward.lib.selector

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "template", "metadata", "labels"],
	"what": sprintf("budgets %s all select these pods, so every eviction fails", [concat(" and ", names)]),
	"others": [{"kind": "PodDisruptionBudget", "namespace": entry.namespace, "name": name} | some name in names],
}) if {
	some entry in review.statefulsets
	_labelled(entry)
	names := {budget.metadata.name | some budget in _budgets(entry.namespace, entry.object)}
	count(names) > 1
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "selector"],
	"what": sprintf("budget %q also selects the pods of StatefulSet %q, so every eviction fails", [
		other.metadata.name,
		sts.metadata.name,
	]),
}) if {
	some entry in _changed_budgets
	some sts in _selected(entry.namespace, entry.object)
	some other in _budgets(entry.namespace, sts)
	other.metadata.name != entry.name
}

report contains result.advice(rego.metadata.chain(), write.entry, {
	"path": ["spec", "replicas"],
	"what": sprintf("no PodDisruptionBudget selects these %v pods: a drain may evict all at once", [write.to]),
	"fix": "add one with maxUnavailable 1 that selects the template's labels",
}) if {
	some write in scaling.writes
	write.to > 1
	_several(write)
	_unguarded(write)
}

report contains result.advice(rego.metadata.chain(), write.entry, {
	"path": ["spec", "replicas"],
	"what": sprintf("budget %q never allows an eviction of these pods: a drain never finishes", [budget.metadata.name]),
	"fix": "allow one disruption: set maxUnavailable to 1",
}) if {
	some write in scaling.writes
	write.to > 0
	_resized(write)
	some budget in _budgets(write.entry.namespace, write.sts)
	_stuck(budget, write.to, write.entry.namespace, write.entry.name)
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": ["spec"],
	"what": sprintf("never allows an eviction of StatefulSet %q's pods: a drain never finishes", [sts.metadata.name]),
	"fix": "allow one disruption: set maxUnavailable to 1",
}) if {
	some entry in _changed_budgets
	some sts in _selected(entry.namespace, entry.object)
	defaults.replicas(sts) > 0
	_stuck(entry.object, defaults.replicas(sts), entry.namespace, sts.metadata.name)
}

report contains result.advice(rego.metadata.chain(), write.entry, {
	"path": ["spec", "replicas"],
	"what": sprintf("budget %q allows all %v pods to be evicted at once: it protects nothing", [
		budget.metadata.name,
		write.to,
	]),
	"fix": "let it allow one disruption, maxUnavailable 1",
}) if {
	some write in scaling.writes
	write.to > 1
	_resized(write)
	some budget in _budgets(write.entry.namespace, write.sts)
	_idle(budget, write.to)
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": ["spec"],
	"what": "never allows an eviction of any pod: a drain waits for ever",
	"fix": "allow one disruption, maxUnavailable 1",
}) if {
	some entry in review.budgets
	_never(entry.object)
	_selected(entry.namespace, entry.object) == []
}

# Of manifests the set is told.
_changed_budgets := [entry | some entry in review.budgets; entry.operation in {"CREATE", "UPDATE"}]

_budgets(namespace, sts) := [budget |
	some budget in cluster.selecting("poddisruptionbudgets", namespace, selector.labels(sts))
	_lives(budget)
	selector.matches(budget.spec.selector, selector.labels(sts))
]

_unguarded(write) if {
	_budgets(write.entry.namespace, write.sts) == []
	cluster.knows("poddisruptionbudgets")
}

_selected(namespace, budget) := [sts |
	some sts in cluster.labelled("statefulsets", namespace, selector.wanted(budget.spec.selector))
	_lives(sts)
	selector.matches(budget.spec.selector, selector.labels(sts))
]

_lives(thing) if object.get(thing, ["metadata", "deletionTimestamp"], null) == null

_labelled(entry) if entry.operation in {"MANIFEST", "CREATE", "AUDIT"}

_labelled(entry) if {
	is_object(entry.old)
	selector.labels(entry.object) != selector.labels(entry.old)
}

_several(write) if write.from <= 1

_several(write) if _relabelled(write)

_resized(write) if write.from != write.to

_resized(write) if _relabelled(write)

_relabelled(write) if {
	review.is_kind(write.entry, "StatefulSet")
	_labelled(write.entry)
}

# A budget for no disruption is one for any number of pods.
_stuck(budget, _, _, _) if _never(budget)

_stuck(budget, pods, namespace, name) if {
	_needed(budget.spec.minAvailable, pods) >= pods
	_alone(budget, namespace, name)
}

# Percentages are rounded up. Source: pkg/controller/disruption/disruption.go.
_needed(available, _) := available if is_number(available)

_needed(available, pods) := ceil((to_number(trim_suffix(available, "%")) * pods) / 100) if {
	is_string(available)
	regex.match(`^\d{1,3}%$`, available)
}

# A budget that allows nothing, whatever it selects. One that says neither counts no pods, and allows nothing.
_never(budget) if budget.spec.maxUnavailable in {0, "0%"}

_never(budget) if budget.spec.minAvailable == "100%"

_never(budget) if {
	object.get(budget, ["spec", "maxUnavailable"], null) == null
	object.get(budget, ["spec", "minAvailable"], null) == null
}

# A budget that allows everything.
_idle(budget, _) if budget.spec.minAvailable in {0, "0%"}

_idle(budget, pods) if _needed(budget.spec.maxUnavailable, pods) >= pods

_alone(budget, namespace, name) if {
	every sts in _selected(namespace, budget) {
		sts.metadata.name == name
	}
	every deployment in cluster.labelled("deployments", namespace, selector.wanted(budget.spec.selector)) {
		not selector.matches(budget.spec.selector, selector.labels(deployment))
	}
}
