package stateward.rules.identity.peers_test

import data.stateward.rules.identity.peers as rule

test_peers_that_cannot_find_each_other_are_mentioned[how] if {
	some how, container in {
		"a pod's name": {"args": ["--join=web-0.nginx:2380"]},
		"the Service": {"env": [{"name": "PEERS", "value": "nginx.default.svc.cluster.local"}]},
		"the Service alone": {"command": ["join", "nginx"]},
	}
	{[finding.field, finding.what, finding.severity] | some finding in rule.report} == {[
		"spec.serviceName",
		`Service "nginx" hides pods that are not ready; these start together and look each other up`,
		"warn",
	]} with input as _files(_set("Parallel", 3, container), {})
}

test_pods_that_are_found_or_do_not_look_are_fine if {
	joining := {"args": ["--join=web-0.nginx:2380"]}
	rule.report == set() with input as _files(_set("Parallel", 3, joining), {"publishNotReadyAddresses": true})
	rule.report == set() with input as _files(_set("OrderedReady", 3, joining), {})
	rule.report == set() with input as _files(_set("Parallel", 1, joining), {})
	deaf := {"args": ["--listen=:80", 7], "env": [{"name": "A"}]}
	rule.report == set() with input as _files(_set("Parallel", 3, deaf), {})
	rule.report == set() with input as _files(_set("Parallel", 3, joining), {"clusterIP": "10.0.0.1"})
	rule.report == set() with input as _set("Parallel", 3, joining)
}

_files(set, spec) := [{"path": "a.yaml", "contents": [set, {
	"apiVersion": "v1",
	"kind": "Service",
	"metadata": {"name": "nginx"},
	"spec": object.union({"clusterIP": "None"}, spec),
}]}]

_set(policy, replicas, container) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web"},
	"spec": {
		"serviceName": "nginx",
		"podManagementPolicy": policy,
		"replicas": replicas,
		"template": {"spec": {"containers": [container]}},
	},
}

test_update_that_hides_the_peers_of_a_service_is_mentioned if {
	{[finding.field, finding.what, finding.severity] | some finding in rule.report} == {[
		"spec.publishNotReadyAddresses",
		`this change hides the pods of StatefulSet "web" from each other until they are ready`,
		"warn",
	]} with input as _service_update({"publishNotReadyAddresses": true}, {})
		with data.cluster.statefulsets as _stored(3)
}

test_update_of_a_service_that_hides_no_more_than_before_is_fine if {
	rule.report == set() with input as _service_update({}, {}) with data.cluster.statefulsets as _stored(3)
	published := {"publishNotReadyAddresses": true}
	rule.report == set() with input as _service_update(published, published) with data.cluster.statefulsets as _stored(3)
	rule.report == set() with input as _service_update({"publishNotReadyAddresses": true}, {})
		with data.cluster.statefulsets as _stored(1)
	rule.report == set() with input as _service_update({"publishNotReadyAddresses": true}, {})
}

_service_update(before, after) := {"request": {
	"operation": "UPDATE",
	"kind": {"group": "", "version": "v1", "kind": "Service"},
	"namespace": "default",
	"name": "nginx",
	"oldObject": _service(before),
	"object": _service(after),
}}

_service(spec) := {
	"apiVersion": "v1",
	"kind": "Service",
	"metadata": {"name": "nginx", "namespace": "default"},
	"spec": object.union({"clusterIP": "None"}, spec),
}

_stored(replicas) := {"default": {"web": _set("OrderedReady", replicas, {"name": "web"})}}
