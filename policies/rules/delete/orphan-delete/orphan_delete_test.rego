package stateward.rules.delete["orphan-delete_test"]

import data.stateward.rules.delete["orphan-delete"] as rule

_fix := "Fix: wait some seconds, then create it again with the same selector."

test_orphaned_pods_are_mentioned[options] if {
	some options in [{"propagationPolicy": "Orphan"}, {"orphanDependents": true}]
	messages := {finding.msg | some finding in rule.report} with input as _delete({"replicas": 3}, options)
	messages == {_message(3)}
}

test_orphan_finalizer_is_mentioned if {
	deletion := object.union(
		_delete({"replicas": 3}, {}),
		{"request": {"oldObject": {"metadata": {"finalizers": ["orphan"]}}}},
	)
	{finding.msg | some finding in rule.report} == {_message(3)} with input as deletion
}

test_finding_is_a_warning if {
	some finding in rule.report with input as _delete({"replicas": 3}, {"propagationPolicy": "Orphan"})
	finding.severity == "warn"
	finding.profile == {}
	finding.path == ["metadata", "name"]
}

test_absent_replicas_are_one if {
	messages := {finding.msg | some finding in rule.report} with input as _delete({}, {"propagationPolicy": "Orphan"})
	messages == {sprintf(
		"[orphan-delete] metadata.name: nothing recreates the only pod of \"web\" after a failure. %s",
		[_fix],
	)}
}

test_set_without_pods_orphans_nothing if {
	rule.report == set() with input as _delete({"replicas": 0}, {"propagationPolicy": "Orphan"})
}

test_cascade_orphans_nothing[options] if {
	some options in [
		{},
		{"propagationPolicy": "Background"},
		{"propagationPolicy": "Foreground"},
		{"orphanDependents": false},
	]
	rule.report == set() with input as _delete({"replicas": 3}, options)
}

test_explicit_policy_comes_before_the_finalizer if {
	deletion := object.union(
		_delete({"replicas": 3}, {"propagationPolicy": "Background"}),
		{"request": {"oldObject": {"metadata": {"finalizers": ["orphan"]}}}},
	)
	rule.report == set() with input as deletion
}

test_deletecollection_is_read_from_the_old_object if {
	request := object.remove(_delete({"replicas": 3}, {"propagationPolicy": "Orphan"}).request, ["name"])
	{finding.msg | some finding in rule.report} == {_message(3)} with input as {"request": request}
}

test_terminating_set_may_go if {
	deletion := object.union(
		_delete({"replicas": 3}, {"propagationPolicy": "Orphan"}),
		{"request": {"oldObject": {"metadata": {"deletionTimestamp": "2026-11-23T12:00:00Z", "finalizers": ["orphan"]}}}},
	)
	rule.report == set() with input as deletion
}

test_other_kinds_are_not_judged if {
	deletion := object.union(
		_delete({"replicas": 3}, {"propagationPolicy": "Orphan"}),
		{"request": {"kind": {"kind": "Deployment"}}},
	)
	rule.report == set() with input as deletion
}

_message(replicas) := sprintf(
	"[orphan-delete] metadata.name: nothing recreates the %d pods of \"web\" after a failure. %s",
	[replicas, _fix],
)

_delete(spec, options) := {"request": {
	"operation": "DELETE",
	"kind": {"group": "apps", "kind": "StatefulSet"},
	"name": "web",
	"namespace": "default",
	"userInfo": {"username": "alice"},
	"options": options,
	"oldObject": {"kind": "StatefulSet", "metadata": {"name": "web"}, "spec": spec},
}}
