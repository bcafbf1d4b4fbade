package stateward.lib.rolling_test

import data.stateward.lib.rolling

test_first_pod_follows_strategy_and_partition[text] if {
	some text, case in {
		"no strategy": {"strategy": null, "first": 0},
		"a partition": {"strategy": _partition(2), "first": 2},
		"a partition above the replicas": {"strategy": _partition(9), "first": 3},
		"on delete": {"strategy": {"type": "OnDelete"}, "first": 3},
		"recreate": {"strategy": {"type": "Recreate"}, "first": 0},
	}
	rolling.first(_sts(case.strategy, {})) == case.first
}

test_rolling_set[text] if {
	some text, sts in {
		"one pod is updated": _sts(_partition(0), _between(1)),
		"no pod is updated yet": _sts(_partition(0), _between(0)),
		"a canary waits": _sts(_partition(2), _between(1)),
		"the partition was raised": _sts(_partition(3), _between(1)),
		"recreate": _sts({"type": "Recreate"}, _between(0)),
		"a change that the controller has not seen": _sts(_partition(0), {"observedGeneration": 6}),
	}
	rolling.is_rolling(sts)
	rolling.is_busy(sts)
}

test_set_that_does_not_roll[text] if {
	some text, sts in {
		"complete": _sts(_partition(0), {}),
		"held by its partition": _sts(_partition(3), _between(0)),
		"held and not seen": _sts(_partition(3), {"observedGeneration": 6}),
		"on delete": _sts({"type": "OnDelete"}, _between(1)),
	}
	not rolling.is_rolling(sts)
	not rolling.is_busy(sts)
}

test_set_is_ready_with_all_its_pods if {
	rolling.is_ready(_sts(null, {}))
	not rolling.is_ready(_sts(null, {"readyReplicas": 2}))
	rolling.is_busy(_sts(null, {"readyReplicas": 2}))
	not rolling.is_ready(object.remove(_sts(null, {}), ["status"]))
}

test_pods_that_are_waited_for[text] if {
	some text, case in {
		"rolling": {"sts": _sts(_partition(0), _between(1)), "names": ["web-2", "web-0"]},
		"behind a partition": {"sts": _sts(_partition(1), _between(1)), "names": ["web-2"]},
		"not ready": {"sts": _sts(_partition(0), {"readyReplicas": 2}), "names": ["web-2"]},
	}
	rolling.waited(case.sts) == case.names with data.cluster.pods as _pods
}

test_missing_pod_is_waited_for_where_pods_are_known if {
	sts := _sts(null, {"readyReplicas": 2})
	rolling.waited(sts) == [] with data.cluster.pods as {}
	rolling.waited(sts) == ["web-2", "web-1", "web-0"] with data.cluster.known as {"pods": true}
}

_pods := {"data": {
	"web-0": _pod("a", "True"),
	"web-1": _pod("b", "True"),
	"web-2": _pod("b", "False"),
}}

_pod(revision, ready) := {
	"metadata": {"labels": {"controller-revision-hash": revision}},
	"status": {"conditions": [{"type": "Ready", "status": ready}]},
}

_between(updated) := {"currentRevision": "a", "updatedReplicas": updated}

_partition(partition) := {"type": "RollingUpdate", "rollingUpdate": {"partition": partition}}

_sts(strategy, status) := {
	"metadata": {"name": "web", "namespace": "data", "generation": 7},
	"spec": {"replicas": 3, "updateStrategy": strategy},
	"status": object.union(
		{
			"currentRevision": "b",
			"updateRevision": "b",
			"updatedReplicas": 3,
			"readyReplicas": 3,
			"observedGeneration": 7,
		},
		status,
	),
}
