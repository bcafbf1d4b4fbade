package stateward.mutations["default-service-name_test"]

import data.stateward.mutations["default-service-name"] as mutation

_patch := [{"op": "add", "path": "/spec/serviceName", "value": "nginx"}]

test_absent_name_becomes_that_of_the_one_headless_service[spec] if {
	some spec in [{}, {"serviceName": ""}, {"serviceName": null}]
	{[finding.msg, finding.patch] | some finding in mutation.report} == {[
		concat(" ", [
			"[default-service-name] spec.serviceName:",
			`is absent; Stateward sets "nginx", the one headless Service that selects these pods.`,
			"Fix: add serviceName to the manifest.",
		]),
		_patch,
	]} with input as _create(spec) with data.cluster as _world([_service("nginx")])
}

test_manifest_finds_the_service_beside_it if {
	{finding.patch | some finding in mutation.report} == {_patch}
		with input as [{"path": "all.yaml", "contents": [_service("nginx"), _sts({})]}]
}

test_name_is_left_alone if {
	mutation.report == set() with input as _create({"serviceName": "other"})
		with data.cluster as _world([_service("nginx")])
}

test_nobody_can_tell_which_of_several_is_meant[text] if {
	some text, services in {"several": [_service("a"), _service("b")], "none": []}
	mutation.report == set() with input as _create({}) with data.cluster as _world(services)
}

test_service_that_nobody_knows_is_not_guessed if {
	mutation.report == set() with input as _sts({})
	mutation.report == set() with input as _create({})
		with data.cluster.services as {"default": {"nginx": _service("nginx")}}
}

test_updated_set_cannot_be_changed if {
	mutation.report == set() with data.cluster as _world([_service("nginx")])
		with input as {"request": {"operation": "UPDATE", "oldObject": _sts({}), "object": _sts({"replicas": 5})}}
}

test_mutation_is_idempotent if {
	some finding in mutation.report with input as _create({}) with data.cluster as _world([_service("nginx")])
	patched := json.patch(_sts({}), finding.patch)
	mutation.report == set() with input as {"request": {"operation": "CREATE", "object": patched}}
		with data.cluster as _world([_service("nginx")])
}

test_other_kinds_are_not_changed if {
	deployment := object.union(_sts({}), {"kind": "Deployment"})
	mutation.report == set() with input as deployment with data.cluster as _world([_service("nginx")])
}

_service(name) := {
	"apiVersion": "v1",
	"kind": "Service",
	"metadata": {"name": name},
	"spec": {"clusterIP": "None", "selector": {"app": "nginx"}},
}

_create(spec) := {"request": {"operation": "CREATE", "object": _sts(spec)}}

_sts(spec) := {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"}, "spec": object.union(
	{"template": {"metadata": {"labels": {"app": "nginx", "tier": "web"}}}},
	spec,
)}

_world(services) := {
	"known": {"services": true},
	"services": {"default": {service.metadata.name: service | some service in services}},
}
