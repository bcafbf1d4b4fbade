package stateward.rules.audit["orphaned-pod_test"]

import data.stateward.rules.audit["orphaned-pod"] as rule

test_pod_without_its_set_is_said if {
	{finding.msg | some finding in rule.report} == {concat(" ", [
		`[orphaned-pod] metadata.ownerReferences: StatefulSet "web" does not exist: nothing recreates this pod, which is`,
		"2 days old. Fix: create the StatefulSet again, so that it adopts the pod, or delete the pod.",
	])} with input as _pod({}) with data.cluster as {"known": {"statefulsets": true}}
}

test_pod_that_its_set_does_not_adopt_is_said[name] if {
	some name, cluster in {
		"unknown": {},
		"there": {"known": {"statefulsets": true}, "statefulsets": {"default": {"web": {}}}},
	}
	said := {finding.what | some finding in rule.report} with input as _pod({}) with data.cluster as cluster
	said == {"no controller owns it: nothing recreates this pod, which is 2 days old"}
}

test_other_pods_are_fine[name] if {
	some name, pod in {
		"controlled": {"metadata": {"ownerReferences": [{"kind": "StatefulSet", "controller": true}]}},
		"young": {"metadata": {"creationTimestamp": "2026-11-23T11:55:00Z"}},
		"ended": {"status": {"phase": "Succeeded"}},
		"of no set": {"metadata": {"labels": {"statefulset.kubernetes.io/pod-name": "other"}}},
	}
	rule.report == set() with input as _pod(pod) with data.cluster as {"known": {"statefulsets": true}}
}

_pod(more) := _audit("Pod", "", object.union(
	{"metadata": {
		"name": "web-0",
		"creationTimestamp": "2026-11-21T12:00:00Z",
		"labels": {"statefulset.kubernetes.io/pod-name": "web-0"},
		"ownerReferences": [{"kind": "Backup"}],
	}},
	more,
))

_audit(kind, group, value) := {
	"stateward": {"time": "2026-11-23T12:00:00Z"},
	"request": {"operation": "AUDIT", "kind": {"group": group, "kind": kind}, "namespace": "default", "object": value},
}
