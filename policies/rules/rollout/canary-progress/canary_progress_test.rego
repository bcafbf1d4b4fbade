package stateward.rules.rollout["canary-progress_test"]

import data.stateward.rules.rollout["canary-progress"] as rule

_now := "2026-11-23T12:00:00Z"

test_canary_that_is_not_well_holds_the_rollout_up[fault] if {
	some fault, pod in {
		"is not Ready": _pod("web-b", "False", "11:50:00"),
		"is not updated": _pod("web-a", "True", "11:50:00"),
		"is being deleted": object.union(_well, {"metadata": {"deletionTimestamp": _now}}),
		"has not been Ready for 30 seconds": _pod("web-b", "True", "11:59:31"),
	}
	{finding.msg | some finding in rule.report} == {_message(sprintf("from 2 to 0, but web-2 %s", [fault]))}
		with input as _lower(2, 0)
		with data.cluster.pods as {"default": {"web-2": pod}}
}

test_canary_that_is_well_lets_the_rollout_go_on[since] if {
	some since in ["11:50:00", "11:59:30"]
	rule.report == set() with input as _lower(2, 0)
		with data.cluster.pods as {"default": {"web-2": _pod("web-b", "True", since)}}
}

test_every_canary_counts_the_last_first if {
	pods := {"web-2": _pod("web-a", "True", "11:50:00"), "web-3": _well, "web-4": _pod("web-b", "False", "11:50:00")}
	{finding.what | some finding in rule.report} == {"from 2 to 1, but web-4 is not Ready, web-2 is not updated"}
		with input as _lowers({"replicas": 5}, 2, 1)
		with data.cluster.pods as {"default": pods}
}

test_long_list_is_cut if {
	{finding.what | some finding in rule.report} == {concat(", ", [
		"from 2 to 1, but web-11 is missing",
		"web-10 is missing",
		"and 8 more",
	])} with input as _lowers({"replicas": 12}, 2, 1) with data.cluster.known as {"pods": true}
}

test_canary_counts_after_its_rollout_was_stopped[before] if {
	some before, strategy in {
		"3": {"rollingUpdate": {"partition": 3}},
		"OnDelete": {"type": "OnDelete", "rollingUpdate": null},
	}
	document := object.union(_lower(2, 0), {"request": {"oldObject": {"spec": {"updateStrategy": strategy}}}})
	{finding.what | some finding in rule.report} == {sprintf("from %s to 0, but web-2 is not Ready", [before])}
		with input as document
		with data.cluster.pods as _stopped(_pod("web-b", "False", "11:50:00"))
	rule.report == set() with input as document with data.cluster.pods as _stopped(_well)
	above := object.union(document, {"request": {"object": {"spec": {"updateStrategy": _partition(3)}}}})
	rule.report == set() with input as above with data.cluster.pods as _stopped(_pod("web-b", "False", "11:50:00"))
}

_stopped(canary) := {"default": {"web-1": _pod("web-a", "False", "11:50:00"), "web-2": canary}}

test_pods_before_the_partition_need_not_be_updated if {
	pods := {"web-1": _pod("web-a", "False", "11:50:00"), "web-2": _well}
	rule.report == set() with input as _lower(2, 1) with data.cluster.pods as {"default": pods}
}

test_ordinals_are_counted_from_their_start if {
	{finding.what | some finding in rule.report} == {"from 2 to 0, but web-7 is missing"}
		with input as _lowers({"replicas": 3, "ordinals": {"start": 5}}, 2, 0)
		with data.cluster.known as {"pods": true}
}

test_nobody_guesses_where_pods_are_not_known if {
	rule.report == set() with input as _lower(2, 0)
}

test_wait_of_the_stored_set_counts if {
	document := object.union(_lower(2, 0), {"request": {"object": {"spec": {"minReadySeconds": 0}}}})
	count(rule.report) == 1 with input as document
		with data.cluster.pods as {"default": {"web-2": _pod("web-b", "True", "11:59:59")}}
}

test_ready_will_do_where_there_is_no_wait_or_no_clock[text] if {
	some text, document in {
		"no wait": _lowers({"minReadySeconds": 0}, 2, 0),
		"no clock": object.remove(_lower(2, 0), ["stateward"]),
	}
	rule.report == set() with input as document
		with data.cluster.pods as {"default": {"web-2": _pod("web-b", "True", "11:59:59")}}
}

test_pod_that_says_not_since_when_it_is_ready_must_wait if {
	pod := {
		"metadata": {"labels": {"controller-revision-hash": "web-b"}},
		"status": {"conditions": [{"type": "Ready", "status": "True"}]},
	}
	count(rule.report) == 1 with input as _lower(2, 0) with data.cluster.pods as {"default": {"web-2": pod}}
}

test_any_partition_is_fine_where_no_update_is_on_its_way if {
	document := _with_status(_lower(2, 0), {"currentRevision": "web-b"})
	rule.report == set() with input as document with data.cluster.known as {"pods": true}
	without := json.remove(_lower(2, 0), ["request/oldObject/status", "request/oldObject/metadata/generation"])
	rule.report == set() with input as without with data.cluster.known as {"pods": true}
}

test_partition_that_is_not_lowered_is_fine[text] if {
	some text, document in {
		"raised": _lower(1, 2),
		"left alone": object.union(_lower(1, 1), {"request": {"object": {"spec": {"minReadySeconds": 5}}}}),
		"lowered beyond the replicas": _lower(9, 3),
		"on delete": json.patch(
			_lower(2, 0),
			[{"op": "add", "path": "/request/object/spec/updateStrategy", "value": {"type": "OnDelete"}}],
		),
	}
	rule.report == set() with input as document with data.cluster.known as {"pods": true}
}

test_update_that_has_reached_no_pod_has_no_canary_to_wait_for[text] if {
	some text, strategy in {
		"partition at replicas": _partition(3),
		"partition beyond replicas": _partition(99),
		"on delete": {"type": "OnDelete"},
	}
	rule.report == set() with input as _from(strategy) with data.cluster.known as {"pods": true}
}

test_change_of_the_template_has_been_run_by_no_pod if {
	{finding.msg | some finding in rule.report} == {sprintf("%s %s", [
		concat(" ", [
			"[canary-progress] spec.updateStrategy.rollingUpdate.partition:",
			"from 2 to 0, but no pod has run the template of this request.",
			"Fix: keep the partition, and lower it when the pods above it are updated and Ready,",
		]),
		_confirm,
	])} with input as _changes("3", {"currentRevision": "web-b"}) with data.cluster.pods as _all
}

test_change_back_is_never_held_up if {
	rule.report == set() with input as _changes("1", {}) with data.cluster.pods as _all
	count(rule.report) == 1 with input as _changes("3", {}) with data.cluster.pods as _all
	rule.report == set() with input as _changes("3", {})
}

test_change_with_the_first_canary_is_fine if {
	document := json.patch(
		_changes("3", {"currentRevision": "web-b"}),
		[{"op": "add", "path": "/request/oldObject/spec/updateStrategy", "value": _partition(3)}],
	)
	rule.report == set() with input as document with data.cluster.pods as _all
}

test_status_that_is_behind_tells_nothing if {
	document := _with_status(_lower(2, 0), {"currentRevision": "web-b", "observedGeneration": 6})
	{finding.msg | some finding in rule.report} == {sprintf("%s %s", [
		concat(" ", [
			"[canary-progress] spec.updateStrategy.rollingUpdate.partition:",
			"from 2 to 0, but the controller has not seen the previous change yet.",
			"Fix: try again in a moment,",
		]),
		_confirm,
	])} with input as document with data.cluster.pods as _all
}

test_steps_may_be_limited[step] if {
	some step, whats in {
		1: {
			"0 updates 3 more pods in one step, maxStep is 1",
		},
		2: {"0 updates 3 more pods in one step, maxStep is 2"},
		3: set(),
	}
	{finding.what | some finding in rule.report} == whats with input as _from(_partition(3))
		with data.cluster.pods as _all
		with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "canary-progress", "params": {"maxStep": step}}]
}

test_way_out_of_a_long_step_is_a_shorter_one if {
	[finding.fix | some finding in rule.report; startswith(finding.fix, "lower it to 1 first, or confirm it:")] != []
		with input as _from({"type": "OnDelete"})
		with data.cluster.pods as _all
		with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "canary-progress", "params": {"maxStep": 2}}]
}

test_confirmation_is_seen if {
	marks := {
		"stateward.dev/confirm": "update",
		"stateward.dev/confirm-until": "2026-11-23T12:10:00Z",
		"stateward.dev/confirmed-by": "alice",
	}
	document := object.union(_lower(2, 0), {"request": {"oldObject": {"metadata": {"annotations": marks}}}})
	[finding.confirmed | some finding in rule.report] == [true] with input as document
		with data.cluster.known as {"pods": true}
}

test_finding_is_a_denial if {
	some finding in rule.report with input as _lower(2, 0) with data.cluster.known as {"pods": true}
	finding.severity == "deny"
	finding.existing == false
}

test_nothing_but_an_update_is_judged if {
	sts := _lower(2, 0).request.object
	rule.report == set() with input as sts with data.cluster.known as {"pods": true}
	rule.report == set() with input as {"request": {"operation": "CREATE", "object": sts}}
		with data.cluster.known as {"pods": true}
}

_confirm := concat(" ", [
	"or confirm it: kubectl annotate statefulset web -n default --overwrite",
	"--field-manager=stateward-confirm stateward.dev/confirm=update",
	"stateward.dev/confirm-rules=canary-progress stateward.dev/confirm-for=10m",
])

_message(what) := concat(" ", [
	sprintf("[canary-progress] spec.updateStrategy.rollingUpdate.partition: %s.", [what]),
	"Fix: wait until these pods are updated and Ready, or revert the template,",
	_confirm,
])

_pod(revision, ready, since) := {
	"metadata": {"labels": {"controller-revision-hash": revision}},
	"spec": {"containers": [{"name": "web", "image": {"web-a": "nginx:1", "web-b": "nginx:2"}[revision]}]},
	"status": {"conditions": [{
		"type": "Ready",
		"status": ready,
		"lastTransitionTime": sprintf("2026-11-23T%sZ", [since]),
	}]},
}

_well := _pod("web-b", "True", "11:50:00")

_all := {"default": {
	"web-0": _pod("web-a", "True", "11:50:00"),
	"web-1": _pod("web-a", "True", "11:50:00"),
	"web-2": _well,
}}

_partition(partition) := {"type": "RollingUpdate", "rollingUpdate": {"partition": partition}}

_sts(tag, spec, strategy) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web", "generation": 7},
	"spec": object.union_n([
		{
			"replicas": 3,
			"minReadySeconds": 30,
			"template": {"spec": {"containers": [{"name": "web", "image": sprintf("nginx:%s", [tag])}]}},
		},
		spec,
		{"updateStrategy": strategy},
	]),
	"status": {"currentRevision": "web-a", "updateRevision": "web-b", "observedGeneration": 7},
}

_review(before, after) := {
	"stateward": {"time": _now},
	"request": {"operation": "UPDATE", "oldObject": before, "object": after},
}

_lowers(spec, from, to) := _review(_sts("2", spec, _partition(from)), _sts("2", spec, _partition(to)))

_lower(from, to) := _lowers({}, from, to)

_from(strategy) := _review(_sts("2", {}, strategy), _sts("2", {}, _partition(0)))

_changes(tag, status) := _with_status(_review(_sts("2", {}, _partition(2)), _sts(tag, {}, _partition(0))), status)

_with_status(document, status) := object.union(document, {"request": {"oldObject": {"status": status}}})
