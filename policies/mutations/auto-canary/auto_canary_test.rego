package stateward.mutations["auto-canary_test"]

import data.stateward.mutations["auto-canary"] as mutation
import data.stateward.rules.rollout["canary-first"] as rule

test_new_image_begins_with_the_last_pod if {
	[[finding.msg, finding.patch] | some finding in mutation.report] == [[
		concat(" ", [
			"[auto-canary] spec.updateStrategy.rollingUpdate.partition:",
			"Stateward sets 2: the new image goes to web-2 only.",
			"Fix: lower the partition once that pod works.",
		]),
		[_patch(_partition(2))],
	]] with input as _update({}, {})
}

test_ordinals_are_counted_from_their_start if {
	[finding.what | some finding in mutation.report] == ["Stateward sets 2: the new image goes to web-7 only"]
		with input as _update({}, {"ordinals": {"start": 5}})
}

test_replicas_after_the_request_count if {
	[finding.patch | some finding in mutation.report] == [[_patch(_partition(4))]]
		with input as _update({}, {"replicas": 5})
}

test_rest_of_the_strategy_stays[text] if {
	some text, case in {
		"nothing": {"given": null, "set": _partition(2)},
		"no type": {"given": {}, "set": _partition(2)},
		"no parameters": {"given": {"type": "RollingUpdate", "rollingUpdate": null}, "set": _partition(2)},
		"a partition of 0": {"given": _partition(0), "set": _partition(2)},
		"maxUnavailable": {
			"given": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0, "maxUnavailable": 2}},
			"set": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2, "maxUnavailable": 2}},
		},
	}
	[finding.patch | some finding in mutation.report] == [[_patch(case.set)]]
		with input as _update({}, {"updateStrategy": case.given})
}

test_other_requests_are_left_alone[text] if {
	some text, document in {
		"somebody's partition": _update({}, {"updateStrategy": _partition(1)}),
		"one replica": _update({}, {"replicas": 1}),
		"no replicas": _update({}, {"replicas": 0}),
		"on delete": _update({}, {"updateStrategy": {"type": "OnDelete"}}),
		"no new image": {"request": {
			"operation": "UPDATE",
			"oldObject": _sts("1", {}),
			"object": _sts("1", {"replicas": 5}),
		}},
		"a partition is lowered": {"request": {
			"operation": "UPDATE",
			"oldObject": _sts("1", {"updateStrategy": _partition(2)}),
			"object": _sts("1", {}),
		}},
		"a canary is required": _labelled("required"),
		"no label": _labelled(""),
		"manifest": _sts("1", {}),
		"create": {"request": {"operation": "CREATE", "object": _sts("1", {})}},
	}
	mutation.report == set() with input as document
}

test_change_back_is_not_slowed_down if {
	status := {"currentRevision": "a", "updateRevision": "b"}
	document := object.union(_update({}, {}), {"request": {"oldObject": {"status": status}}})
	pod := {
		"metadata": {"labels": {"controller-revision-hash": "a"}},
		"spec": {"containers": [{"name": "web", "image": "nginx:2"}]},
	}
	mutation.report == set() with input as document with data.cluster.pods as {"default": {"web-0": pod}}
}

test_asked_again_it_changes_nothing_and_the_rule_is_content if {
	document := _update({}, {})
	count(rule.report) == 1 with input as document
	some finding in mutation.report with input as document
	changed := json.patch(document, [object.union(operation, {"path": path}) |
		some operation in finding.patch
		path := sprintf("/request/object%s", [operation.path])
	])
	mutation.report == set() with input as changed
	rule.report == set() with input as changed
}

_patch(strategy) := {"op": "add", "path": "/spec/updateStrategy", "value": strategy}

_partition(partition) := {"type": "RollingUpdate", "rollingUpdate": {"partition": partition}}

_sts(tag, spec) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web", "labels": {"stateward.dev/canary": "auto"}},
	"spec": object.union(
		{"replicas": 3, "template": {"spec": {"containers": [{"name": "web", "image": sprintf("nginx:%s", [tag])}]}}},
		spec,
	),
}

_labelled(value) := json.patch(
	_update({}, {}),
	[{"op": "add", "path": "/request/object/metadata/labels", "value": {"stateward.dev/canary": value}}],
)

_update(before, after) := {"request": {
	"operation": "UPDATE",
	"oldObject": _sts("1", before),
	"object": _sts("2", after),
}}
