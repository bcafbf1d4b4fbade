package stateward.rules.storage["volume-claim_test"]

import data.stateward.rules.storage["volume-claim"] as rule

test_bound_volume_keeps_its_claim[case] if {
	some case in [
		{"claim": {"namespace": "default", "name": "data-web-0", "uid": "2"}, "fate": _deleted, "policy": "Delete"},
		{"claim": {"namespace": "default", "name": "other", "uid": "1"}, "fate": _taken, "policy": "Retain"},
		{"claim": {"namespace": "other", "name": "data-web-0", "uid": "1"}, "fate": _taken, "policy": "Retain"},
		{"claim": null, "fate": _taken, "policy": "Retain"},
	]
	{[finding.field, finding.what, finding.severity] | some finding in rule.report} == {[
		"spec.claimRef",
		concat("", [`without it claim "data-web-0" in namespace default is Lost`, case.fate]),
		"deny",
	]} with input as _update("alice", _volume(_ref, case.policy), _volume(case.claim, case.policy))
		with data.cluster.persistentvolumeclaims as _claims
}

test_other_changes_of_a_bound_volume_are_fine if {
	rule.report == set() with input as _update("alice", _volume(_ref, "Delete"), _volume(_ref, "Retain"))
		with data.cluster.persistentvolumeclaims as _claims
}

test_released_volume_may_be_offered_again if {
	rule.report == set() with input as _update("alice", _volume(_ref, "Retain"), _volume(null, "Retain"))
	rule.report == set() with data.cluster.persistentvolumeclaims as _claims
		with input as _update("alice", _volume(object.union(_ref, {"uid": "0"}), "Retain"), _volume(null, "Retain"))
}

test_binder_may_release_a_volume if {
	rule.report == set() with data.cluster.persistentvolumeclaims as _claims
		with input as _update(
			"system:serviceaccount:kube-system:persistent-volume-binder",
			_volume(_ref, "Retain"), _volume(null, "Retain"),
		)
}

test_populator_gives_its_volume_away if {
	given := object.union(_ref, {"name": "restored", "uid": "2"})
	populator := "system:serviceaccount:populators:populator"
	rule.report == set() with data.cluster.persistentvolumeclaims as _claims
		with input as _update(populator, _volume(_ref, "Delete"), _volume(given, "Delete"))
	running := {"persistentvolumeclaims": _claims, "pods": {"default": {"web-0": _pod}}}
	count(rule.report) == 1 with data.cluster as running
		with input as _update(populator, _volume(_ref, "Delete"), _volume(given, "Delete"))
	at_rest := {"persistentvolumeclaims": _claims, "statefulsets": {"default": {"web": _sts}}}
	count(rule.report) == 1 with data.cluster as at_rest
		with input as _update(populator, _volume(_ref, "Delete"), _volume(given, "Delete"))
}

_pod := {
	"metadata": {"name": "web-0"},
	"spec": {"volumes": [{"persistentVolumeClaim": {"claimName": "data-web-0"}}]},
}

_sts := {
	"metadata": {"name": "web", "namespace": "default"},
	"spec": {"replicas": 0, "volumeClaimTemplates": [{"metadata": {"name": "data"}}]},
}

_deleted := " and its data is DELETED (reclaim policy Delete)"

_taken := " and another claim can get its data"

_ref := {"namespace": "default", "name": "data-web-0", "uid": "1"}

_update(user, old, new) := {
	"stateward": {"time": "2026-11-23T12:00:00Z"},
	"request": {
		"operation": "UPDATE",
		"kind": {"group": "", "kind": "PersistentVolume"},
		"oldObject": old,
		"object": new,
		"userInfo": {"username": user},
	},
}

_volume(ref, policy) := {
	"apiVersion": "v1",
	"kind": "PersistentVolume",
	"metadata": {"name": "pv-1"},
	"spec": {"claimRef": ref, "persistentVolumeReclaimPolicy": policy},
}

_claims := {"default": {"data-web-0": {
	"apiVersion": "v1",
	"kind": "PersistentVolumeClaim",
	"metadata": {"name": "data-web-0", "namespace": "default", "uid": "1"},
}}}
