package stateward.mutations["auto-canary_test"]

import data.stateward.mutations["auto-canary"] as mutation
import data.stateward.rules.rollout["canary-first"] as rule

_hold := "stateward.dev/canary-hold"

_pointer := "/metadata/annotations/stateward.dev~1canary-hold"

test_new_image_begins_with_the_last_pod if {
	[[finding.msg, finding.patch, finding.silent] | some finding in mutation.report] == [[
		concat(" ", [
			"[auto-canary] spec.updateStrategy.rollingUpdate.partition:",
			"Stateward sets 2: the new image goes to web-2 only.",
			"Fix: lower the partition once that pod works.",
		]),
		[_moved(_partition(2)), _first_annotation("2/web=nginx:2")],
		false,
	]] with input as _update({}, {})
}

test_hold_is_added_to_other_annotations if {
	document := json.patch(
		_update({}, {}),
		[{"op": "add", "path": "/request/object/metadata/annotations", "value": {"a": "b"}}],
	)
	[finding.patch | some finding in mutation.report] == [[_moved(_partition(2)), _recorded("2/web=nginx:2")]]
		with input as document
}

test_ordinals_are_counted_from_their_start if {
	[finding.what | some finding in mutation.report] == ["Stateward sets 2: the new image goes to web-7 only"]
		with input as _update({}, {"ordinals": {"start": 5}})
}

test_replicas_after_the_request_count if {
	[finding.patch[0] | some finding in mutation.report] == [_moved(_partition(4))]
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
	[finding.patch[0] | some finding in mutation.report] == [_moved(case.set)]
		with input as _update({}, {"updateStrategy": case.given})
}

test_sync_by_automation_is_corrected_in_silence[text] if {
	some text, sync in {
		"partition 0": _synced({"updateStrategy": _partition(0)}),
		"no partition": _synced({}),
		"other replicas": _synced({"replicas": 4}),
	}
	[[finding.what, finding.fix, finding.patch, finding.silent] | some finding in mutation.report] == [[
		"Stateward keeps 2 until a person lowers it: a canary rolls out",
		"run `stateward promote sts/web -n default` once that pod works.",
		[_moved(_partition(2))],
		true,
	]] with input as sync
}

test_replacement_that_drops_the_hold_gets_it_back if {
	dropped := json.patch(_synced({}), _dropping)
	[[finding.patch, finding.silent] | some finding in mutation.report] == [[
		[_moved(_partition(2)), _first_annotation("2/web=nginx:2")],
		true,
	]] with input as dropped
	kept := json.patch(_synced({"updateStrategy": _partition(2)}), _dropping)
	[[finding.what, finding.patch, finding.silent] | some finding in mutation.report] == [[
		`only Stateward writes this hold: "2/web=nginx:2"`,
		[_first_annotation("2/web=nginx:2")],
		true,
	]] with input as kept
}

test_sync_that_changes_the_template_is_told if {
	sync := json.patch(
		_synced({}),
		[{"op": "add", "path": "/request/object/spec/template/metadata", "value": {"labels": {"a": "b"}}}],
	)
	[finding.silent | some finding in mutation.report] == [false] with input as sync
}

test_person_lowers_and_the_hold_follows if {
	[[finding.what, finding.patch, finding.silent] | some finding in mutation.report] == [[
		`this hold has no effect, so Stateward removes it: "2/web=nginx:2"`,
		[{"op": "remove", "path": _pointer}],
		true,
	]] with input as _by("alice", _synced({}))
	[[finding.patch, finding.silent] | some finding in mutation.report] == [[[_recorded("1/web=nginx:2")], true]]
		with input as _by("alice", _synced({"updateStrategy": _partition(1)}))
}

test_hold_that_a_request_brings_is_removed[text] if {
	some text, document in {
		"create": {"request": {
			"operation": "CREATE",
			"userInfo": {"username": "alice"},
			"object": object.union(_sts("1", {}), _annotated("2/web=nginx:1")),
		}},
		"no label": _forged({"stateward.dev/canary": ""}),
		"no rollout": _forged({}),
	}
	[[finding.msg, finding.patch, finding.silent] | some finding in mutation.report] == [[
		concat(" ", [
			`[auto-canary] metadata.annotations["stateward.dev/canary-hold"]:`,
			`this hold has no effect, so Stateward removes it: "2/web=nginx:1".`,
			"Fix: do not set this annotation: Stateward writes it.",
		]),
		[{"op": "remove", "path": _pointer}],
		false,
	]] with input as document
	[finding.silent | some finding in mutation.report] == [true]
		with input as _by("system:serviceaccount:flux:flux", document)
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

_moved(strategy) := {"op": "add", "path": "/spec/updateStrategy", "value": strategy}

_dropping := [{"op": "remove", "path": "/request/object/metadata/annotations"}]

_recorded(value) := {"op": "add", "path": _pointer, "value": value}

_first_annotation(value) := {"op": "add", "path": "/metadata/annotations", "value": {_hold: value}}

_annotated(value) := {"metadata": {"annotations": {_hold: value}}}

_by(user, document) := object.union(document, {"request": {"userInfo": {"username": user}}})

# The set as a canary of nginx:2 has left it, to which Flux applies its manifest.
_synced(spec) := _by("system:serviceaccount:flux:flux", {"request": {
	"operation": "UPDATE",
	"oldObject": object.union_n([
		_sts("2", {"updateStrategy": _partition(2)}),
		_annotated("2/web=nginx:2"),
		{"status": {"currentRevision": "a", "updateRevision": "b"}},
	]),
	"object": object.union(_sts("2", spec), _annotated("2/web=nginx:2")),
}})

_forged(labels) := {"request": {
	"operation": "UPDATE",
	"userInfo": {"username": "alice"},
	"oldObject": _sts("1", {}),
	"object": object.union_n([
		_sts("1", {"updateStrategy": _partition(2)}),
		_annotated("2/web=nginx:1"),
		{"metadata": {"labels": labels}},
	]),
}}

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
