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
