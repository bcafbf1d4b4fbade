package stateward.rules.availability["pods-at-once_test"]

import data.stateward.rules.availability["pods-at-once"] as rule

test_last_member_of_a_majority_stays if {
	{finding.msg | some finding in rule.report} == {concat(" ", [
		`[pods-at-once] metadata.name: without "db-1", StatefulSet "db" has 1 of 3 members Ready, fewer than the majority`,
		"of 2; not Ready: db-0. Fix: wait until another member is Ready, or confirm it: kubectl annotate pod db-1 -n data",
		"--overwrite --field-manager=stateward-confirm stateward.dev/confirm=delete stateward.dev/confirm-rules=pods-at-once",
		"stateward.dev/confirm-for=10m",
	])} with input as _delete({}) with data.cluster as _cluster({"db-0": _away})
}

test_members_that_are_away_do_not_count[why] if {
	some why, away in {
		"not Ready": _away,
		"terminating": {"metadata": {"deletionTimestamp": "2026-11-23T12:00:00Z"}},
		"ended": {"status": {"phase": "Failed"}},
		"without conditions": {"status": {"conditions": []}},
	}
	count(rule.report) == 1 with input as _delete({}) with data.cluster as _cluster({"db-0": away})
	count(rule.report) == 1 with input as _evict({}) with data.cluster as _cluster({"db-0": away})
}

test_first_member_may_go if {
	rule.report == set() with input as _delete({}) with data.cluster as _cluster({})
	rule.report == set() with input as _evict({}) with data.cluster as _cluster({})
}

test_member_without_a_vote_may_go if {
	rule.report == set() with input as _delete({"oldObject": {"status": {"conditions": []}}})
		with data.cluster as _cluster({"db-0": _away})
}

test_systems_that_vote_need_no_label if {
	unlabelled := object.union(_cluster({"db-0": _away}), {"statefulsets": {"data": {"db": {"metadata": {"labels": {
		"stateward.dev/quorum": "false",
	}}}}}})
	count(rule.report) == 1 with input as _delete({}) with data.cluster as unlabelled
	none := object.union(unlabelled, {"statefulsets": {"data": {"db": {"spec": {"template": {"spec": {"containers": [
		{"name": "db", "image": "example.com/db:1"},
	]}}}}}}})
	rule.report == set() with input as _delete({}) with data.cluster as none
	count(rule.report) == 1 with input as _delete({}) with data.cluster as none
		with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "pods-at-once", "params": {"quorums": ["db"]}}]
}

test_other_pods_are_none_of_its_business[why] if {
	some why, change in {
		"another set": {"oldObject": {"metadata": {"ownerReferences": [object.union(_owner, {"uid": "other"})]}}},
		"no owner": {"oldObject": {"metadata": {"ownerReferences": []}}},
		"another kind": {"oldObject": {"metadata": {"ownerReferences": [object.union(_owner, {"kind": "Job"})]}}},
		"another group": {"oldObject": {"metadata": {"ownerReferences": [object.union(_owner, {"apiVersion": "x.io/v1"})]}}},
		"beyond the replicas": {"name": "db-3", "oldObject": {"metadata": {"name": "db-3"}}},
		"a kubelet": {"userInfo": {"username": "system:node:n1", "groups": ["system:nodes"]}},
		"the scheduler": {"userInfo": {"username": "system:kube-scheduler"}},
		"a controller": {"userInfo": {"username": "system:serviceaccount:kube-system:node-controller"}},
	}
	rule.report == set() with input as _delete(change) with data.cluster as _cluster({"db-0": _away})
}

test_sets_without_a_majority_to_lose[why] if {
	some why, set_of in {
		"terminating": {"metadata": {"deletionTimestamp": "2026-11-23T12:00:00Z"}},
		"two members": {"spec": {"replicas": 2}},
		"stopped": {"spec": {"replicas": 0}},
	}
	world := object.union(_cluster({"db-0": _away}), {"statefulsets": {"data": {"db": set_of}}})
	rule.report == set() with input as _delete({}) with data.cluster as world
}

test_pod_that_is_not_there_is_evicted_in_silence if {
	rule.report == set() with input as _evict({"name": "db-7"}) with data.cluster as _cluster({"db-0": _away})
}

_owner := {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "uid": "s1", "controller": true}

_away := {"status": {"conditions": [{"type": "Ready", "status": "False"}]}}

_pod(name) := {
	"kind": "Pod",
	"apiVersion": "v1",
	"metadata": {"name": name, "namespace": "data", "uid": name, "ownerReferences": [_owner]},
	"status": {"conditions": [{"type": "Ready", "status": "True"}]},
}

_cluster(changed) := {
	"statefulsets": {"data": {"db": {
		"apiVersion": "apps/v1",
		"kind": "StatefulSet",
		"metadata": {"name": "db", "namespace": "data", "uid": "s1", "labels": {"stateward.dev/quorum": "true"}},
		"spec": {
			"replicas": 3,
			"selector": {"matchLabels": {"app": "db"}},
			"template": {
				"metadata": {"labels": {"app": "db"}},
				"spec": {"containers": [{"name": "db", "image": "quay.io/coreos/etcd:v3.6.1"}]},
			},
		},
	}}},
	"pods": {"data": {name: pod |
		some name in ["db-0", "db-1", "db-2"]
		pod := object.union(_pod(name), object.get(changed, name, {}))
	}},
}

_delete(change) := _review(
	{
		"operation": "DELETE",
		"kind": {"group": "", "kind": "Pod"},
		"resource": {"resource": "pods"},
		"oldObject": _pod("db-1"),
	},
	change,
)

_evict(change) := _review(
	{
		"operation": "CREATE",
		"kind": {"group": "policy", "kind": "Eviction"},
		"resource": {"resource": "pods"},
		"subResource": "eviction",
		"object": {"apiVersion": "policy/v1", "kind": "Eviction"},
	},
	change,
)

_review(request, change) := object.union(
	{"stateward": {"time": "2026-11-23T12:00:00Z"}, "request": object.union(
		{"name": "db-1", "namespace": "data", "userInfo": {"username": "alice"}, "options": {}},
		request,
	)},
	{"request": change},
)
