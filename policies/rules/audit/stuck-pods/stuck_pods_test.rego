package stateward.rules.audit["stuck-pods_test"]

import data.stateward.rules.audit["stuck-pods"] as rule

test_pod_that_stops_a_rollout_is_said if {
	{finding.msg | some finding in rule.report} == {concat(" ", [
		"[stuck-pods] status.readyReplicas: the rollout waits for web-2: not Ready for 2 hours, ImagePullBackOff. Fix: find",
		"the cause with kubectl describe pod and kubectl logs; after a correction of the template, delete the pod.",
	])} with input as _set("old", "new")
		with data.cluster as _pods({"web-2": _pod("new", _waiting("ImagePullBackOff"), "10:00")})
}

test_pods_of_one_reason_are_told_together if {
	{finding.what | some finding in rule.report} == {
		"web-0, web-1: not Ready for 60 minutes, Unschedulable",
		"web-2: not Ready for 30 minutes",
	} with input as _set("old", "old")
		with data.cluster as _pods({
			"web-0": _pod("old", _unscheduled, "11:30"),
			"web-1": _pod("old", _unscheduled, "11:00"),
			"web-2": _pod("old", {}, "11:30"),
		})
}

test_pod_without_conditions_is_as_old_as_it_is if {
	{finding.what | some finding in rule.report} == {"web-0: not Ready for 2 hours"} with input as _set("old", "old")
		with data.cluster as _pods({"web-0": {"metadata": {"creationTimestamp": "2026-11-23T10:00:00Z"}}})
}

test_crash_loop_is_said_at_once if {
	said := {finding.what | some finding in rule.report} with input as _set("old", "old")
		with data.cluster as _pods({"web-0": _pod("old", _waiting("CrashLoopBackOff"), "11:59")})
	said == {"web-0: not Ready for 1 minute, CrashLoopBackOff"}
}

test_guardrails_set_the_minutes if {
	count(rule.report) == 1 with input as _set("old", "old")
		with data.cluster as _pods({"web-0": _pod("old", {}, "11:55")})
		with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "stuck-pods", "params": {"minutes": 5}}]
}

test_pod_that_does_not_end_is_said if {
	{finding.msg | some finding in rule.report} == {concat(" ", [
		"[stuck-pods] status.readyReplicas: the rollout waits for web-1: should have ended 2 hours ago. Fix: let its node or",
		"the finalizer that holds it finish; if the node is gone for good, delete the Node, and the pod ends.",
	])} with input as _set("old", "new") with data.cluster as _pods({"web-1": _ending("10:00")})
}

test_pod_that_ends_and_pod_that_does_not_start_are_told_apart if {
	{finding.what | some finding in rule.report} == {
		"web-0: not Ready for 60 minutes",
		"web-1, web-2: should have ended 30 minutes ago",
	} with input as _set("old", "old")
		with data.cluster as _pods({"web-0": _pod("old", {}, "11:00"), "web-1": _ending("11:30"), "web-2": _ending("11:40")})
}

test_condition_without_a_time_is_as_old_as_its_pod if {
	pod := {
		"metadata": {"creationTimestamp": "2026-11-23T10:00:00Z"},
		"status": {"conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": null}]},
	}
	{finding.what | some finding in rule.report} == {"web-0: not Ready for 2 hours"} with input as _set("old", "old")
		with data.cluster as _pods({"web-0": pod})
}

test_other_pods_are_fine[name] if {
	some name, pod in {
		"starting": _pod("old", _waiting("ContainerCreating"), "11:50"),
		"terminating": object.union(_pod("old", {}, "10:00"), {"metadata": {"deletionTimestamp": "2026-11-23T11:50:00Z"}}),
		"ready": {"status": {"conditions": [{"type": "Ready", "status": "True"}]}},
	}
	rule.report == set() with input as _set("old", "old") with data.cluster as _pods({"web-0": pod})
}

test_set_without_replicas_is_fine if {
	rule.report == set() with input as object.union(_set("old", "old"), {"request": {"object": {"spec": {"replicas": 0}}}})
}

_set(current, updated) := _audit("StatefulSet", "apps", {
	"metadata": {"name": "web"},
	"spec": {"replicas": 3},
	"status": {"currentRevision": current, "updateRevision": updated},
})

_pods(pods) := {"pods": {"default": pods}}

_pod(revision, status, since) := {
	"metadata": {"labels": {"controller-revision-hash": revision}},
	"status": object.union(status, {"conditions": array.concat(
		object.get(status, "conditions", []),
		[{"type": "Ready", "status": "False", "lastTransitionTime": sprintf("2026-11-23T%s:00Z", [since])}],
	)}),
}

_ending(at) := object.union(
	_pod("old", {"conditions": [{"type": "Ready", "status": "True"}]}, "11:59"),
	{"metadata": {"deletionTimestamp": sprintf("2026-11-23T%s:00Z", [at])}},
)

_waiting(reason) := {"containerStatuses": [{"state": {"waiting": {"reason": reason}}}]}

_unscheduled := {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]}

_audit(kind, group, value) := {
	"stateward": {"time": "2026-11-23T12:00:00Z"},
	"request": {"operation": "AUDIT", "kind": {"group": group, "kind": kind}, "namespace": "default", "object": value},
}
