package stateward.lib.cluster_test

import data.stateward.lib.cluster

test_resource_is_known_where_the_world_says_so if {
	cluster.knows("services") with data.cluster.known as {"services": true}
}

test_resource_is_unknown_where_the_world_does_not_say_so[world] if {
	some world, known in {
		"nothing known": {},
		"another resource known": {"statefulsets": true},
		"known: false": {"services": false},
		"known: text": {"services": "true"},
	}
	not cluster.knows("services") with data.cluster.known as known
}

test_resource_is_unknown_without_a_world if {
	not cluster.knows("services") with input as _sts("web", "nginx")
}

test_objects_at_hand_do_not_make_a_resource_known if {
	not cluster.knows("services") with data.cluster.services as _services
}

test_set_of_manifests_holds_what_people_ship_together if {
	every resource in ["services", "statefulsets", "deployments", "poddisruptionbudgets"] {
		cluster.knows(resource) with input as _files([])
	}
	cluster.knows("services") with input as {"kind": "List", "items": []}
}

test_set_of_manifests_does_not_hold_what_is_made_elsewhere[resource] if {
	some resource in {"persistentvolumes", "nodes", "pods", "storageclasses"}
	not cluster.knows(resource) with input as _files([])
}

test_service_of_the_manifests_is_found if {
	cluster.service("default", "nginx") == _service("nginx") with input as _files([_service("nginx")])
}

test_service_of_the_world_is_found if {
	cluster.service("default", "nginx") == _service("nginx") with data.cluster.services as _services
}

test_manifest_comes_before_the_world if {
	changed := object.union(_service("nginx"), {"spec": {"clusterIP": "None"}})
	cluster.service("default", "nginx") == changed with input as _files([changed]) with data.cluster.services as _services
}

test_first_of_two_manifests_counts if {
	other := object.union(_service("nginx"), {"spec": {"clusterIP": "None"}})
	cluster.service("default", "nginx") == _service("nginx") with input as _files([_service("nginx"), other])
}

test_service_of_another_namespace_or_name_is_not_found if {
	not cluster.service("prod", "nginx") with data.cluster.services as _services
	not cluster.service("default", "other") with data.cluster.services as _services
	not cluster.service("prod", "nginx") with input as _files([_service("nginx")])
	not cluster.service("default", "other") with input as _files([_service("nginx")])
}

test_statefulset_is_no_service if {
	not cluster.service("default", "web") with input as _files([_sts("web", "nginx")])
	not cluster.statefulset("default", "nginx") with input as _files([_service("nginx")])
}

test_nothing_is_found_without_a_world if {
	not cluster.service("default", "nginx")
	not cluster.statefulset("default", "web")
	cluster.governed_by("default", "nginx") == []
}

test_what_is_under_review_is_not_yet_part_of_the_world if {
	document := {"request": {"operation": "CREATE", "namespace": "default", "object": _service("nginx")}}
	not cluster.service("default", "nginx") with input as document
}

test_statefulset_of_the_manifests_is_found if {
	cluster.statefulset("default", "web") == _sts("web", "nginx") with input as _files([_sts("web", "nginx")])
}

test_statefulset_of_the_world_is_found if {
	cluster.statefulset("default", "web") == _sts("web", "nginx") with data.cluster.statefulsets as _statefulsets
}

test_statefulset_of_another_namespace_is_not_found if {
	not cluster.statefulset("prod", "web") with data.cluster.statefulsets as _statefulsets
	not cluster.statefulset("prod", "web") with input as _files([_sts("web", "nginx")])
}

test_service_governs_the_sets_that_name_it if {
	governed := cluster.governed_by("default", "nginx") with data.cluster.statefulsets as _statefulsets
		with input as _files([_sts("db", "nginx"), _sts("queue", "other"), _service("nginx")])
	[sts.metadata.name | some sts in governed] == ["db", "web"]
}

test_service_governs_nothing_in_another_namespace if {
	cluster.governed_by("prod", "nginx") == [] with input as _files([_sts("db", "nginx")])
		with data.cluster.statefulsets as _statefulsets
}

test_service_does_not_govern_what_names_another if {
	cluster.governed_by("default", "other") == [] with input as _files([_sts("db", "nginx")])
		with data.cluster.statefulsets as _statefulsets
}

test_namesake_of_another_group_is_no_service if {
	knative := {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": "nginx"}}
	not cluster.service("default", "nginx") with input as _files([knative])
	cluster.service("default", "nginx") == _service("nginx") with input as _files([knative, _service("nginx")])
}

test_statefulsets_and_claims_are_the_given_and_the_known if {
	given := object.union(_sts("a", "nginx"), {"metadata": {"namespace": "default"}})
	[sts.metadata.name | some sts in cluster.statefulsets("default")] == ["a", "b"] with input as _files([given])
		with data.cluster.statefulsets as {"default": {"b": _sts("b", "nginx")}}
	claim := {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "www-a-0"}}
	[found.metadata.name | some found in cluster.claims("default")] == ["www-a-0", "www-b-0"]
		with input as _files([claim])
		with data.cluster.persistentvolumeclaims as {"default": {"www-b-0": {"metadata": {"name": "www-b-0"}}}}
}

test_one_headless_service_is_the_one_that_selects_the_pods[text] if {
	headless := object.union(_service("nginx"), {"spec": {"clusterIP": "None", "selector": {"app": "nginx"}}})
	some text, other in {
		"not headless": _headless({"clusterIP": "10.96.0.10", "selector": {"app": "nginx"}}),
		"external": _headless({"clusterIP": "None", "type": "ExternalName", "selector": {"app": "nginx"}}),
		"other pods": _headless({"clusterIP": "None", "selector": {"app": "db"}}),
		"no pods": _headless({"clusterIP": "None", "selector": {}}),
		"going": object.union(
			_headless({"clusterIP": "None", "selector": {"app": "nginx"}}),
			{"metadata": {"deletionTimestamp": "2026-11-23T12:00:00Z"}},
		),
	}
	cluster.only_headless_service("default", {"app": "nginx"}) == "nginx" with input as _files([headless, other])
	cluster.only_headless_service("default", {"app": "nginx"}) == "nginx" with input as _files([headless])
		with data.cluster.services as {"default": {"nginx": headless, "other": other}}
}

test_one_headless_service_must_be_one_and_known if {
	first := object.union(_service("nginx"), {"spec": {"clusterIP": "None", "selector": {"app": "nginx"}}})
	second := _headless({"clusterIP": "None", "selector": {"app": "nginx"}})
	not cluster.only_headless_service("default", {"app": "nginx"}) with input as _files([first, second])
	not cluster.only_headless_service("default", {"app": "db"}) with input as _files([first])
	not cluster.only_headless_service("prod", {"app": "nginx"}) with input as _files([first])
	not cluster.only_headless_service("default", {"app": "nginx"})
		with data.cluster.services as {"default": {"nginx": first}}
}

test_deployments_are_the_given_and_the_known if {
	given := {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}}
	stored := {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "b"}}
	cluster.deployments("default") == [given, stored] with input as _files([given])
		with data.cluster.deployments as {"default": {"b": stored}, "prod": {"c": stored}}
}

test_budgets_are_the_given_and_the_known if {
	given := {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "a"}}
	stored := {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "b"}}
	cluster.budgets("default") == [given, stored] with input as _files([given])
		with data.cluster.poddisruptionbudgets as {"default": {"b": stored}, "prod": {"c": stored}}
}

test_claim_and_pod_are_the_given_or_the_known if {
	given := {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "www-web-0"}}
	cluster.claim("default", "www-web-0") == given with input as _files([given])
	cluster.claim("default", "www-web-1") == {"known": true} with input as _files([given])
		with data.cluster.persistentvolumeclaims as {"default": {"www-web-1": {"known": true}}}
	not cluster.claim("prod", "www-web-0") with input as _files([given])
	pod := {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-0"}}
	cluster.pod("default", "web-0") == pod with input as _files([pod])
	cluster.pod("default", "web-1") == {"known": true} with data.cluster.pods as {"default": {"web-1": {"known": true}}}
	not cluster.pod("default", "web-2") with input as _files([pod])
}

test_storage_class_is_the_given_or_the_known if {
	cluster.storage_class("fast") == _class("fast", {}) with input as _files([_class("fast", {})])
	cluster.storage_class("fast") == _class("fast", {}) with data.cluster.storageclasses as {"fast": _class("fast", {})}
	not cluster.storage_class("slow") with input as _files([_class("fast", {})])
		with data.cluster.storageclasses as {"fast": _class("fast", {})}
	cluster.storage_classes == [_class("fast", {}), _class("slow", {})] with input as _files([_class("fast", {})])
		with data.cluster.storageclasses as {"slow": _class("slow", {})}
}

test_default_storage_class_says_so[annotation] if {
	some annotation in ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"]
	marked := _class("slow", {"annotations": {annotation: "true"}})
	cluster.default_storage_class == marked with input as _files([_class("fast", {}), marked])
	unmarked := _class("slow", {"annotations": {annotation: "false"}})
	not cluster.default_storage_class with input as _files([_class("fast", {}), unmarked])
}

test_newest_of_the_default_storage_classes_counts if {
	mark := {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}
	first := _class("a", object.union(mark, {"creationTimestamp": "2026-11-22T12:00:00Z"}))
	second := _class("b", object.union(mark, {"creationTimestamp": "2026-11-23T12:00:00Z"}))
	cluster.default_storage_class == second with data.cluster.storageclasses as {"a": first, "b": second}
}

test_reclaim_policy_is_the_volumes if {
	volume := {
		"apiVersion": "v1",
		"kind": "PersistentVolume",
		"metadata": {"name": "pv-a"},
		"spec": {"persistentVolumeReclaimPolicy": "Retain"},
	}
	cluster.reclaim_policy({"spec": {"volumeName": "pv-a"}}) == "Retain" with input as _files([volume])
	cluster.reclaim_policy({"spec": {"volumeName": "pv-b"}}) == "Delete"
		with data.cluster.persistentvolumes as {"pv-b": {"spec": {"persistentVolumeReclaimPolicy": "Delete"}}}
	cluster.reclaim_policy({"spec": {"volumeName": "pv-c"}}) == ""
	cluster.reclaim_policy({"spec": {}}) == ""
}

test_claims_pods_and_nodes_are_looked_up_by_their_names if {
	claim := _core("PersistentVolumeClaim", "www-web-0")
	cluster.claim("default", "www-web-0") == claim with input as _files([claim])
	cluster.claim("default", "www-web-0") == claim
		with data.cluster.persistentvolumeclaims as {"default": {"www-web-0": claim}}
	pod := _core("Pod", "web-0")
	cluster.pod("default", "web-0") == pod with input as _files([pod])
	cluster.pod("default", "web-0") == pod with data.cluster.pods as {"default": {"web-0": pod}}
	node := _core("Node", "node-0")
	cluster.node("node-0") == node with input as _files([node])
	cluster.node("node-0") == node with data.cluster.nodes as {"node-0": node}
}

test_claims_pods_and_nodes_of_other_names_are_not_found if {
	files := _files([_core("PersistentVolumeClaim", "a"), _core("Pod", "a"), _core("Node", "a")])
	not cluster.claim("default", "b") with input as files
	not cluster.claim("prod", "a") with input as files
	not cluster.pod("default", "b") with input as files
	not cluster.pod("prod", "a") with input as files
	not cluster.node("b") with input as files
}

_core(kind, name) := {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}}

_service(name) := {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}}

_sts(name, service) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": name},
	"spec": {"serviceName": service},
}

_files(documents) := [{"path": "all.yaml", "contents": documents}]

_services := {"default": {"nginx": _service("nginx")}}

_statefulsets := {"default": {"web": _sts("web", "nginx")}}

test_namespace_is_found_wherever_it_is if {
	data_namespace := {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "data"}}
	cluster.namespace("data") == data_namespace with data.cluster.namespaces as {"data": data_namespace}
	cluster.namespace("data") == data_namespace with input as _files([data_namespace])
	not cluster.namespace("other") with data.cluster.namespaces as {"data": data_namespace}
		with input as _files([data_namespace])
}

test_index_of_services_spares_the_walk if {
	sts := _sts("web", "nginx")
	cluster.governed_by("default", "nginx") == [sts] with data.cluster.known as {"governed": true}
		with data.cluster.governed as {"default": {"nginx": {"web": sts}}}
		with data.cluster.statefulsets as {"default": {"other": _sts("other", "nginx")}}
	cluster.governed_by("default", "other") == [] with data.cluster.known as {"governed": true}
		with data.cluster.governed as {"default": {"nginx": {"web": sts}}}
}

test_indexes_of_labels_spare_the_walk if {
	known := {"selecting": true, "labelled": true}
	selecting := {"statefulsets": {"default": {`{"app":"db"}`: {"web": _sts("web", "nginx")}}}}
	labelled := {"statefulsets": {"default": {`{"tier":"db"}`: {"db": _sts("db", "nginx")}}}}
	walked := {"default": {"other": _sts("other", "nginx")}}
	found := [
		cluster.selecting("statefulsets", "default", {"app": "db"}),
		cluster.labelled("statefulsets", "default", {"tier": "db"}),
		cluster.overlapping("statefulsets", "default", {"tier": "db"}, {"app": "db"}),
		cluster.selecting("deployments", "default", {"app": "db"}),
	] with data.cluster.known as known with data.cluster.selecting as selecting
		with data.cluster.labelled as labelled with data.cluster.statefulsets as walked
	[[sts.metadata.name | some sts in each] | some each in found] == [["web"], ["db"], ["db", "web"], []]
}

test_without_indexes_of_labels_all_are_found if {
	found := [
		cluster.selecting("statefulsets", "default", {"app": "db"}),
		cluster.labelled("statefulsets", "default", {"tier": "db"}),
		cluster.overlapping("statefulsets", "default", {"tier": "db"}, {"app": "db"}),
	] with data.cluster.statefulsets as {"default": {"web": _sts("web", "nginx")}}
	[[sts.metadata.name | some sts in each] | some each in found] == [["web"], ["web"], ["web"]]
}

_headless(spec) := object.union(_service("other"), {"spec": spec})

_class(name, metadata) := {
	"apiVersion": "storage.k8s.io/v1",
	"kind": "StorageClass",
	"metadata": object.union({"name": name}, metadata),
}
