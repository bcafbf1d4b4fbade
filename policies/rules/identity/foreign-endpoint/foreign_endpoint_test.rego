package stateward.rules.identity["foreign-endpoint_test"]

import data.stateward.rules.identity["foreign-endpoint"] as rule

test_pods_of_another_workload_are_found[what] if {
	some what, other in {
		`Service "nginx" also selects the pods of Deployment "tools"`: _workload("Deployment", "tools", {}),
		`Service "nginx" also selects the pods of Deployment "web"`: _workload("Deployment", "web", {}),
	}
	what in {finding.what | some finding in rule.report} with input as _files([_service, _web, other])
}

test_set_behind_the_service_of_another_is_found if {
	other := _workload("StatefulSet", "cache", {"serviceName": "cache"})
	{[finding.what, finding.field, finding.object.name] | some finding in rule.report} == {
		[`Service "nginx" also selects the pods of StatefulSet "cache"`, "spec.serviceName", "web"],
		[
			`Service "nginx", which governs StatefulSet "web", also selects these pods`,
			"spec.template.metadata.labels", "cache",
		],
	} with input as _files([_service, _web, other])
}

test_own_pods_are_fine[name] if {
	some name, others in {
		"alone": [],
		"two sets of one Service": [_workload("StatefulSet", "cache", {"serviceName": "nginx"})],
		"other labels": [json.patch(_workload("Deployment", "tools", {}), [{
			"op": "replace",
			"path": "/spec/template/metadata/labels/app",
			"value": "tools",
		}])],
		"on its way out": [json.patch(_workload("Deployment", "tools", {}), [{
			"op": "add",
			"path": "/metadata/deletionTimestamp",
			"value": "2026-11-23T12:00:00Z",
		}])],
	}
	rule.report == set() with input as _files(array.concat([_service, _web], others))
}

test_service_that_governs_nothing_may_select_anything if {
	clients := json.patch(_service, [{"op": "replace", "path": "/metadata/name", "value": "clients"}])
	rule.report == set() with input as _files([clients, _service, _web])
	rule.report == set() with input as _update(clients, _service_of({"app": "nginx", "a": "b"}))
}

test_service_that_takes_in_foreign_pods_is_found if {
	{[finding.what, finding.existing] | some finding in rule.report} == {[
		`this Service governs StatefulSet "web", and also selects the pods of Deployment "tools"`,
		false,
	]} with input as _update(_service_of({"app": "other"}), _service)
		with data.cluster.statefulsets as {"default": {"web": _web}}
		with data.cluster.deployments as {"default": {"tools": _workload("Deployment", "tools", {})}}
}

test_service_without_a_selector_is_fine[spec] if {
	some spec in [{}, {"selector": {}}, {"type": "ExternalName", "selector": {"app": "nginx"}}]
	rule.report == set() with input as _files([
		{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "nginx"}, "spec": spec},
		_web,
		_workload("Deployment", "tools", {}),
	])
}

_update(before, after) := {"request": {
	"operation": "UPDATE",
	"kind": {"group": "", "version": "v1", "kind": "Service"},
	"namespace": "default",
	"name": after.metadata.name,
	"oldObject": before,
	"object": after,
}}

_files(objects) := [{"path": "all.yaml", "contents": objects}]

_service := _service_of({"app": "nginx"})

_service_of(labels) := {
	"apiVersion": "v1",
	"kind": "Service",
	"metadata": {"name": "nginx"},
	"spec": {"clusterIP": "None", "selector": labels},
}

_web := _workload("StatefulSet", "web", {"serviceName": "nginx"})

_workload(kind, name, spec) := {
	"apiVersion": "apps/v1",
	"kind": kind,
	"metadata": {"name": name},
	"spec": object.union({"template": {"metadata": {"labels": {"app": "nginx"}}}}, spec),
}
