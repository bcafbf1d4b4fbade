package stateward.rules.audit["orphaned-claim_test"]

import data.stateward.rules.audit["orphaned-claim"] as rule

test_claim_of_no_set_is_said[name] if {
	some name, sets in {"gone": {}, "of another template": {"web": _set("logs")}}
	{finding.msg | some finding in rule.report} == {concat(" ", [
		"[orphaned-claim] metadata.name: no StatefulSet has a template for this claim and no pod mounts it: 10Gi,",
		"2 days old. Fix: delete the claim if nothing else names it and its data may go.",
	])} with input as _claim({}) with data.cluster as _cluster(sets, {})
}

test_size_is_that_of_the_volume if {
	{finding.what | some finding in rule.report} == {
		"no StatefulSet has a template for this claim and no pod mounts it: 12Gi, 2 days old",
	} with input as _claim({"status": {"capacity": {"storage": "12Gi"}}}) with data.cluster as _cluster({}, {})
}

test_other_claims_are_fine[name] if {
	some name, claim in {
		"owned": {"metadata": {"ownerReferences": [{"kind": "Database"}]}},
		"young": {"metadata": {"creationTimestamp": "2026-11-23T11:55:00Z"}},
		"of another name": {"metadata": {"name": "www"}},
	}
	rule.report == set() with input as _claim(claim) with data.cluster as _cluster({}, {})
}

test_claim_made_by_hand_is_fine if {
	rule.report == set() with input as json.remove(_claim({}), ["request/object/metadata/labels"])
		with data.cluster as _cluster({}, {})
}

test_claim_of_a_set_is_fine if {
	rule.report == set() with input as _claim({}) with data.cluster as _cluster({"web": _set("www")}, {})
}

test_claim_that_a_pod_mounts_is_fine if {
	pod := {"spec": {"volumes": [{"persistentVolumeClaim": {"claimName": "www-web-0"}}]}}
	rule.report == set() with input as _claim({}) with data.cluster as _cluster({}, {"job": pod})
}

test_unknown_sets_may_exist[name] if {
	some name, known in {"none": {}, "no set": {"pods": true}}
	rule.report == set() with input as _claim({}) with data.cluster as {"known": known}
}

test_unknown_pods_may_mount_it if {
	{finding.what | some finding in rule.report} == {
		"no StatefulSet has a template for this claim and it is not known whether a pod mounts it: 10Gi, 2 days old",
	} with input as _claim({}) with data.cluster as {"known": {"statefulsets": true}}
}

_set(template) := {"spec": {"volumeClaimTemplates": [{"metadata": {"name": template}}]}}

_cluster(sets, pods) := {
	"known": {"statefulsets": true, "pods": true},
	"statefulsets": {"default": sets},
	"pods": {"default": pods},
}

_claim(more) := _audit("PersistentVolumeClaim", "", object.union(
	{
		"metadata": {"name": "www-web-0", "creationTimestamp": "2026-11-21T12:00:00Z", "labels": {"app": "nginx"}},
		"spec": {"resources": {"requests": {"storage": "10Gi"}}},
	},
	more,
))

_audit(kind, group, value) := {
	"stateward": {"time": "2026-11-23T12:00:00Z"},
	"request": {"operation": "AUDIT", "kind": {"group": group, "kind": kind}, "namespace": "default", "object": value},
}
