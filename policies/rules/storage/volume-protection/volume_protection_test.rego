package stateward.rules.storage["volume-protection_test"]

import data.stateward.rules.storage["volume-protection"] as rule

test_finalizer_of_a_bound_volume_is_kept if {
	{[finding.field, finding.what] | some finding in rule.report} == {[
		"metadata.finalizers",
		`"kubernetes.io/pv-protection" protects volume "pv-1" while claim "data-web-0" in namespace default is bound to it`,
	]} with input as _unprotect("alice") with data.cluster.persistentvolumeclaims as _claims
}

test_protection_controller_removes_it if {
	rule.report == set()
		with input as _unprotect("system:serviceaccount:kube-system:pv-protection-controller")
		with data.cluster.persistentvolumeclaims as _claims
}

test_other_finalizers_may_go if {
	before := _volume({"finalizers": ["example.com/hold", "kubernetes.io/pv-protection"]}, {})
	after := _volume({"finalizers": ["kubernetes.io/pv-protection"]}, {"mountOptions": ["ro"]})
	rule.report == set() with input as _update("alice", before, after)
		with data.cluster.persistentvolumeclaims as _claims
}

test_finalizer_of_a_mounted_claim_is_kept if {
	before := _claim({"finalizers": ["kubernetes.io/pvc-protection"]})
	document := _update("alice", before, _claim({}))
	{finding.what | some finding in rule.report} == {
		`"kubernetes.io/pvc-protection" protects claim "data-web-0" while pod web-0 uses it`,
	} with input as document with data.cluster.pods as _pods("Running")
	rule.report == set() with input as document with data.cluster.pods as _pods("Succeeded")
	rule.report == set() with input as document
	rule.report == set() with data.cluster.pods as _pods("Running")
		with input as _update("system:serviceaccount:kube-system:pvc-protection-controller", before, _claim({}))
}

test_index_of_mounts_is_used_where_there_is_one if {
	before := _claim({"finalizers": ["kubernetes.io/pvc-protection"]})
	count(rule.report) == 1 with input as _update("alice", before, _claim({}))
		with data.cluster.known as {"mounting": true}
		with data.cluster.mounting as {"default": {"data-web-0": _pods("Running")["default"]}}
}

_unprotect(user) := _update(user, _volume({"finalizers": ["kubernetes.io/pv-protection"]}, {}), _volume({}, {}))

_update(user, old, new) := _request(user, {"operation": "UPDATE", "kind": _kind(old), "oldObject": old, "object": new})

_kind(value) := {"group": "", "kind": value.kind}

_request(user, request) := {
	"stateward": {"time": "2026-11-23T12:00:00Z"},
	"request": object.union(request, {"userInfo": {"username": user}}),
}

_volume(metadata, spec) := {
	"apiVersion": "v1",
	"kind": "PersistentVolume",
	"metadata": object.union({"name": "pv-1"}, metadata),
	"spec": object.union({"claimRef": {"namespace": "default", "name": "data-web-0", "uid": "1"}}, spec),
}

_claim(metadata) := {
	"apiVersion": "v1",
	"kind": "PersistentVolumeClaim",
	"metadata": object.union({"name": "data-web-0", "namespace": "default", "uid": "1"}, metadata),
}

_claims := {"default": {"data-web-0": _claim({})}}

_pods(phase) := {"default": {"web-0": {
	"metadata": {"name": "web-0"},
	"spec": {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data-web-0"}}]},
	"status": {"phase": phase},
}}}
