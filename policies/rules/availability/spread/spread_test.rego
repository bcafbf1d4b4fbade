package stateward.rules.availability.spread_test

import data.stateward.rules.availability.spread as rule

test_several_pods_without_a_constraint_are_said[door] if {
	some door, document in {
		"manifest": _sts(3, {}),
		"create": {"request": {"operation": "CREATE", "object": _sts(3, {})}},
		"update": _update(_sts(1, {}), _sts(3, {})),
		"scale": _scale(1, 3),
	}
	messages := {finding.msg | some finding in rule.report} with input as document
		with data.cluster.statefulsets as {"default": {"web": _sts(1, {})}}
	messages == {concat(" ", [
		"[spread] spec.replicas: 3 pods may share one node: no spread constraint, no anti-affinity.",
		"Fix: add topologySpreadConstraints on kubernetes.io/hostname that select the template's labels.",
	])}
}

test_finding_is_a_warning if {
	some finding in rule.report with input as _sts(3, {})
	finding.severity == "warn"
	finding.existing == false
	not finding.advice
}

test_constraint_that_goes_is_said if {
	count(rule.report) == 1 with input as _update(_sts(3, _apart), _sts(3, {}))
}

test_one_pod_has_nobody_to_share_with[replicas] if {
	some replicas in [null, 0, 1]
	rule.report == set() with input as _sts(replicas, {})
}

test_pods_that_are_kept_apart_are_fine if {
	rule.report == set() with input as _sts(3, _apart)
	rule.report == set() with input as _scale(1, 3) with data.cluster.statefulsets as {"default": {"web": _sts(1, _apart)}}
}

test_constraint_on_other_pods_keeps_nobody_apart if {
	other := {"topologySpreadConstraints": [{
		"topologyKey": "kubernetes.io/hostname",
		"labelSelector": {"matchLabels": {"app": "db"}},
	}]}
	count(rule.report) == 1 with input as _sts(3, other)
}

test_update_that_changes_neither_is_left_alone[text] if {
	some text, after in {"more": _sts(5, {}), "fewer": _sts(2, {}), "one": _sts(1, {})}
	rule.report == set() with input as _update(_sts(3, {}), after)
}

test_scale_of_several_pods_is_left_alone if {
	rule.report == set() with input as _scale(3, 5) with data.cluster.statefulsets as {"default": {"web": _sts(3, {})}}
}

_apart := {"topologySpreadConstraints": [{
	"topologyKey": "kubernetes.io/hostname",
	"labelSelector": {"matchLabels": {"app": "nginx"}},
}]}

_sts(replicas, pod) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web"},
	"spec": {"replicas": replicas, "template": {"metadata": {"labels": {"app": "nginx"}}, "spec": pod}},
}

_update(before, after) := {"request": {"operation": "UPDATE", "oldObject": before, "object": after}}

_scale(before, after) := {"request": {
	"operation": "UPDATE",
	"kind": {"group": "autoscaling", "kind": "Scale"},
	"resource": {"group": "apps", "resource": "statefulsets"},
	"subResource": "scale",
	"oldObject": {"kind": "Scale", "metadata": {"name": "web"}, "spec": {"replicas": before}},
	"object": {"kind": "Scale", "metadata": {"name": "web"}, "spec": {"replicas": after}},
}}

test_what_selects_no_pod_is_named[where] if {
	some where, spec in {
		"topologySpreadConstraints[0] selects": {"topologySpreadConstraints": [_idle]},
		"topologySpreadConstraints[0] and topologySpreadConstraints[1] select": {"topologySpreadConstraints": [_idle, _idle]},
		"podAntiAffinity.required[0] selects": {"affinity": {"podAntiAffinity": {
			"requiredDuringSchedulingIgnoredDuringExecution": [_idle],
		}}},
		"podAntiAffinity.preferred[0] selects": {"affinity": {"podAntiAffinity": {
			"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "podAffinityTerm": _idle}],
		}}},
	}
	{finding.what | some finding in rule.report} == {sprintf(_idle_text, [where])}
		with input as {
			"apiVersion": "apps/v1",
			"kind": "StatefulSet",
			"metadata": {"name": "web"},
			"spec": {"replicas": 2, "template": {"metadata": {"labels": {"app": "web"}}, "spec": spec}},
		}
}

_idle := {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"name": "db"}}}

_idle_text := "2 pods may share one node: %s none of them"
