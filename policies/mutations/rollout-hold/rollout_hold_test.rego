package stateward.mutations["rollout-hold_test"]

import data.stateward.mutations["auto-canary"] as canary
import data.stateward.mutations["rollout-hold"] as mutation
import data.stateward.rules.rollout["rollout-group"] as rule

_flux := "system:serviceaccount:flux:flux"

_hold := "3/web=nginx:2"

test_second_update_is_kept_from_every_pod if {
	[[finding.msg, finding.patch, finding.silent] | some finding in mutation.report] == [[
		concat(" ", [
			"[rollout-hold] spec.updateStrategy.rollingUpdate.partition: Stateward sets 3",
			`while StatefulSet "other" of rollout group "db" is rolling: 1 of 3 pods updated. Fix: run`,
			"`stateward promote sts/web -n default` once that set is done.",
		]),
		_patch,
		false,
	]] with input as _update(_flux, _sts({}), _tagged("2")) with data.cluster as _busy
}

test_first_of_several_members_is_named if {
	more := object.union(_busy, {"statefulsets": {"default": {"another": object.union(_other, {
		"metadata": {"name": "another"},
		"status": {"updatedReplicas": 2},
	})}}})
	[finding.what | some finding in mutation.report] == [concat(" ", [
		"Stateward sets 3 while",
		`StatefulSet "another" of rollout group "db" is rolling: 2 of 3 pods updated`,
	])] with input as _update(_flux, _sts({}), _tagged("2")) with data.cluster as more
}

test_others_are_left_alone[text] if {
	some text, case in {
		"a person": {"document": _update("alice", _sts({}), _tagged("2")), "cluster": _busy},
		"a group at rest": {"document": _update(_flux, _sts({}), _tagged("2")), "cluster": {}},
		"the same template": {"document": _update(_flux, _sts({}), _sts({"spec": {"replicas": 5}})), "cluster": _busy},
		"behind a partition": {
			"document": _update(_flux, _sts({}), object.union(_tagged("2"), _partition(3))),
			"cluster": _busy,
		},
	}
	mutation.report == set() with input as case.document with data.cluster as case.cluster
}

test_rule_is_content_with_what_is_held if {
	document := _update(_flux, _sts({}), _tagged("2"))
	count(rule.report) == 1 with input as document with data.cluster as _busy
	rule.report == set() with input as _patched(document) with data.cluster as _busy
}

test_webhook_that_is_called_again_changes_nothing if {
	again := _patched(_update(_flux, _sts({}), _tagged("2")))
	mutation.report == set() with input as again with data.cluster as _busy
	canary.report == set() with input as again with data.cluster as _busy
}

test_sync_is_held_in_silence[text] if {
	sync := _update(_flux, _held, _tagged("2"))
	some text, cluster in {"while the other rolls": _busy, "when it is done": {}}
	mutation.report == set() with input as sync with data.cluster as cluster
	[[finding.what, finding.fix, finding.patch, finding.silent] | some finding in canary.report] == [[
		"Stateward keeps 3 until a person lowers it: a rollout group decides when its update begins",
		"run `stateward promote sts/web -n default` once the other sets of the group are done.",
		_patch,
		true,
	]] with input as sync with data.cluster as cluster
}

test_hold_grows_with_the_replicas if {
	more := object.union(_tagged("2"), {"spec": {"replicas": 5}})
	[finding.patch[1].value | some finding in canary.report] == [{"stateward.dev/canary-hold": "5/web=nginx:2"}]
		with input as _update(_flux, _held, more)
}

test_next_template_is_held_too[text] if {
	some text, label in {"a canary": {"stateward.dev/canary": "auto"}, "no canary": {}}
	next := object.union(_tagged("3"), {"metadata": {"labels": label}})
	[finding.patch[1].value | some finding in canary.report] == [{"stateward.dev/canary-hold": "3/web=nginx:3"}]
		with input as _update(_flux, _held, next)
		with data.cluster.pods as {"default": {"web-0": _pod("1")}}
}

test_person_ends_the_hold if {
	lowered := _update("alice", _held, object.union(_held, _partition(0)))
	[[finding.patch, finding.silent] | some finding in canary.report] == [[
		[{"op": "remove", "path": "/metadata/annotations/stateward.dev~1canary-hold"}],
		true,
	]] with input as lowered
}

test_earlier_template_ends_the_hold if {
	canary.report == set() with input as _update(_flux, _held, _sts({}))
		with data.cluster.pods as {"default": {"web-0": _pod("1")}}
}

test_new_image_of_a_canary_is_held_by_the_group if {
	label := {"metadata": {"labels": {"stateward.dev/canary": "auto"}}}
	document := _update(_flux, _sts(label), object.union(_tagged("2"), label))
	canary.report == set() with input as document with data.cluster as _busy
	[finding.patch | some finding in mutation.report] == [_patch] with input as document with data.cluster as _busy
}

_patch := [
	{
		"op": "add",
		"path": "/spec/updateStrategy",
		"value": {"type": "RollingUpdate", "rollingUpdate": {"partition": 3}},
	},
	{"op": "add", "path": "/metadata/annotations", "value": {"stateward.dev/canary-hold": _hold}},
]

_patched(document) := json.patch(document, [object.union(operation, {"path": path}) |
	some operation in _patch
	path := sprintf("/request/object%s", [operation.path])
])

_busy := {"statefulsets": {"default": {"other": _other}}}

_other := _sts({"metadata": {"name": "other"}, "status": {"currentRevision": "a", "updatedReplicas": 1}})

_held := object.union_n([
	_tagged("2"),
	_partition(3),
	{
		"metadata": {"annotations": {"stateward.dev/canary-hold": _hold}},
		"status": {"currentRevision": "a", "updatedReplicas": 0},
	},
])

_pod(tag) := {
	"metadata": {"labels": {"controller-revision-hash": "a"}},
	"spec": {"containers": [{"name": "web", "image": sprintf("nginx:%s", [tag])}]},
}

_partition(partition) := {"spec": {"updateStrategy": {
	"type": "RollingUpdate",
	"rollingUpdate": {"partition": partition},
}}}

_tagged(tag) := _sts(_tag(tag))

_tag(tag) := {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": sprintf("nginx:%s", [tag])}]}}}}

_update(user, before, after) := {"request": {
	"operation": "UPDATE",
	"userInfo": {"username": user},
	"oldObject": before,
	"object": after,
}}

_sts(changes) := object.union_n([
	_tag("1"),
	{
		"apiVersion": "apps/v1",
		"kind": "StatefulSet",
		"metadata": {
			"name": "web",
			"namespace": "default",
			"generation": 7,
			"labels": {"stateward.dev/rollout-group": "db"},
		},
		"spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}},
		"status": {
			"currentRevision": "b",
			"updateRevision": "b",
			"updatedReplicas": 3,
			"readyReplicas": 3,
			"observedGeneration": 7,
		},
	},
	changes,
])
