package stateward.rules.storage["volume-attachment_test"]

import data.stateward.rules.storage["volume-attachment"] as rule

test_volume_of_a_running_pod_stays_attached if {
	[finding.msg | some finding in rule.report] == [concat(" ", [
		`[volume-attachment] metadata.name: pod data/db-0 on node "worker-1" still uses volume "pv-1": detached under it,`,
		"its data may be damaged. Fix: delete the pod and wait until it has ended: Kubernetes then detaches the volume, or",
		"confirm it: stateward confirm volumeattachment/csi-1 delete --rules volume-attachment",
	])] with input as _delete({}) with data.cluster as _cluster({})
}

test_node_that_nobody_knows_counts_as_running if {
	[false] == [object.get(finding, "advice", false) |
		some finding in rule.report with input as _delete({}) with data.cluster as object.remove(_cluster({}), ["nodes"])
	]
}

test_silent_node_is_a_warning if {
	[[finding.advice, finding.what] | some finding in rule.report] == [[
		true,
		`node "worker-1" is not Ready, but its machine may still write to volume "pv-1" for pod data/db-0`,
	]] with input as _delete({}) with data.cluster as _cluster(_silent)
}

test_node_out_of_service_is_silent if {
	rule.report == set() with input as _delete({}) with data.cluster as _cluster(object.union(
		_silent,
		{"spec": {"taints": [{"key": "node.kubernetes.io/out-of-service"}]}},
	))
}

test_what_nothing_uses_may_be_detached[why] if {
	some why, change in {
		"not attached": {"status": {"attached": false}},
		"another node": {"spec": {"nodeName": "worker-2"}},
		"another volume": {"spec": {"source": {"persistentVolumeName": "pv-2"}}},
		"an inline volume": {"spec": {"source": {"persistentVolumeName": null}}},
	}
	rule.report == set() with input as _delete({"oldObject": change}) with data.cluster as _cluster({})
}

test_pods_of_no_set_are_left_alone if {
	world := object.union(_cluster({}), {"pods": {"data": {"db-0": {"metadata": {"labels": null}}}}})
	rule.report == set() with input as _delete({}) with data.cluster as world
}

test_programs_may_detach[username] if {
	some username in [
		"system:serviceaccount:kube-system:attachdetach-controller",
		"system:serviceaccount:storage:csi-attacher",
		"system:kube-controller-manager",
	]
	rule.report == set() with input as _delete({"userInfo": {"username": username}})
		with data.cluster as _cluster({})
}

_silent := {"status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}}

_cluster(node) := {
	"nodes": {"worker-1": object.union({"status": {"conditions": [{"type": "Ready", "status": "True"}]}}, node)},
	"persistentvolumes": {"pv-1": {"spec": {"claimRef": {"namespace": "data", "name": "data-db-0"}}}},
	"pods": {"data": {"db-0": {
		"kind": "Pod",
		"metadata": {"name": "db-0", "namespace": "data", "labels": {"statefulset.kubernetes.io/pod-name": "db-0"}},
		"spec": {
			"nodeName": "worker-1",
			"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data-db-0"}}],
		},
	}}},
}

_delete(change) := {
	"stateward": {"time": "2026-11-23T12:00:00Z"},
	"request": object.union(
		{
			"operation": "DELETE",
			"kind": {"group": "storage.k8s.io", "kind": "VolumeAttachment"},
			"resource": {"resource": "volumeattachments"},
			"userInfo": {"username": "alice"},
			"oldObject": {
				"apiVersion": "storage.k8s.io/v1",
				"kind": "VolumeAttachment",
				"metadata": {"name": "csi-1", "uid": "a1"},
				"spec": {"attacher": "csi", "nodeName": "worker-1", "source": {"persistentVolumeName": "pv-1"}},
				"status": {"attached": true},
			},
		},
		change,
	),
}
