package stateward.lib.scaling_writes_test

import data.stateward.lib.scaling

test_each_door_says_a_size[door] if {
	some door, case in {
		"manifest": {"input": _sts(3), "sizes": [0, 3]},
		"create": {"input": {"request": {"operation": "CREATE", "object": _sts(3)}}, "sizes": [0, 3]},
		"update": {"input": _update(_sts(2)), "sizes": [2, 3]},
		"scale": {"input": _scale({"spec": {"replicas": 2}}), "sizes": [2, 5]},
		"scale of an old server": {"input": _scale(null), "sizes": [4, 5]},
	}
	[[write.from, write.to] | some write in scaling.writes] == [case.sizes] with input as case.input
		with data.cluster.statefulsets as {"default": {"web": _sts(4)}}
}

test_set_of_a_scale_is_the_stored_one if {
	some write in scaling.writes with input as _scale(null)
		with data.cluster.statefulsets as {"default": {"web": _sts(4)}}
	write.sts == _sts(4)
	write.entry.kind == "Scale"
}

test_size_without_its_set_or_its_past_is_none if {
	scaling.writes == [] with input as _scale({"spec": {"replicas": 2}})
	scaling.writes == [] with input as {"request": {"operation": "DELETE", "oldObject": _sts(3)}}
}

_update(before) := {"request": {"operation": "UPDATE", "oldObject": before, "object": _sts(3)}}

_scale(before) := {"request": {
	"operation": "UPDATE",
	"kind": {"group": "autoscaling", "kind": "Scale"},
	"resource": {"group": "apps", "resource": "statefulsets"},
	"subResource": "scale",
	"name": "web",
	"namespace": "default",
	"oldObject": before,
	"object": {"kind": "Scale", "metadata": {"name": "web"}, "spec": {"replicas": 5}},
}}

_sts(replicas) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web"},
	"spec": {"replicas": replicas},
}
