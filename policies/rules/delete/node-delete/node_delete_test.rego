package stateward.rules.delete["node-delete_test"]

import data.stateward.rules.delete["node-delete"] as rule

test_node_that_is_ready_is_drained_first if {
	[[finding.msg, finding.severity] | some finding in rule.report] == [[
		concat(" ", [
			`[node-delete] metadata.name: node "worker-1" is Ready and runs data/db-0: Kubernetes starts it elsewhere while its`,
			"machine may still run it. Fix: run `kubectl drain worker-1 --ignore-daemonsets --delete-emptydir-data`, then",
			"delete it, or confirm it: stateward confirm node/worker-1 delete --rules node-delete",
		]),
		"off",
	]] with input as _delete({}) with data.cluster as _cluster(["db-0"], {})
}

test_second_person_confirms_with_four_eyes if {
	some finding in rule.report with input as _delete({}) with data.cluster as _cluster(["db-0"], {})
		with data.kind as "Guardrails"
		with data.spec.fourEyes as true
	contains(finding.msg, ", or a second person must run: stateward confirm node/worker-1 delete --rules node-delete")
}

test_pods_and_disks_of_the_node_are_named if {
	some finding in rule.report with input as _delete({}) with data.cluster as _cluster(["db-0", "db-1"], {"pv-1": {}})
	contains(finding.what, "runs data/db-0, data/db-1: Kubernetes starts them elsewhere while")
	endswith(finding.what, "; no other node can reach volume pv-1 of claim data/data-db-0")
}

test_annotations_on_a_node_confirm_nothing if {
	some finding in rule.report with input as _delete({"oldObject": {"metadata": {"annotations": {
		"stateward.dev/confirm": "delete",
		"stateward.dev/confirm-rules": "node-delete",
		"stateward.dev/confirm-until": "2026-11-23T12:10:00Z",
		"stateward.dev/confirmed-by": "bob",
		"stateward.dev/confirmed-object": "n1",
	}}}})
		with data.cluster as _cluster(["db-0"], {})
	not finding.confirmed
}

test_confirmation_object_lets_the_node_go if {
	some finding in rule.report with input as _delete({})
		with data.cluster as object.union(_cluster(["db-0"], {}), {"confirmations": {"stateward-system": {"c": {
			"metadata": {"name": "c", "namespace": "stateward-system"},
			"spec": {
				"operations": ["delete"],
				"rules": ["node-delete"],
				"until": "2026-11-23T12:10:00Z",
				"confirmedBy": "bob",
				"objects": [{"kind": "Node", "name": "worker-1", "uid": "n1"}],
			},
		}}}})
		with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "node-delete", "action": "deny"}]
	finding.confirmed
}

test_node_that_is_not_ready_needs_its_machine_off[why] if {
	some why, conditions in {"silent": [{"type": "Ready", "status": "Unknown"}], "new": []}
	{[finding.advice, finding.what] | some finding in rule.report} == {[true, concat(" ", [
		`node "worker-1" is not Ready, but its machine may still run data/db-0, which Kubernetes starts elsewhere;`,
		"no other node can reach volume pv-1 of claim data/data-db-0",
	])]} with input as _delete({"oldObject": {"status": {"conditions": conditions}}})
		with data.cluster as _cluster(["db-0"], {"pv-1": {}})
}

test_node_that_is_out_of_service_may_go if {
	rule.report == set() with input as _delete({"oldObject": _out_of_service})
		with data.cluster as _cluster(["db-0"], {})
}

test_drained_node_with_disks_is_a_warning if {
	{[finding.advice, finding.what] | some finding in rule.report} == {[
		true,
		`only pods on node "worker-1" can use volume pv-1 of claim data/data-db-0`,
	]} with input as _delete({}) with data.cluster as _cluster([], {"pv-1": {}})
}

test_disk_is_found_by_the_host_name_too if {
	count(rule.report) == 1
		with input as _delete({"oldObject": {"metadata": {"labels": {"kubernetes.io/hostname": "host-1"}}}})
		with data.cluster as _cluster([], {"pv-1": _affinity([["In", ["host-1"]]])})
}

test_volumes_that_others_reach_too[why] if {
	some why, changed in {
		"no affinity": {"spec": {"nodeAffinity": null}},
		"no terms": _affinity([]),
		"another node": _affinity([["In", ["worker-2"]]]),
		"two nodes": _affinity([["In", ["worker-1", "worker-2"]]]),
		"either of two": _affinity([["In", ["worker-1"]], ["In", ["worker-2"]]]),
		"all but one": _affinity([["NotIn", ["worker-1"]]]),
		"released": {"spec": {"claimRef": {"uid": "other"}}},
	}
	rule.report == set() with input as _delete({}) with data.cluster as _cluster([], {"pv-1": changed})
}

test_other_pods_may_lose_their_node[why] if {
	some why, changed in {
		"elsewhere": {"spec": {"nodeName": "worker-2"}},
		"ended": {"status": {"phase": "Failed"}},
		"of no set": {"metadata": {"labels": null}},
		"without claims": {"spec": {"volumes": [{"name": "tmp", "emptyDir": {}}]}},
	}
	world := object.union(_cluster(["db-0"], {}), {"pods": {"data": {"db-0": changed}}})
	rule.report == set() with input as _delete({}) with data.cluster as world
}

test_programs_may_delete_nodes[username] if {
	some username in [
		"system:serviceaccount:kube-system:cluster-autoscaler",
		"system:serviceaccount:capi-system:capi-manager",
		"system:kube-controller-manager",
		"system:cloud-controller-manager",
		"eks:node-manager",
	]
	rule.report == set() with input as _delete({"userInfo": {"username": username}})
		with data.cluster as _cluster(["db-0"], {"pv-1": {}})
}

test_more_managers_can_be_named if {
	rule.report == set() with input as _delete({}) with data.cluster as _cluster(["db-0"], {})
		with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "node-delete", "params": {"managers": ["ali*"]}}]
}

test_guardrails_select_by_what_the_node_holds[namespace] if {
	some namespace, found in {"data": 1, "other": 0}
	count(rule.report) == found with input as _delete({}) with data.cluster as _cluster(["db-0"], {"pv-1": {}})
		with data.kind as "Guardrails"
		with data.spec.match as {"namespaces": [namespace]}
}

test_index_is_used_where_there_is_one if {
	count(rule.report) == 1 with input as _delete({}) with data.cluster as {
		"known": {"naming": true},
		"naming": {"pods": {"Node/worker-1": {"data/db-0": _pod("db-0")}}},
	}
}

_out_of_service := {
	"spec": {"taints": [{"key": "node.kubernetes.io/out-of-service", "effect": "NoExecute"}]},
	"status": {"conditions": []},
}

_affinity(terms) := {"spec": {"nodeAffinity": {"required": {"nodeSelectorTerms": [
{"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": operator, "values": values}]} |
	some [operator, values] in terms
]}}}}

_pod(name) := {
	"apiVersion": "v1",
	"kind": "Pod",
	"metadata": {"name": name, "namespace": "data", "labels": {"statefulset.kubernetes.io/pod-name": name}},
	"spec": {"nodeName": "worker-1", "volumes": [
		{"name": "tmp", "emptyDir": {}},
		{"name": "data", "persistentVolumeClaim": {"claimName": sprintf("data-%s", [name])}},
	]},
	"status": {"phase": "Running"},
}

_volume := object.union(
	{"metadata": {"name": "pv-1"}, "spec": {"claimRef": {"namespace": "data", "name": "data-db-0", "uid": "c0"}}},
	_affinity([["In", ["worker-1"]]]),
)

_cluster(running, disks) := {
	"pods": {"data": {name: _pod(name) | some name in running}},
	"persistentvolumes": {name: object.union(_volume, changed) | some name, changed in disks},
	"persistentvolumeclaims": {"data": {"data-db-0": {
		"kind": "PersistentVolumeClaim",
		"metadata": {"name": "data-db-0", "namespace": "data", "uid": "c0"},
	}}},
}

_delete(change) := {
	"stateward": {"time": "2026-11-23T12:00:00Z"},
	"request": object.union(
		{
			"operation": "DELETE",
			"kind": {"group": "", "kind": "Node"},
			"resource": {"resource": "nodes"},
			"userInfo": {"username": "alice"},
			"oldObject": {
				"apiVersion": "v1",
				"kind": "Node",
				"metadata": {"name": "worker-1", "uid": "n1"},
				"status": {"conditions": [{"type": "MemoryPressure", "status": "False"}, {"type": "Ready", "status": "True"}]},
			},
		},
		change,
	),
}
