package stateward.rules.rollout["canary-first_test"]

import data.main
import data.stateward.rules.rollout["canary-first"] as rule

_label := "stateward.dev/canary"

test_image_change_without_a_partition_is_mentioned if {
	what := "0 rolls the new image out to 3 of 3 pods, not to 1 first"
	{finding.msg | some finding in rule.report} == {_message(what, 2, 2)} with input as _update({}, {})
}

test_image_change_that_reaches_too_many_pods_is_mentioned[replicas] if {
	some replicas, partition in {2: 0, 3: 1, 5: 3}
	sets := {"replicas": replicas, "updateStrategy": _partition(partition)}
	what := sprintf("%d rolls the new image out to 2 of %d pods, not to 1 first", [partition, replicas])
	{finding.msg | some finding in rule.report} == {_message(what, replicas - 1, replicas - 1)}
		with input as _update(sets, sets)
}

test_image_change_of_one_pod_is_fine[text] if {
	some text, spec in {
		"behind a partition": {"replicas": 3, "updateStrategy": _partition(2)},
		"one replica": {"replicas": 1},
		"replicas by default": {"replicas": null},
		"no replicas": {"replicas": 0},
		"no pod at all": {"replicas": 3, "updateStrategy": _partition(3)},
		"on delete": {"replicas": 3, "updateStrategy": {"type": "OnDelete"}},
	}
	rule.report == set() with input as _update(spec, spec)
}

test_partition_after_the_request_counts if {
	rule.report == set() with input as _update({}, {"updateStrategy": _partition(2)})
	count(rule.report) == 1 with input as _update({"updateStrategy": _partition(2)}, {"updateStrategy": _partition(0)})
	count(rule.report) == 1 with input as _update({"updateStrategy": {"type": "OnDelete"}}, {})
}

test_only_pods_that_stay_have_an_old_image_to_lose if {
	rule.report == set() with input as _update({"replicas": 0}, {"replicas": 3})
	rule.report == set() with input as _update({"replicas": 1}, {"replicas": 3})
	rule.report == set() with input as _update({"replicas": 3}, {"replicas": 1})
	{finding.what | some finding in rule.report} == {"0 rolls the new image out to 3 of 3 pods, not to 1 first"}
		with input as _update({"replicas": 5}, {"replicas": 3})
}

test_number_of_canaries_can_be_set[most] if {
	some most, count_of_findings in {3: 0, 2: 1, 0: 1, -1: 1}
	count(rule.report) == count_of_findings with input as _update({}, {})
		with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "canary-first", "params": {"maxCanaryPods": most}}]
}

test_number_of_canaries_is_in_the_way_out if {
	some finding in rule.report with input as _update({}, {})
		with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "canary-first", "params": {"maxCanaryPods": 2}}]
	finding.what == "0 rolls the new image out to 3 of 3 pods, not to 2 first"
	startswith(finding.fix, "set the partition to 1 with the image")
}

test_ordinals_are_counted_from_their_start if {
	spec := {"ordinals": {"start": 5}}
	some finding in rule.report with input as _update(spec, spec)
	contains(finding.fix, "set the partition to 2 with the image, and lower it once web-7 works")
}

test_level_is_a_warning_or_strictly_a_denial if {
	[finding.level | some finding in main.warn; finding.rule == "canary-first"] == ["warn"] with input as _update({}, {})
	[finding.level | some finding in main.deny; finding.rule == "canary-first"] == ["deny"] with input as _update({}, {})
		with data.kind as "Guardrails"
		with data.spec.profile as "strict"
}

test_where_a_canary_is_required_it_is_denied[text] if {
	some text, labels in _requiring
	document := _labelled(_update({}, {}), labels)
	[finding.level | some finding in main.deny; finding.rule == "canary-first"] == ["deny"] with input as document
}

test_where_a_canary_is_required_guardrails_may_warn[text] if {
	some text, labels in _requiring
	document := _labelled(_update({}, {}), labels)
	[finding.level | some finding in main.warn; finding.rule == "canary-first"] == ["warn"] with input as document
		with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "canary-first", "action": "warn"}]
}

# The label before the update and after it.
_requiring := {
	"before and after": ["required", "required"],
	"before": ["required", ""],
	"after": ["", "required"],
}

test_where_a_canary_is_required_a_partition_will_do if {
	spec := {"updateStrategy": _partition(2)}
	rule.report == set() with input as _labelled(_update(spec, spec), ["required", "required"])
}

test_other_labels_require_nothing[value] if {
	some value in ["auto", "", "true"]
	[finding.severity | some finding in rule.report] == ["warn"] with input as _labelled(_update({}, {}), [value, value])
}

test_confirmation_is_seen if {
	marks := {
		"stateward.dev/confirm": "update",
		"stateward.dev/confirm-until": "2026-11-23T12:10:00Z",
		"stateward.dev/confirmed-by": "alice",
	}
	document := object.union(_update({}, {}), {"request": {"oldObject": {"metadata": {"annotations": marks}}}})
	[finding.confirmed | some finding in rule.report] == [true] with input as document
}

test_change_back_to_the_current_image_is_fine if {
	document := object.union(_update({}, {}), {"request": {"oldObject": {"status": {"updateRevision": "web-b"}}}})
	rule.report == set() with input as document with data.cluster.pods as _pod("nginx:1.27.5")
	count(rule.report) == 1 with input as document with data.cluster.pods as _pod("nginx:1.27.3")
}

test_nobody_guesses_whether_a_change_goes_back if {
	document := object.union(_update({}, {}), {"request": {"oldObject": {"status": {"updateRevision": "web-b"}}}})
	rule.report == set() with input as document
	count(rule.report) == 1 with input as document with data.cluster.known as {"pods": true}
}

test_image_that_came_while_nothing_could_change_counts_when_the_way_is_opened if {
	closed := _update({"updateStrategy": _partition(3)}, {"updateStrategy": _partition(0)})
	opened := json.patch(closed, [
		{"op": "replace", "path": "/request/oldObject/spec/template", "value": closed.request.object.spec.template},
		{"op": "replace", "path": "/request/oldObject/status/updateRevision", "value": "web-b"},
	])
	{finding.what | some finding in rule.report} == {"0 rolls the new image out to 3 of 3 pods, not to 1 first"}
		with input as opened
		with data.cluster.pods as _pod("nginx:1.27.4")
	behind := json.patch(opened, [{
		"op": "replace",
		"path": "/request/object/spec/updateStrategy",
		"value": _partition(2),
	}])
	rule.report == set() with input as behind with data.cluster.pods as _pod("nginx:1.27.4")
}

test_update_that_leaves_the_image_alone_is_fine if {
	document := _update({}, {"minReadySeconds": 5, "template": {"spec": {"containers": [_container("1.27.4")]}}})
	rule.report == set() with input as document
}

test_nothing_but_an_update_is_judged if {
	sts := _update({}, {}).request.object
	rule.report == set() with input as sts
	rule.report == set() with input as {"request": {"operation": "CREATE", "object": sts}}
	rule.report == set() with input as {"request": {"operation": "DELETE", "oldObject": sts}}
}

test_message_is_not_cut_in_a_warning if {
	spec := {"replicas": 12}
	some finding in rule.report with input as _update(spec, spec)
	count(finding.field) + count(finding.what) <= 120 - count("[canary-first] : ")
}

_message(what, partition, ordinal) := concat(" ", [
	sprintf("[canary-first] spec.updateStrategy.rollingUpdate.partition: %s.", [what]),
	sprintf("Fix: set the partition to %d with the image, and lower it once web-%d works,", [partition, ordinal]),
	"or confirm it: kubectl annotate statefulset web -n default --overwrite",
	"--field-manager=stateward-confirm stateward.dev/confirm=update",
	"stateward.dev/confirm-rules=canary-first stateward.dev/confirm-for=10m",
])

_partition(partition) := {"type": "RollingUpdate", "rollingUpdate": {"partition": partition}}

_container(tag) := {"name": "web", "image": sprintf("nginx:%s", [tag])}

_pod(reference) := {"default": {"web-0": {
	"metadata": {"labels": {"controller-revision-hash": "web-a"}},
	"spec": {"containers": [{"name": "web", "image": reference}]},
}}}

_sts(tag, spec) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web", "generation": 2},
	"spec": object.union({"replicas": 3, "template": {"spec": {"containers": [_container(tag)]}}}, spec),
	"status": {"currentRevision": "web-a", "updateRevision": "web-a", "observedGeneration": 2},
}

_labelled(document, labels) := json.patch(document, [
	{"op": "add", "path": "/request/oldObject/metadata/labels", "value": {_label: labels[0]}},
	{"op": "add", "path": "/request/object/metadata/labels", "value": {_label: labels[1]}},
])

_update(before, after) := {
	"stateward": {"time": "2026-11-23T12:00:00Z"},
	"request": {"operation": "UPDATE", "oldObject": _sts("1.27.4", before), "object": _sts("1.27.5", after)},
}

test_recreate_reaches_all_pods if {
	{[finding.field, finding.what, finding.severity] | some finding in rule.report} == {[
		"spec.updateStrategy.type",
		"Recreate brings the new image to all 3 pods at once, not to 1 first",
		"warn",
	]} with input as _update({}, {"updateStrategy": {"type": "Recreate"}})
	{finding.severity | some finding in rule.report} == {"deny"} with input as _labelled(
		_update({}, {"updateStrategy": {"type": "Recreate"}}),
		["required", "required"],
	)
}

test_recreate_of_one_pod_or_of_the_same_image_is_fine if {
	rule.report == set() with input as _update({"replicas": 1}, {"replicas": 1, "updateStrategy": {"type": "Recreate"}})
	rule.report == set() with input as {"request": {
		"operation": "UPDATE",
		"oldObject": _sts("1.27.4", {}),
		"object": _sts("1.27.4", {"updateStrategy": {"type": "Recreate"}}),
	}}
}
