package stateward.rules.rollout["rollout-group_test"]

import data.stateward.rules.rollout["rollout-group"] as rule

_template := ["spec", "template"]

_partition_path := ["spec", "updateStrategy", "rollingUpdate", "partition"]

test_new_template_waits_for_a_member_that_rolls if {
	[[finding.path, finding.what, array.slice(split(finding.fix, ", or "), 0, 2)] | some finding in rule.report] == [[
		_template,
		concat(" ", [
			`changes while StatefulSet "other" of rollout group "db" is rolling: 1 of 3 pods updated,`,
			"waiting for other-1, other-0",
		]),
		[
			"wait for that set",
			"set the partition to 3 with this change and lower it then",
		],
	]] with input as _update("alice", {}, _tag("2"))
		with data.cluster as _beside(_between(1), {
			"other-0": _pod("a", "True"),
			"other-1": _pod("b", "False"),
			"other-2": _pod("b", "True"),
		})
}

test_lower_partition_waits_too if {
	[[finding.path, finding.what, finding.severity, finding.existing, finding.others] | some finding in rule.report] == [[
		_partition_path,
		`lets the update reach more pods while StatefulSet "other" of rollout group "db" is rolling: 1 of 3 pods updated`,
		"deny",
		false,
		[{"kind": "StatefulSet", "namespace": "default", "name": "other"}],
	]] with input as _update("alice", _held(3), _held(0)) with data.cluster as _beside(_between(1), {})
}

test_state_of_the_other_is_told[text] if {
	some text, case in {
		"unseen": {
			"other": {"status": {"observedGeneration": 6}},
			"state": "is about to roll: its controller has not seen its last change",
		},
		"a canary": {
			"other": object.union(_partition(2), _between(1)),
			"state": "is rolling: 1 of 3 pods updated, its partition is 2",
		},
		"not ready": {"other": {"status": {"readyReplicas": 2}}, "state": "has 2 of 3 pods Ready"},
	}
	{[finding.path, finding.what] | some finding in rule.report} == {[
		_template,
		sprintf(`changes while StatefulSet "other" of rollout group "db" %s`, [case.state]),
	]} with input as _update("alice", {}, _tag("2")) with data.cluster as _beside(case.other, {})
}

test_other_namespace_is_named if {
	{finding.what | some finding in rule.report} == {concat(" ", [
		`changes while StatefulSet "other" in namespace "data" of rollout group "db"`,
		"has 2 of 3 pods Ready",
	])} with input as _update("alice", {}, _tag("2"))
		with data.kind as "Guardrails"
		with data.spec as {"rolloutGroups": [{"name": "db"}]}
		with data.cluster.statefulsets as {"data": {"other": _sts({
			"metadata": {"name": "other", "namespace": "data"},
			"status": {"readyReplicas": 2},
		})}}
}

test_group_that_is_at_rest_waits_for_nothing if {
	rule.report == set() with input as _update("alice", {}, _tag("2")) with data.cluster as _beside({}, {})
}

test_mode_says_who_is_held[text] if {
	some text, case in {
		"people by default": {"user": "alice", "spec": {}, "held": false},
		"automation by default": {"user": _flux, "spec": {}, "held": true},
		"automation in mode deny": {"user": _flux, "spec": _mode("deny"), "held": false},
		"people in mode hold": {"user": "alice", "spec": _mode("hold"), "held": true},
		"a rule that warns": {
			"user": _flux,
			"spec": {"rules": [{"id": "rollout-group", "action": "warn"}]},
			"held": false,
		},
	}
	document := _update(case.user, {}, _tag("2"))
	held := {true | rule.holds(_entry(document))} with input as document
		with data.cluster as _beside(_between(1), {})
		with data.kind as "Guardrails"
		with data.spec as case.spec
	held == {true | case.held}
}

test_only_new_templates_are_held if {
	lowered := _update(_flux, _held(3), _held(0))
	count(rule.report) == 1 with input as lowered with data.cluster as _beside(_between(1), {})
	not rule.holds(_entry(lowered)) with input as lowered with data.cluster as _beside(_between(1), {})
	alone := _update(_flux, {}, _tag("2"))
	not rule.holds(_entry(alone)) with input as alone with data.cluster as _beside({}, {})
}

_flux := "system:serviceaccount:flux:flux"

_mode(mode) := {"rules": [{"id": "rollout-group", "params": {"mode": mode}}]}

_entry(document) := {
	"namespace": "default",
	"name": "web",
	"operation": "UPDATE",
	"user": document.request.userInfo,
	"object": document.request.object,
	"old": document.request.oldObject,
}

_beside(changes, pods) := {
	"statefulsets": {"default": {"other": object.union(_sts({"metadata": {"name": "other"}}), changes)}},
	"pods": {"default": pods},
}

_pod(revision, ready) := {
	"metadata": {"labels": {"controller-revision-hash": revision}},
	"status": {"conditions": [{"type": "Ready", "status": ready}]},
}

_between(updated) := {"status": {"currentRevision": "a", "updatedReplicas": updated}}

_partition(partition) := {"spec": {"updateStrategy": {
	"type": "RollingUpdate",
	"rollingUpdate": {"partition": partition},
}}}

_held(partition) := object.union(_partition(partition), _between(0))

_tag(tag) := {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": sprintf("nginx:%s", [tag])}]}}}}

_update(user, before, after) := {"request": {
	"operation": "UPDATE",
	"userInfo": {"username": user},
	"oldObject": _sts(before),
	"object": _sts(after),
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
