# Services that clients use, and that govern no set.
package stateward.rules.identity["service-in-use_test"]

import data.stateward.rules.identity["service-in-use"] as rule

test_deletion_of_the_only_address_for_clients_is_mentioned if {
	{[finding.msg, finding.advice] | some finding in rule.report} == {[
		concat(" ", [
			`[service-in-use] metadata.name: Service "clients" is the only address of StatefulSet "web" for clients:`,
			"they no longer reach it. Fix: create the Service that they are to use first.",
		]),
		true,
	]} with input as _delete_clients with data.cluster as _serving([_headless])
}

test_only_address_for_clients_that_leads_elsewhere_is_mentioned[path] if {
	some path, spec in {
		"spec.selector": {"selector": {"app": "other"}},
		"spec.type": {"type": "ExternalName"},
	}
	{[finding.field, finding.what, finding.advice] | some finding in rule.report} == {[
		path,
		`Service "clients" no longer leads to StatefulSet "web", whose only address it is for clients`,
		true,
	]} with input as _change_clients(spec) with data.cluster as _serving([_headless])
}

test_address_for_clients_may_change_beside_another if {
	rule.report == set() with input as _change_clients({"selector": {"app": "other"}})
		with data.cluster as _serving([_headless, _named("readers", {"selector": {"app": "nginx"}})])
	rule.report == set() with input as _change_clients({"selector": {"app": "nginx", "tier": "db"}})
		with data.cluster as _serving([_headless])
}

test_address_that_is_not_the_only_one_may_go[why] if {
	some why, service in {
		"another": _named("readers", {"selector": {"tier": "db"}}),
		"the governing one has an address": _named("nginx", {"clusterIP": "10.0.0.1", "selector": {"app": "nginx"}}),
	}
	rule.report == set() with input as _delete_clients with data.cluster as _serving([service])
}

test_other_services_are_no_address_for_clients[why] if {
	some why, service in {
		"none": _headless,
		"it is deleted too": object.union(
			_named("readers", {"selector": {"app": "nginx"}}),
			{"metadata": {"deletionTimestamp": "2026-11-23T12:00:00Z"}},
		),
		"other pods": _named("readers", {"selector": {"app": "other"}}),
		"elsewhere": _named("readers", {"type": "ExternalName", "selector": {"app": "nginx"}}),
	}
	count(rule.report) == 1 with input as _delete_clients with data.cluster as _serving([service])
}

test_service_without_clients_may_go[why] if {
	some why, cluster in {
		"no Service is known": object.remove(_serving([]), ["known"]),
		"no pods": object.union(_serving([]), {"statefulsets": _stored({"replicas": 0})}),
		"other pods": object.union(_serving([]), {"statefulsets": _stored(_elsewhere)}),
	}
	rule.report == set() with input as _delete_clients with data.cluster as cluster
}

_elsewhere := {"template": {"metadata": {"labels": {"app": "db"}}}}

_delete_clients := object.union(_delete, {"request": {
	"name": "clients",
	"oldObject": _named("clients", {"selector": {"app": "nginx"}}),
}})

_change_clients(spec) := json.patch(_delete_clients, [
	{"op": "replace", "path": "/request/operation", "value": "UPDATE"},
	{"op": "add", "path": "/request/object", "value": _named("clients", spec)},
])

_headless := _named("nginx", {"clusterIP": "None", "selector": {"app": "nginx"}})

_named(name, spec) := {"kind": "Service", "metadata": {"name": name}, "spec": spec}

_serving(services) := {
	"known": {"services": true},
	"services": {"default": {service.metadata.name: service | some service in services}},
	"statefulsets": _stored({"replicas": 1}),
}
