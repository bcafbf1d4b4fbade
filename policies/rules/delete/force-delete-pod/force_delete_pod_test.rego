package stateward.rules.delete["force-delete-pod_test"]

import data.stateward.rules.delete["force-delete-pod"] as rule

_force := {"gracePeriodSeconds": 0}

_terminating := {"metadata": {"deletionTimestamp": "2026-11-23T12:00:30Z", "deletionGracePeriodSeconds": 30}}

test_forced_deletion_is_denied if {
	[finding.msg | some finding in rule.report] == [concat(" ", [
		`[force-delete-pod] metadata.name: without a grace period, StatefulSet "web" starts another "web-0" while`,
		`node "node-0" may still run this one. Fix: delete it with its grace period, or power its node off and taint it`,
		"out-of-service, or confirm it: kubectl annotate pod web-0 -n default --overwrite",
		"--field-manager=stateward-confirm stateward.dev/confirm=delete",
		"stateward.dev/confirm-rules=force-delete-pod stateward.dev/confirm-for=10m",
	])] with input as _delete(_force, {})
		with data.cluster.known as _known
		with data.cluster.nodes as _nodes([])
}

test_finding_is_a_denial_of_its_own if {
	some finding in rule.report with input as _delete(_force, {})
		with data.cluster.known as _known
		with data.cluster.nodes as _nodes([])
	finding.severity == "deny"
	finding.path == ["metadata", "name"]
	finding.existing == false
	finding.confirmed == false
}

test_forced_deletion_of_what_terminates_is_denied if {
	count(rule.report) == 1 with input as _delete(_force, _terminating)
		with data.cluster.known as _known
		with data.cluster.nodes as _nodes([])
}

test_item_of_a_deletecollection_is_known_by_its_own_name if {
	document := object.union(_delete(_force, {}), {"request": {"name": ""}})
	[finding.object.name | some finding in rule.report] == ["web-0"] with input as document
		with data.cluster.known as _known with data.cluster.nodes as _nodes([])
}

test_pod_without_a_grace_period_of_its_own_is_forced[options] if {
	some options in [{}, {"gracePeriodSeconds": null}]
	count(rule.report) == 1 with input as _delete(options, {"spec": {"terminationGracePeriodSeconds": 0}})
}

test_deletion_with_grace_is_fine[options] if {
	some options in [{}, {"gracePeriodSeconds": 1}, {"gracePeriodSeconds": 30}]
	rule.report == set() with input as _delete(options, {})
		with data.cluster.known as _known
		with data.cluster.nodes as _nodes([])
}

test_pod_of_nobody_or_another_may_go[owners] if {
	some owners in [
		null,
		[],
		[{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "controller": true}],
		[{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web"}],
		[{"apiVersion": "apps.kruise.io/v1beta1", "kind": "StatefulSet", "name": "web", "controller": true}],
	]
	rule.report == set() with input as _delete(_force, {"metadata": {"ownerReferences": owners}})
}

test_who_knows_what_it_does_may_force[username] if {
	some username in {
		"system:node:node-0",
		"system:kube-controller-manager",
		"system:serviceaccount:kube-system:pod-garbage-collector",
		"system:serviceaccount:kube-system:node-controller",
		"system:serviceaccount:kube-system:namespace-controller",
		"system:kube-scheduler",
	}
	rule.report == set() with input as _by(username, ["system:nodes"])
		with data.cluster.known as _known
		with data.cluster.nodes as _nodes([])
}

test_virtual_kubelet_has_to_be_made_known if {
	document := _by("system:serviceaccount:virtual:kubelet", ["system:serviceaccounts"])
	count(rule.report) == 1 with input as document
	rule.report == set() with input as document
		with data.kind as "Guardrails"
		with data.spec.rules as [{
			"id": "force-delete-pod",
			"params": {"kubelets": ["system:serviceaccount:virtual:kubelet"]},
		}]
}

test_who_is_called_like_them_may_not[username] if {
	some username in {
		"",
		"system:node:node-0",
		"system:serviceaccount:default:pod-garbage-collector",
		"system:serviceaccount:keda:keda-operator",
	}
	count(rule.report) == 1 with input as _by(username, ["system:authenticated"])
		with data.cluster.known as _known
		with data.cluster.nodes as _nodes([])
}

test_pod_that_runs_nowhere_may_go[pod] if {
	some pod in [
		{"spec": {"nodeName": ""}},
		{"spec": {"nodeName": null}},
		{"status": {"phase": "Failed"}},
		{"status": {"phase": "Succeeded"}},
	]
	rule.report == set() with input as _delete(_force, pod)
		with data.cluster.known as _known
		with data.cluster.nodes as _nodes([])
}

test_node_that_is_gone_is_a_warning if {
	[[finding.what, finding.advice] | some finding in rule.report] == [[
		`node "node-0" is gone from the API, but its machine may still run "web-0": two pods with one identity`,
		true,
	]] with input as _delete(_force, {})
		with data.cluster.known as _known
		with data.cluster.nodes as {}
}

test_node_out_of_service_runs_nothing_unless_it_is_ready if {
	nodes := _nodes([{"key": "node.kubernetes.io/out-of-service", "value": "nodeshutdown", "effect": "NoExecute"}])
	rule.report == set() with input as _delete(_force, {})
		with data.cluster.known as _known
		with data.cluster.nodes as nodes
	ready := {"node-0": {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}}
	count(rule.report) == 1 with input as _delete(_force, {})
		with data.cluster.known as _known
		with data.cluster.nodes as object.union(nodes, ready)
}

test_pod_whose_set_is_gone_is_still_its_pod if {
	orphan := {"metadata": {"ownerReferences": [], "labels": {"statefulset.kubernetes.io/pod-name": "web-0"}}}
	count(rule.report) == 1 with input as _delete(_force, orphan)
	unlabelled := {"metadata": {"ownerReferences": []}, "spec": {"hostname": "web-0"}}
	count(rule.report) == 1 with input as _delete(_force, unlabelled)
	taken := [{"kind": "ReplicaSet", "name": "x", "controller": true}]
	rule.report == set()
		with input as _delete(_force, object.union(orphan, {"metadata": {"ownerReferences": taken}}))
}

test_eviction_without_grace_is_denied if {
	{[finding.msg, object.get(finding, "advice", false)] | some finding in rule.report} == {[
		concat(" ", [
			`[force-delete-pod] metadata.name: without a grace period, StatefulSet "web" starts another "web-0" while`,
			`node "node-0" may still run this one. Fix: delete it with its grace period, or power its node off and taint it`,
			"out-of-service, or confirm it: kubectl annotate pod web-0 -n default --overwrite",
			"--field-manager=stateward-confirm stateward.dev/confirm=delete",
			"stateward.dev/confirm-rules=force-delete-pod stateward.dev/confirm-for=10m",
		]),
		false,
	]} with input as _evict("alice", _force) with data.cluster as _cluster({})
}

test_eviction_of_a_pod_without_grace_of_its_own_is_a_warning if {
	without := {"spec": {"terminationGracePeriodSeconds": 0}}
	[[finding.what, finding.advice] | some finding in rule.report] == [[
		`"web-0" has terminationGracePeriodSeconds 0: two pods with one identity may run`,
		true,
	]] with input as _evict("alice", null) with data.cluster as _cluster(without)
}

test_confirmed_eviction_is_marked if {
	marks := {
		"stateward.dev/confirm": "delete",
		"stateward.dev/confirm-rules": "force-delete-pod",
		"stateward.dev/confirm-until": "2026-11-23T12:10:00Z",
		"stateward.dev/confirmed-by": "alice",
	}
	[finding.confirmed | some finding in rule.report] == [true] with input as _evict("alice", _force)
		with data.cluster as _cluster({"metadata": {"annotations": marks}})
}

test_eviction_is_fine[case] if {
	some case, given in {
		"with grace": [_evict("alice", {"gracePeriodSeconds": 5}), {}],
		"with the pod's own grace": [_evict("alice", {}), {}],
		"of what has ended": [_evict("alice", _force), {"status": {"phase": "Failed"}}],
		"by a controller": [_evict("system:serviceaccount:kube-system:node-controller", _force), {}],
	}
	rule.report == set() with input as given[0] with data.cluster as _cluster(given[1])
}

test_eviction_of_an_unknown_pod_is_fine if {
	rule.report == set() with input as _evict("alice", _force)
}

test_node_that_cannot_be_reached_may_run_anything if {
	taint := {"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"}
	count(rule.report) == 1 with input as _delete(_force, {})
		with data.cluster.known as _known
		with data.cluster.nodes as _nodes([taint])
}

test_node_that_nobody_knows_may_run_anything if {
	count(rule.report) == 1 with input as _delete(_force, {})
}

test_confirmed_deletion_is_marked if {
	marks := {
		"stateward.dev/confirm": "delete",
		"stateward.dev/confirm-rules": "force-delete-pod",
		"stateward.dev/confirm-until": "2026-11-23T12:10:00Z",
		"stateward.dev/confirmed-by": "alice",
	}
	[finding.confirmed | some finding in rule.report] == [true]
		with input as _delete(_force, object.union(_terminating, {"metadata": {"annotations": marks}}))
		with data.cluster.known as _known with data.cluster.nodes as _nodes([])
}

test_other_kinds_are_not_judged if {
	document := object.union(_delete(_force, {}), {"request": {"kind": {"kind": "Service"}}})
	rule.report == set() with input as document
}

_known := {"nodes": true}

_cluster(pod) := {
	"known": {"nodes": true, "pods": true},
	"nodes": _nodes([]),
	"pods": {"default": {"web-0": object.union(_pod, pod)}},
}

_evict(user, options) := {
	"stateward": {"time": "2026-11-23T12:00:00Z"},
	"request": {
		"operation": "CREATE",
		"kind": {"group": "policy", "kind": "Eviction"},
		"resource": {"resource": "pods"},
		"subResource": "eviction",
		"namespace": "default",
		"name": "web-0",
		"userInfo": {"username": user},
		"object": {"kind": "Eviction", "metadata": {"name": "web-0"}, "deleteOptions": options},
	},
}

_nodes(taints) := {"node-0": {"spec": {"taints": taints}}}

_by(username, groups) := object.union(
	_delete(_force, {}),
	{"request": {"userInfo": {"username": username, "groups": groups}}},
)

_delete(options, pod) := {
	"stateward": {"time": "2026-11-23T12:00:00Z"},
	"request": {
		"operation": "DELETE",
		"kind": {"group": "", "kind": "Pod"},
		"namespace": "default",
		"name": "web-0",
		"userInfo": {"username": "alice"},
		"options": options,
		"oldObject": object.union(_pod, pod),
	},
}

_pod := {
	"apiVersion": "v1",
	"kind": "Pod",
	"metadata": {
		"name": "web-0",
		"namespace": "default",
		"ownerReferences": [{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web", "controller": true}],
	},
	"spec": {"nodeName": "node-0", "terminationGracePeriodSeconds": 30},
	"status": {"phase": "Running"},
}

test_pod_that_was_given_another_controller_is_of_its_set if {
	other := {
		"metadata": {"ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "own", "controller": true}]},
		"spec": {"hostname": "web-0"},
	}
	sets := {"default": {"web": {"metadata": {"name": "web"}}}}
	count(rule.report) == 1 with input as _delete(_force, other) with data.cluster.statefulsets as sets
	rule.report == set() with input as _delete(_force, other)
	rule.report == set() with data.cluster.statefulsets as sets
		with input as _delete(_force, object.union(other, {"spec": {"hostname": "other"}}))
}
