package stateward.rules.identity["service-ports_test"]

import data.stateward.rules.identity["service-ports"] as rule

_http := {"name": "http", "containerPort": 80}

test_port_that_a_container_has_is_fine[port] if {
	some port in [
		{"port": 80},
		{"port": 80, "targetPort": null},
		{"port": 80, "targetPort": 0},
		{"port": 80, "targetPort": ""},
		{"port": 80, "targetPort": 80},
		{"port": 8080, "targetPort": 80},
		{"port": 8080, "targetPort": "http"},
		{"port": 8080, "targetPort": "http", "protocol": "TCP"},
		{"port": 8080, "targetPort": "http", "protocol": null},
		{"name": "80", "port": 80, "protocol": "TCP", "targetPort": 80},
		{"port": 80, "protocol": "UDP"},
	]
	rule.report == set() with input as _files([port], [_container([_http])])
}

test_port_that_no_container_has_is_mentioned[what] if {
	some what, port in {
		`port "web": no container has a TCP port named "web"`: {"name": "web", "port": 80, "targetPort": "web"},
		`port 80: no container has a TCP port named "80"`: {"name": "", "port": 80, "targetPort": "80"},
		`port 80: no container has a UDP port named "http"`: {"port": 80, "targetPort": "http", "protocol": "UDP"},
		"port 80: targetPort [80] is neither a number nor a name": {"port": 80, "targetPort": [80]},
	}
	{finding.msg | some finding in rule.report} == {_message(what)}
		with input as _files([port], [_container([_http])])
}

test_every_port_is_judged if {
	ports := [{"port": 80}, {"name": "a", "port": 81, "targetPort": "a"}, {"name": "b", "port": 82, "targetPort": "b"}]
	{finding.what | some finding in rule.report} == {
		`Service "nginx" port "a": no container has a TCP port named "a"`,
		`Service "nginx" port "b": no container has a TCP port named "b"`,
	} with input as _files(ports, [_container([_http])])
}

test_finding_is_a_warning_at_the_service_name if {
	some finding in rule.report with input as _files([{"port": 8080, "targetPort": "web"}], [_container([_http])])
	finding.path == ["spec", "serviceName"]
	finding.severity == "warn"
	finding.existing == false
	not finding.advice
}

test_service_without_ports_is_fine[ports] if {
	some ports in [null, [], "80"]
	rule.report == set() with input as _files(ports, [_container([_http])])
	rule.report == set() with input as _files(ports, [_container([])])
}

test_number_that_no_container_declares_is_fine[port] if {
	some port in [{"port": 8080}, {"port": 443, "targetPort": 8443}, {"name": "web", "port": 80, "targetPort": 7000}]
	rule.report == set() with input as _files([port], [_container([_http])])
}

test_containers_need_not_declare_numbers[containers] if {
	some containers in [null, [], [{"name": "web"}], [_container(null)], [_container([])]]
	rule.report == set() with input as _files([{"port": 80}, {"port": 81, "targetPort": 8081}], containers)
}

test_name_must_be_declared_nevertheless[containers] if {
	some containers in [null, [], [{"name": "web"}], [_container([])], [_container([{"containerPort": 80}])]]
	{finding.msg | some finding in rule.report} == {_message(`port 80: no container has a TCP port named "http"`)}
		with input as _files([{"port": 80, "targetPort": "http"}], containers)
}

test_any_container_may_have_the_port if {
	rule.report == set() with input as _files([{"port": 80}, {"name": "m", "port": 9113, "targetPort": "metrics"}], [
		_container([_http]),
		_container([{"name": "metrics", "containerPort": 9113, "protocol": "TCP"}]),
	])
}

test_protocol_of_the_container_decides_on_names if {
	ports := [{"port": 53, "protocol": "UDP", "targetPort": "dns"}]
	rule.report == set() with input as _files(ports, [_container([
		{"name": "dns", "containerPort": 53, "protocol": "UDP"},
		{"name": "dns-tcp", "containerPort": 53},
	])])
	count(rule.report) == 1 with input as _files(ports, [_container([{"name": "dns", "containerPort": 53}])])
}

test_sidecars_have_ports_and_init_containers_have_none if {
	ports := [{"port": 9113, "targetPort": "metrics"}]
	metrics := {"name": "metrics", "containerPort": 9113}
	sidecar := object.union(_container([metrics]), {"restartPolicy": "Always"})
	rule.report == set() with input as _with_init(_files(ports, [_container([_http])]), sidecar)
	count(rule.report) == 1 with input as _with_init(_files(ports, [_container([_http])]), _container([metrics]))
}

test_external_name_is_not_judged if {
	service := _service({"type": "ExternalName", "externalName": "nginx.example.com"})
	rule.report == set() with input as [{"path": "all.yaml", "contents": [service, _sts([_container([_http])])]}]
}

test_unknown_service_is_not_judged if {
	rule.report == set() with input as _sts([_container([_http])])
	rule.report == set() with input as [{"path": "all.yaml", "contents": [_sts([_container([_http])])]}]
	rule.report == set() with input as _sts([_container([_http])]) with data.cluster.known as {"services": true}
}

test_set_without_service_name_is_not_judged if {
	nameless := {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"}, "spec": {}}
	rule.report == set() with input as [{"path": "all.yaml", "contents": [_service({}), nameless]}]
}

test_service_of_the_world_is_judged if {
	{finding.msg | some finding in rule.report} == {_message(`port 8080: no container has a TCP port named "web"`)}
		with input as {"request": {"operation": "CREATE", "object": _sts([_container([_http])])}}
		with data.cluster.services as {"default": {"nginx": {"spec": {"ports": [{"port": 8080, "targetPort": "web"}]}}}}
}

test_service_of_another_namespace_is_not_judged if {
	rule.report == set() with input as {"request": {"operation": "CREATE", "object": _sts([_container([_http])])}}
		with data.cluster.services as {"prod": {"nginx": _service({"ports": [{"port": 8080}]})}}
}

test_update_is_news_where_it_brings_the_fault[change] if {
	some change, before in {
		"another port": _sts([_container([{"name": "web", "containerPort": 80}])]),
		"another Service": object.union(_sts([_container([_http])]), {"spec": {"serviceName": "other"}}),
	}
	{finding.existing | some finding in rule.report} == {false}
		with input as _update(before, _sts([_container([_http])]))
		with data.cluster.services as {"default": {"nginx": _service({"ports": [{"port": 80, "targetPort": "web"}]})}}
}

test_update_is_no_news_where_it_leaves_the_fault[change] if {
	some change, after in {
		"something else": object.union(_sts([_container([_http])]), {"spec": {"replicas": 5}}),
		"another image": _sts([object.union(_container([_http]), {"image": "nginx:1.27.5"})]),
		"another port": _sts([_container([_http, {"name": "admin", "containerPort": 81}])]),
	}
	{finding.existing | some finding in rule.report} == {true}
		with input as _update(_sts([_container([_http])]), after)
		with data.cluster.services as {"default": {"nginx": _service({"ports": [{"port": 80, "targetPort": "web"}]})}}
}

test_deletion_is_not_judged if {
	rule.report == set() with input as {"request": {"operation": "DELETE", "oldObject": _sts([_container([_http])])}}
		with data.cluster.services as {"default": {"nginx": _service({})}}
}

test_other_kinds_are_not_judged if {
	deployment := object.union(_sts([_container([_http])]), {"kind": "Deployment"})
	rule.report == set() with input as [{"path": "all.yaml", "contents": [_service({}), deployment]}]
}

_message(what) := concat(" ", [
	sprintf("[service-ports] spec.serviceName: Service \"nginx\" %s.", [what]),
	"Fix: give the Service ports whose `targetPort` is a containerPort, or the name of one.",
])

_service(spec) := {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "nginx"}, "spec": spec}

_container(ports) := {"name": "web", "image": "nginx:1.27.4", "ports": ports}

_sts(containers) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web"},
	"spec": {"serviceName": "nginx", "template": {"spec": {"containers": containers}}},
}

_files(ports, containers) := [{"path": "all.yaml", "contents": [
	_service({"clusterIP": "None", "ports": ports}),
	_sts(containers),
]}]

_with_init(files, container) := json.patch(files, [{
	"op": "add",
	"path": "/0/contents/1/spec/template/spec/initContainers",
	"value": [container],
}])

_update(before, after) := {"request": {"operation": "UPDATE", "oldObject": before, "object": after}}

test_port_of_another_service_that_is_lost_is_said[after] if {
	some after in [[{"name": "web", "containerPort": 80}], [], null]
	{[finding.what, finding.advice] | some finding in rule.report} == {[
		`clients of Service "api" lose port "web": no container has a TCP port named "http"`,
		true,
	]} with input as _update(_labelled([_http]), _labelled(after))
		with data.cluster.services as _others({"selector": {"app": "web"}})
}

test_port_of_another_service_is_not_lost[text] if {
	some text, spec in {
		"not selected": {"selector": {"app": "api"}},
		"no selector": {},
		"by its number": {"selector": {"app": "web"}, "ports": [{"name": "web", "port": 80, "targetPort": 80}]},
		"elsewhere": {"selector": {"app": "web"}, "type": "ExternalName"},
	}
	rule.report == set() with input as _update(_labelled([_http]), _labelled([]))
		with data.cluster.services as _others(spec)
}

test_port_that_another_service_never_found_is_not_lost if {
	rule.report == set() with input as _update(_labelled([]), _labelled([]))
		with data.cluster.services as _others({"selector": {"app": "web"}})
}

_labelled(ports) := object.union(
	_sts([_container(ports)]),
	{"spec": {"template": {"metadata": {"labels": {"app": "web"}}}}},
)

_others(spec) := {"default": {"api": {
	"metadata": {"name": "api"},
	"spec": object.union({"ports": [{"name": "web", "port": 80, "targetPort": "http"}]}, spec),
}}}
