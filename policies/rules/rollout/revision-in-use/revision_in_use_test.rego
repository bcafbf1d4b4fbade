package stateward.rules.rollout["revision-in-use_test"]

import data.stateward.rules.rollout["revision-in-use"] as rule

test_revision_of_a_rollout_is_denied[name] if {
	some name in ["web-1", "web-2"]
	[[finding.what, object.get(finding, "advice", false)] | some finding in rule.report] == [[
		sprintf("pods of StatefulSet \"web\" are made from revision %q while its rollout is under way", [name]),
		false,
	]] with input as _delete(name) with data.cluster.statefulsets as _sets("web-1", "web-2")
}

test_old_revision_may_go_during_a_rollout if {
	rule.report == set() with input as _delete("web-0") with data.cluster.statefulsets as _sets("web-1", "web-2")
}

test_revision_of_a_settled_set_is_a_warning if {
	[[finding.what, finding.advice] | some finding in rule.report] == [[
		`without revision "web-0" StatefulSet "web" cannot be rolled back to its template`,
		true,
	]] with input as _delete("web-0") with data.cluster.statefulsets as _sets("web-1", "web-1")
}

# Before 1.37 the status of such a set names two revisions for good.
test_revision_of_a_set_that_on_delete_has_replaced_is_a_warning if {
	replaced := json.patch(_sets("web-1", "web-2"), [
		{"op": "add", "path": "/default/web/spec", "value": {"replicas": 3, "updateStrategy": {"type": "OnDelete"}}},
		{"op": "add", "path": "/default/web/status/updatedReplicas", "value": 3},
	])
	[[finding.what, finding.advice] | some finding in rule.report] == [[
		`without revision "web-1" StatefulSet "web" cannot be rolled back to its template`,
		true,
	]] with input as _delete("web-1") with data.cluster.statefulsets as replaced
}

test_revision_of_another_or_no_set_may_go if {
	rule.report == set() with input as _delete("web-1")
	other := json.patch(_sets("web-1", "web-2"), [{"op": "replace", "path": "/default/web/metadata/uid", "value": "2"}])
	rule.report == set() with input as _delete("web-1") with data.cluster.statefulsets as other
	ending := json.patch(_sets("web-1", "web-2"), [{
		"op": "add",
		"path": "/default/web/metadata/deletionTimestamp",
		"value": "2026-11-23T12:00:00Z",
	}])
	rule.report == set() with input as _delete("web-1") with data.cluster.statefulsets as ending
}

_delete(name) := {"request": {
	"operation": "DELETE",
	"kind": {"group": "apps", "kind": "ControllerRevision"},
	"namespace": "default",
	"userInfo": {"username": "alice"},
	"oldObject": {
		"apiVersion": "apps/v1",
		"kind": "ControllerRevision",
		"metadata": {
			"name": name,
			"ownerReferences": [{"kind": "StatefulSet", "name": "web", "uid": "1", "controller": true}],
		},
	},
}}

_sets(current, update) := {"default": {"web": {
	"metadata": {"name": "web", "namespace": "default", "uid": "1"},
	"status": {"currentRevision": current, "updateRevision": update},
}}}
