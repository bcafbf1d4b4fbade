package stateward.lib.group_test

import data.stateward.lib.group

test_update_that_replaces_pods_starts[text] if {
	some text, document in {
		"a new template": _update({}, _tag("2")),
		"a partition is lowered": _update(_held(3), _held(1)),
		"a partition is lowered before the controller has seen the template": _update(
			object.union(_partition(3), {"status": {"observedGeneration": 6}}),
			_partition(0),
		),
		"a strategy is changed": _update(object.union(_held(0), _on_delete), _held(0)),
		"a group is joined": _update(_label(""), _tag("2")),
		"a group is left": _update({}, object.union(_tag("2"), _label(""))),
	}
	count(group.starts) == 1 with input as document
}

test_update_that_may_always_happen_starts_nothing[text] if {
	some text, document in {
		"create": {"request": {"operation": "CREATE", "object": _sts({})}},
		"manifest": _sts({}),
		"no group": _update(_label(""), object.union(_tag("2"), _label(""))),
		"another field": _update({}, {"spec": {"minReadySeconds": 5}}),
		"more replicas": _update({}, {"spec": {"replicas": 5}}),
		"behind a partition": _update({}, object.union(_tag("2"), _partition(3))),
		"on delete": _update(_on_delete, object.union(_tag("2"), _on_delete)),
		"no pods": _update({"spec": {"replicas": 0}}, object.union(_tag("2"), {"spec": {"replicas": 3}})),
		"a partition of nothing": _update(_partition(3), _partition(0)),
		"a partition is raised": _update(_held(0), _held(3)),
		"a set that is rolling": _update(
			{"status": {"currentRevision": "web-0", "updatedReplicas": 1}},
			_tag("2"),
		),
		"a set that is not ready": _update({"status": {"readyReplicas": 2}}, _tag("2")),
		"a set without a status": json.patch(_update({}, _tag("2")), [{"op": "remove", "path": "/request/oldObject/status"}]),
	}
	group.starts == [] with input as document
}

test_earlier_template_may_come_back if {
	revision := {
		"metadata": {"ownerReferences": [{"uid": "0c7a"}]},
		"data": {"spec": {"template": object.union(
			_template("2"),
			{"$patch": "replace", "metadata": {"creationTimestamp": null}},
		)}},
	}
	back := _update({}, _tag("2"))
	group.starts == [] with input as back with data.cluster.controllerrevisions as {"default": {"web-0": revision}}
	count(group.starts) == 1 with input as _update({}, _tag("3"))
		with data.cluster.controllerrevisions as {"default": {"web-0": revision}}
}

test_busy_members_are_those_of_the_same_label_and_namespace if {
	_names == {["db", "default", "other"]} with input as _update({}, _tag("2"))
		with data.cluster.statefulsets as {
			"default": {
				"web": _rolls("web", "default", "db"),
				"other": _rolls("other", "default", "db"),
				"done": object.union(_rolls("done", "default", "db"), {"status": {"currentRevision": "web-1"}}),
				"ends": object.union(_rolls("ends", "default", "db"), {"metadata": {"deletionTimestamp": "2026-11-23T12:00:00Z"}}),
				"alone": _rolls("alone", "default", "web"),
			},
			"data": {"far": _rolls("far", "data", "db")},
		}
}

test_both_groups_count_where_the_label_changes if {
	_names == {["db", "default", "other"], ["web", "default", "alone"]}
		with input as _update({}, object.union(_tag("2"), _label("web")))
		with data.cluster.statefulsets as {"default": {
			"other": _rolls("other", "default", "db"),
			"alone": _rolls("alone", "default", "web"),
		}}
}

test_groups_of_the_guardrails_reach_other_namespaces[text] if {
	some text, case in {
		"by its label": {"group": {"name": "db"}, "names": {["db", "data", "far"], ["db", "shop", "near"]}},
		"in some namespaces": {"group": {"name": "db", "namespaces": ["da*", "default"]}, "names": {["db", "data", "far"]}},
		"in other namespaces": {"group": {"name": "db", "namespaces": ["shop"]}, "names": set()},
		"by other labels": {
			"group": {"name": "all", "labelSelector": {"matchLabels": {"app": "web"}}},
			"names": {["all", "data", "far"]},
		},
		"by labels that the set has not": {
			"group": {"name": "all", "labelSelector": {"matchLabels": {"app": "far"}}},
			"names": set(),
		},
	}
	_names == case.names with input as _update({}, _tag("2"))
		with data.kind as "Guardrails"
		with data.spec as {"rolloutGroups": [case.group]}
		with data.cluster.statefulsets as {
			"data": {"far": object.union(_rolls("far", "data", "db"), {"metadata": {"labels": {"app": "web"}}})},
			"shop": {"near": _rolls("near", "shop", "db")},
		}
}

test_members_are_found_by_an_index if {
	selector := `{"matchLabels":{"stateward.dev/rollout-group":"db"}}`
	_names == {["db", "default", "other"]} with input as _update({}, _tag("2"))
		with data.cluster.known as {"matching": true}
		with data.cluster.matching as {"default": {selector: {"default/other": _rolls("other", "default", "db")}}}
}

test_members_beside_a_recorded_request_are_found[namespace] if {
	some namespace, names in {"default": {["db", "default", "other"]}, "far": set()}
	member := object.union(_rolls("other", namespace, "db"), {"apiVersion": "apps/v1", "kind": "StatefulSet"})
	_names == names with input as [
		{"path": "review.yaml", "contents": object.union(
			{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"},
			_update({}, _tag("2")),
		)},
		{"path": "member.yaml", "contents": member},
	]
}

_names contains [member.group, member.sts.metadata.namespace, member.sts.metadata.name] if {
	some entry in group.starts
	some member in group.busy(entry)
}

_rolls(name, namespace, label) := object.union(_sts(_label(label)), {
	"metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
	"status": {"currentRevision": "web-0", "updatedReplicas": 1},
})

_on_delete := {"spec": {"updateStrategy": {"type": "OnDelete"}}}

_partition(partition) := {"spec": {"updateStrategy": {
	"type": "RollingUpdate",
	"rollingUpdate": {"partition": partition},
}}}

_held(partition) := object.union(_partition(partition), {"status": {"currentRevision": "web-0", "updatedReplicas": 0}})

_label(name) := {"metadata": {"labels": {"stateward.dev/rollout-group": name}}}

_tag(tag) := {"spec": {"template": _template(tag)}}

_template(tag) := {
	"metadata": {"labels": {"app": "web"}},
	"spec": {"containers": [{"name": "web", "image": sprintf("nginx:%s", [tag])}]},
}

_update(before, after) := {"request": {
	"operation": "UPDATE",
	"oldObject": _sts(before),
	"object": _sts(after),
}}

_sts(changes) := object.union(
	{
		"apiVersion": "apps/v1",
		"kind": "StatefulSet",
		"metadata": {
			"name": "web",
			"namespace": "default",
			"uid": "0c7a",
			"generation": 7,
			"labels": {"app": "web", "stateward.dev/rollout-group": "db"},
		},
		"spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "template": _template("1")},
		"status": {
			"currentRevision": "web-1",
			"updateRevision": "web-1",
			"updatedReplicas": 3,
			"readyReplicas": 3,
			"observedGeneration": 7,
		},
	},
	changes,
)
