package stateward.rules.identity["pod-labels_test"]

import data.stateward.rules.identity["pod-labels"] as rule

test_released_pod_is_denied[case] if {
	some case, labels in {"changed": {"app": "x", "role": "replica"}, "removed": {"role": "replica"}}
	{finding.msg | some finding in rule.report} == {concat(" ", [
		`[pod-labels] metadata.labels.app: without app=web StatefulSet "web" no longer owns pod "web-0".`,
		"Fix: keep the label, or confirm it: kubectl annotate pod web-0 -n default --overwrite",
		"--field-manager=stateward-confirm stateward.dev/confirm=update",
		"stateward.dev/confirm-rules=pod-labels stateward.dev/confirm-for=10m",
	])} with input as _relabel("alice", {"app": "web", "role": "replica"}, labels)
		with data.cluster.statefulsets as _sets({"matchLabels": {"app": "web"}})
}

test_pod_without_labels_is_released if {
	document := json.remove(_relabel("alice", {"app": "web"}, {}), ["/request/object/metadata/labels"])
	count(rule.report) == 1 with input as document
		with data.cluster.statefulsets as _sets({"matchLabels": {"app": "web"}})
}

test_other_labels_may_change if {
	rule.report == set()
		with input as _relabel("alice", {"app": "web", "role": "replica"}, {"app": "web", "role": "master"})
		with data.cluster.statefulsets as _sets({"matchLabels": {"app": "web"}})
}

test_role_that_is_selected_belongs_to_the_pod if {
	wanted := {"matchExpressions": [{"key": "role", "operator": "In", "values": ["replica"]}]}
	before := {"app": "web", "role": "replica"}
	after := {"app": "web", "role": "master"}
	rule.report == set() with input as _relabel("system:serviceaccount:default:web", before, after)
		with data.cluster.statefulsets as _sets(wanted)
	{finding.field | some finding in rule.report} == {"metadata.labels.role"}
		with input as _relabel("alice", before, after)
		with data.cluster.statefulsets as _sets(wanted)
	count(rule.report) == 1 with input as _relabel("system:serviceaccount:default:web", before, after)
		with data.cluster.statefulsets as _sets(wanted)
		with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "pod-labels", "params": {"roleLabels": []}}]
}

test_own_account_may_not_release_its_pod if {
	count(rule.report) == 1
		with input as _relabel("system:serviceaccount:default:web", {"app": "web"}, {"app": "x"})
		with data.cluster.statefulsets as _sets({"matchLabels": {"app": "web"}})
}

test_pod_of_an_unknown_set_or_by_a_controller_is_not_judged if {
	rule.report == set() with input as _relabel("alice", {"app": "web"}, {"app": "x"})
	rule.report == set()
		with input as _relabel("system:serviceaccount:kube-system:statefulset-controller", {"app": "web"}, {"app": "x"})
		with data.cluster.statefulsets as _sets({"matchLabels": {"app": "web"}})
}

_relabel(user, before, after) := {
	"stateward": {"time": "2026-11-23T12:00:00Z"},
	"request": {
		"operation": "UPDATE",
		"kind": {"group": "", "kind": "Pod"},
		"namespace": "default",
		"userInfo": {"username": user},
		"oldObject": _pod(before),
		"object": _pod(after),
	},
}

_pod(labels) := {
	"apiVersion": "v1",
	"kind": "Pod",
	"metadata": {
		"name": "web-0",
		"labels": labels,
		"ownerReferences": [{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web", "controller": true}],
	},
	"spec": {"serviceAccountName": "web"},
}

_sets(wanted) := {"default": {"web": {
	"metadata": {"name": "web", "namespace": "default"},
	"spec": {"selector": wanted, "template": {"metadata": {"labels": {"app": "web", "role": "replica"}}}},
}}}
