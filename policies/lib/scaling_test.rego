package stateward.lib.scaling_test

import data.stateward.lib.scaling

_sts(replicas) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web"},
	"spec": {"replicas": replicas},
}

_stored := {"default": {"web": _sts(3)}}

_scale(old) := {"request": {
	"operation": "UPDATE",
	"kind": {"group": "autoscaling", "kind": "Scale"},
	"resource": {"group": "apps", "resource": "statefulsets"},
	"subResource": "scale",
	"oldObject": old,
	"object": {"kind": "Scale", "metadata": {"name": "web"}, "spec": {}},
}}

test_update_goes_from_the_old_spec_to_the_new if {
	document := {"request": {"operation": "UPDATE", "oldObject": _sts(5), "object": _sts(2)}}
	[[scaling.from(entry), scaling.to(entry), scaling.sts(entry)] | some entry in scaling.requests] == [[5, 2, _sts(2)]]
		with input as document
}

test_new_set_comes_from_nothing[door] if {
	some door, document in {"manifest": _sts(null), "create": {"request": {"operation": "CREATE", "object": _sts(null)}}}
	[[scaling.from(entry), scaling.to(entry)] | some entry in scaling.requests] == [[0, 1]] with input as document
}

test_scale_goes_from_the_old_scale_and_means_the_stored_set if {
	old := {"kind": "Scale", "metadata": {"name": "web"}, "spec": {"replicas": 4}}
	[[scaling.from(entry), scaling.to(entry), scaling.sts(entry)] | some entry in scaling.requests] == [[4, 0, _sts(3)]]
		with input as _scale(old)
		with data.cluster.statefulsets as _stored
}

test_scale_without_the_old_one_goes_from_the_stored_set if {
	[scaling.from(entry) | some entry in scaling.requests] == [3] with input as _scale(null)
		with data.cluster.statefulsets as _stored
}

test_scale_of_a_set_that_nobody_knows_has_no_set if {
	[scaling.sts(entry) | some entry in scaling.requests] == [] with input as _scale(null)
	[scaling.from(entry) | some entry in scaling.requests] == [] with input as _scale(null)
	[scaling.to(entry) | some entry in scaling.requests] == [0] with input as _scale(null)
}

test_new_set_stops_the_pods_that_it_has_no_place_for[what] if {
	some what, case in {
		"fewer": {"spec": {"replicas": 1}, "stopped": [1, 2, 10]},
		"none": {"spec": {"replicas": 0}, "stopped": [0, 1, 2, 10]},
		"others": {"spec": {"replicas": 2, "ordinals": {"start": 2}}, "stopped": [0, 1, 10]},
		"all": {"spec": {"replicas": 11}, "stopped": []},
	}
	[scaling.stopped(entry) | some entry in scaling.requests] == [case.stopped] with input as _create(case.spec)
		with data.cluster.pods as _left({"web-0", "web-1", "web-2", "web-10"}, {})
}

test_new_set_stops_only_what_it_takes_over[what] if {
	some what, pods in {
		"terminating": _left({"web-1"}, {"metadata": {"deletionTimestamp": "2026-11-23T12:00:00Z"}}),
		"ended": _left({"web-1"}, {"status": {"phase": "Failed"}}),
		"of others": _left({"web-1"}, {"metadata": {"ownerReferences": [{
			"apiVersion": "apps/v1",
			"kind": "StatefulSet",
			"name": "web",
			"controller": true,
		}]}}),
		"of another name": _left({"db-1"}, {}),
		"not selected": _left({"web-1"}, {"metadata": {"labels": {"app": "other"}}}),
	}
	[scaling.stopped(entry) | some entry in scaling.requests] == [[]] with input as _create({"replicas": 1})
		with data.cluster.pods as pods
}

test_other_requests_stop_nothing_in_passing if {
	pods := _left({"web-5"}, {})
	[scaling.stopped(entry) | some entry in scaling.requests] == [[]] with data.cluster.pods as pods
		with input as {"request": {"operation": "UPDATE", "oldObject": _sts(5), "object": _sts(2)}}
	[scaling.stopped(entry) | some entry in scaling.requests] == [[]] with data.cluster.pods as pods
		with input as _scale(null)
}

_create(spec) := {"request": {"operation": "CREATE", "object": {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web", "namespace": "default"},
	"spec": object.union({"selector": {"matchLabels": {"app": "nginx"}}}, spec),
}}}

_left(names, more) := {"default": {name: object.union(pod, more) |
	some name in names
	pod := {"metadata": {"name": name, "labels": {"app": "nginx"}}, "spec": {"hostname": name}}
}}
