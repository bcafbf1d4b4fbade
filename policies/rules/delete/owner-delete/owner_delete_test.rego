package stateward.rules.delete["owner-delete_test"]

import data.stateward.rules.delete["owner-delete"] as rule

_now := "2026-11-23T12:00:00Z"

test_owner_of_a_set_with_claims_is_denied if {
	{finding.msg | some finding in rule.report} == {concat(" ", [
		`[owner-delete] metadata.name: RabbitmqCluster "rmq" owns StatefulSet rmq-server: deleting it stops 3 pods and`,
		"DELETES 3 claims with 3Gi of data: data-rmq-server-0, data-rmq-server-1, data-rmq-server-2.",
		"Fix: check that its data may go, and take a backup if it may not, or confirm it: kubectl annotate",
		"rabbitmqcluster.rabbitmq.com rmq -n data --overwrite --field-manager=stateward-confirm",
		"stateward.dev/confirm=delete stateward.dev/confirm-rules=owner-delete stateward.dev/confirm-for=10m",
	])} with input as _delete({}) with data.cluster as _cluster(3, _by_parent)
}

test_claims_of_the_set_go_with_it if {
	{finding.what | some finding in rule.report} == {concat(" ", [
		`RabbitmqCluster "rmq" owns StatefulSet rmq-server: deleting it stops 1 pod and`,
		"DELETES 1 claim with 1Gi of data: data-rmq-server-0",
	])} with input as _delete({}) with data.cluster as _cluster(1, [{"kind": "StatefulSet", "uid": "s1"}])
}

test_claims_without_an_owner_stay if {
	{finding.what | some finding in rule.report} == {
		`RabbitmqCluster "rmq" owns StatefulSet rmq-server: deleting it stops 3 pods; claims stay`,
	} with input as _delete({}) with data.cluster as _cluster(3, [])
}

test_many_claims_are_counted if {
	some finding in rule.report with input as _delete({}) with data.cluster as _cluster(5, _by_parent)
	endswith(finding.what, "5 claims with 5Gi of data: data-rmq-server-0, data-rmq-server-1 and 3 more")
}

test_index_is_used_where_there_is_one if {
	world := object.union(_cluster(1, []), {
		"known": {"owned": true},
		"owned": {"rabbitmq.com": {"RabbitmqCluster": {"data/rmq-server": _set("data", "rmq-server", 1)}}},
	})
	count(rule.report) == 1 with input as _delete({}) with data.cluster as world
}

test_several_sets_are_listed if {
	world := {"statefulsets": {"data": {name: _set("data", name, 2) | some name in ["rmq-a", "rmq-b"]}}}
	{finding.what | some finding in rule.report} == {
		`RabbitmqCluster "rmq" owns 2 StatefulSets (rmq-a, rmq-b): deleting it stops 4 pods; claims stay`,
	} with input as _delete({}) with data.cluster as world
}

test_orphaned_sets_run_on if {
	rule.report == set() with input as _delete({"options": {"propagationPolicy": "Orphan"}})
		with data.cluster as _cluster(3, _by_parent)
}

test_set_of_0_replicas_with_claims_that_stay_may_go if {
	rule.report == set() with input as _delete({}) with data.cluster as _cluster(0, [])
}

test_namesakes_own_nothing_here[why] if {
	some why, change in {
		"another name": {"oldObject": {"metadata": {"name": "other"}}},
		"another namespace": {"namespace": "other"},
		"another group": {"kind": {"group": "example.com"}},
		"an update": {"operation": "UPDATE"},
	}
	rule.report == set() with input as _delete(change) with data.cluster as _cluster(3, _by_parent)
}

test_sets_are_found_by_a_label_too if {
	set_of := object.union(object.remove(_set("data", "acid-db", 2), ["metadata"]), {"metadata": {
		"name": "acid-db",
		"namespace": "data",
		"labels": {"cluster-name": "acid-db"},
	}})
	request := {
		"kind": {"group": "acid.zalan.do", "kind": "postgresql"},
		"oldObject": {"kind": "postgresql", "metadata": {"name": "acid-db"}},
	}
	{finding.what | some finding in rule.report} == {
		concat(" ", [
			`postgresql "acid-db" owns StatefulSet acid-db: deleting it stops 2 pods;`,
			"its operator decides what becomes of claims",
		]),
	} with input as _delete(request) with data.cluster.statefulsets as {"data": {"acid-db": set_of}}
}

test_sets_are_found_by_a_label_of_the_guardrails[name] if {
	some name, case in {
		"this kind": {"parent": {"group": "example.com", "kind": "Shop", "label": "shop"}, "found": 1},
		"another kind": {"parent": {"group": "example.com", "kind": "Store", "label": "shop"}, "found": 0},
		"another group": {"parent": {"group": "example.org", "kind": "Shop", "label": "shop"}, "found": 0},
		"no label": {"parent": {"group": "example.com", "kind": "Shop"}, "found": 0},
	}
	count(rule.report) == case.found with input as _delete({
		"kind": {"group": "example.com", "kind": "Shop"},
		"oldObject": {"kind": "Shop", "metadata": {"name": "s1"}},
	})
		with data.cluster.statefulsets as {"data": {"s1": _labelled({"shop": "s1"})}}
		with data.kind as "Guardrails"
		with data.spec as {"parents": [case.parent]}
}

test_sets_are_found_through_owners_between[levels] if {
	some levels, owner in {
		"one": {"rabbitmq.com/v1beta1/RabbitmqNode/rmq-nodes": _found("n1", _by_parent)},
		"two": {
			"rabbitmq.com/v1beta1/RabbitmqNode/rmq-nodes": _found("n1", [_by_zone]),
			"example.com/v1/Zone/a": _found("z1", _by_parent),
		},
	}
	world := object.union(_between([_by_node, {"kind": "StatefulSet", "uid": "s1"}]), {"owner": {"data": owner}})
	{finding.what | some finding in rule.report} == {concat(" ", [
		`RabbitmqCluster "rmq" owns StatefulSet rmq-server: deleting it stops 1 pod and`,
		"DELETES 1 claim with 1Gi of data: data-rmq-server-0",
	])} with input as _delete({}) with data.cluster as world
}

test_owners_of_others_lead_elsewhere[why] if {
	some why, owner in {
		"four levels": {
			"rabbitmq.com/v1beta1/RabbitmqNode/rmq-nodes": _found("n1", [_by_zone]),
			"example.com/v1/Zone/a": _found("z1", [object.union(_by_zone, {"name": "b", "uid": "z2"})]),
			"example.com/v1/Zone/b": _found("z2", _by_parent),
		},
		"another parent": {"rabbitmq.com/v1beta1/RabbitmqNode/rmq-nodes": _found("n1", [_by_zone])},
		"no owner": {"rabbitmq.com/v1beta1/RabbitmqNode/rmq-nodes": {"exists": true, "uid": "n1"}},
		"another uid": {"rabbitmq.com/v1beta1/RabbitmqNode/rmq-nodes": _found("n2", _by_parent)},
		"gone": {"rabbitmq.com/v1beta1/RabbitmqNode/rmq-nodes": {"exists": false}},
		"unknown": {},
	}
	world := object.union(_between([]), {"owner": {"data": owner}})
	rule.report == set() with input as _delete({}) with data.cluster as world
}

test_owner_that_cannot_be_read_is_said[levels] if {
	some levels, owner in {
		"one": {"rabbitmq.com/v1beta1/RabbitmqNode/rmq-nodes": {"unread": "Stateward may not get zones.example.com"}},
		"two": {
			"rabbitmq.com/v1beta1/RabbitmqNode/rmq-nodes": _found("n1", [_by_zone]),
			"example.com/v1/Zone/a": {"unread": "Stateward may not get zones.example.com"},
		},
	}
	world := object.union(_between([]), {"owner": {"data": owner}})
	{[finding.advice, finding.what] | some finding in rule.report} == {[
		true,
		`whether StatefulSet "rmq-server" goes with it is not known: Stateward may not get zones.example.com`,
	]} with input as _delete({}) with data.cluster as world
}

test_owners_of_manifests_are_not_looked_up if {
	rule.report == set() with input as _delete({}) with data.cluster as _between([])
}

_by_node := {"apiVersion": "rabbitmq.com/v1beta1", "kind": "RabbitmqNode", "name": "rmq-nodes", "uid": "n1"}

_by_zone := {"apiVersion": "example.com/v1", "kind": "Zone", "name": "a", "uid": "z1"}

_found(uid, references) := {"exists": true, "uid": uid, "owners": references}

# The set belongs to an object between it and the parent.
_between(references) := object.union(_cluster(1, references), {"statefulsets": {"data": {"rmq-server": object.union(
	_set("data", "rmq-server", 1),
	{"metadata": {"ownerReferences": [_by_node]}},
)}}})

test_definition_takes_all_objects_of_its_kind if {
	{finding.msg | some finding in rule.report} == {concat(" ", [
		"[owner-delete] metadata.name: the objects of kind RabbitmqCluster own StatefulSet rmq-server: deleting it",
		"stops 1 pod and DELETES 1 claim with 1Gi of data: data-rmq-server-0.",
		"Fix: check that its data may go, and take a backup if it may not, or confirm it: kubectl annotate",
		"customresourcedefinition.apiextensions.k8s.io rabbitmqclusters.rabbitmq.com --overwrite",
		"--field-manager=stateward-confirm",
		"stateward.dev/confirm=delete stateward.dev/confirm-rules=owner-delete stateward.dev/confirm-for=10m",
	])} with input as _definition("rabbitmq.com") with data.cluster as _cluster(1, _by_parent)
}

test_definition_takes_what_is_behind_its_objects if {
	world := object.union(
		_between([_by_node, {"kind": "StatefulSet", "uid": "s1"}]),
		{"owner": {"data": {"rabbitmq.com/v1beta1/RabbitmqNode/rmq-nodes": _found("n1", _by_parent)}}},
	)
	{finding.what | some finding in rule.report} == {concat(" ", [
		"the objects of kind RabbitmqCluster own StatefulSet rmq-server: deleting it stops 1 pod and",
		"DELETES 1 claim with 1Gi of data: data-rmq-server-0",
	])} with input as _definition("rabbitmq.com") with data.cluster as world
}

test_definition_leaves_what_is_behind_others if {
	world := object.union(
		_between([_by_node]),
		{"owner": {"data": {"rabbitmq.com/v1beta1/RabbitmqNode/rmq-nodes": _found("n1", [_by_zone])}}},
	)
	rule.report == set() with input as _definition("rabbitmq.com") with data.cluster as world
}

test_definition_says_what_cannot_be_read if {
	world := object.union(
		_between([_by_node]),
		{"owner": {"data": {"rabbitmq.com/v1beta1/RabbitmqNode/rmq-nodes": {"unread": "Stateward may not get nodes"}}}},
	)
	{[finding.advice, finding.what] | some finding in rule.report} == {[
		true,
		"whether StatefulSet rmq-server goes with it is not known: Stateward may not get nodes",
	]} with input as _definition("rabbitmq.com") with data.cluster as world
}

test_definition_is_no_owner_itself if {
	set_of := object.union(_set("default", "rmq-server", 1), {"metadata": {"ownerReferences": [_by_node]}})
	world := {
		"statefulsets": {"default": {"rmq-server": set_of}},
		"owner": {"default": {"rabbitmq.com/v1beta1/RabbitmqNode/rmq-nodes": {"unread": "Stateward may not get nodes"}}},
	}
	count(rule.report) == 1 with input as _definition("rabbitmq.com") with data.cluster as world
}

test_definition_does_not_look_up_many_owners if {
	names := [sprintf("other-%d", [index]) | some index in numbers.range(0, 20)]
	world := {"statefulsets": {"data": {name: object.union(
		_set("data", name, 1),
		{"metadata": {"ownerReferences": [_by_node]}},
	) |
		some name in names
	}}}
	{[finding.advice, finding.what] | some finding in rule.report} == {[
		true,
		"whether StatefulSets with other owners go with it is not known: 21 are too many to look up",
	]} with input as _definition("rabbitmq.com") with data.cluster as world
}

test_definition_of_another_group_may_go if {
	rule.report == set() with input as _definition("example.com") with data.cluster as _cluster(1, _by_parent)
}

test_claim_with_an_owner_that_stays_stays if {
	other := {"apiVersion": "example.com/v1", "kind": "Backup", "name": "nightly", "uid": "b1"}
	[endswith(finding.what, "stops 1 pod; claims stay") | some finding in rule.report] == [true] with input as _delete({})
		with data.cluster as _cluster(1, array.concat(_by_parent, [other]))
}

test_manifests_beside_the_request_count if {
	rule.report == set() with input as [{
		"apiVersion": "rabbitmq.com/v1beta1",
		"kind": "RabbitmqCluster",
		"metadata": {"name": "rmq"},
	}]
	count(rule.report) == 1 with input as [
		_delete({}),
		_set("data", "rmq-server", 1),
	]
}

_by_parent := [{"apiVersion": "rabbitmq.com/v1beta1", "kind": "RabbitmqCluster", "name": "rmq", "uid": "p1"}]

_set(namespace, name, replicas) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": name, "namespace": namespace, "uid": "s1", "ownerReferences": _by_parent},
	"spec": {"replicas": replicas, "volumeClaimTemplates": [{"metadata": {"name": "data"}}]},
}

_cluster(replicas, references) := {
	"statefulsets": {"data": {"rmq-server": _set("data", "rmq-server", replicas)}},
	"persistentvolumeclaims": {"data": {name: claim |
		some index in numbers.range(1, replicas)
		index <= replicas
		name := sprintf("data-rmq-server-%d", [index - 1])
		claim := {
			"metadata": {"name": name, "namespace": "data", "ownerReferences": references},
			"spec": {"resources": {"requests": {"storage": "1Gi"}}},
		}
	}},
}

_delete(change) := object.union(
	{
		"stateward": {"time": _now},
		"request": {
			"operation": "DELETE",
			"kind": {"group": "rabbitmq.com", "kind": "RabbitmqCluster"},
			"name": "rmq",
			"namespace": "data",
			"userInfo": {"username": "alice"},
			"options": {},
			"oldObject": {"kind": "RabbitmqCluster", "metadata": {"name": "rmq", "uid": "p1"}},
		},
	},
	{"request": change},
)

_definition(group) := {
	"stateward": {"time": _now},
	"request": {
		"operation": "DELETE",
		"kind": {"group": "apiextensions.k8s.io", "kind": "CustomResourceDefinition"},
		"name": "rabbitmqclusters.rabbitmq.com",
		"userInfo": {"username": "alice"},
		"options": {},
		"oldObject": {
			"kind": "CustomResourceDefinition",
			"metadata": {"name": "rabbitmqclusters.rabbitmq.com"},
			"spec": {"group": group, "names": {"kind": "RabbitmqCluster"}},
		},
	},
}

_labelled(labels) := object.union(_set("data", "s1", 2), {"metadata": {
	"name": "s1",
	"namespace": "data",
	"labels": labels,
}})
