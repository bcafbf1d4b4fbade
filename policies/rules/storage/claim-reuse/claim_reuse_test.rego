package stateward.rules.storage["claim-reuse_test"]

import data.stateward.rules.storage["claim-reuse"] as rule

test_smaller_claim_is_said_at_each_door[door] if {
	some door, document in _doors
	messages := {finding.msg | some finding in rule.report} with input as document
		with data.cluster as _world([_claim("www-web-1", {}, {"resources": {"requests": {"storage": "500Mi"}}})])
	messages == {concat(" ", [
		"[claim-reuse] spec.volumeClaimTemplates: www-web-1: size 500Mi, the template requests 1Gi.",
		"Fix: resize or delete these claims first, or give the set another name.",
	])}
}

test_stored_set_has_its_claims_by_right if {
	audited := {"request": object.union(_doors.create.request, {"operation": "AUDIT"})}
	rule.report == set() with input as audited
		with data.cluster as _world([_claim("www-web-1", {}, {"resources": {"requests": {"storage": "500Mi"}}})])
}

test_finding_is_a_warning_and_strict_denies_it[door] if {
	some door, document in _doors
	some finding in rule.report with input as document
		with data.cluster as _world([_claim("www-web-1", {"deletionTimestamp": "2026-11-23T12:00:00Z"}, {})])
	finding.severity == "warn"
	finding.profile == {"strict": "deny"}
	finding.existing == false
	not finding.advice
}

test_claim_that_differs_is_said[fault] if {
	some fault, found in {
		"being deleted, so the pod waits and then starts empty": _claim("www-web-1", {"deletionTimestamp": "now"}, {}),
		`class "slow", the template requests "fast"`: _claim("www-web-1", {}, {"storageClassName": "slow"}),
		"labelled app=db, the set has app=nginx": _claim("www-web-1", {"labels": {"app": "db"}}, {}),
		`owned by StatefulSet "db"`: _owned("StatefulSet", "db", "other"),
		`owned by Pod "web-0"`: _owned("Pod", "web-0", "other"),
		`owned by Backup "nightly"`: _owned("Backup", "nightly", "other"),
		"owned by a former set of this name, will be garbage-collected": _owned("StatefulSet", "web", "other"),
	}
	{finding.what | some finding in rule.report} == {sprintf("www-web-1: %s", [fault])}
		with input as _doors.update
		with data.cluster as _world([found])
}

test_claims_of_one_fault_are_told_together if {
	slow := {"storageClassName": "slow"}
	claims := [_claim(name, {}, slow) | some name in ["www-web-1", "www-web-2", "www-web-4"]]
	labelled := _claim("www-web-3", {"labels": {"app": "db"}}, slow)
	{finding.what | some finding in rule.report} == {
		`www-web-1, www-web-2 and 2 more: class "slow", the template requests "fast"`,
		"www-web-3: labelled app=db, the set has app=nginx",
	} with input as _update({"replicas": 1}, {"replicas": 5}) with data.cluster as _world(array.concat(claims, [labelled]))
}

test_scaling_down_and_up_again_finds_the_claims[door] if {
	some door, document in object.remove(_doors, ["create"])
	some found in [
		_claim("www-web-1", {"labels": {"app": "nginx"}}, {}),
		_owned("StatefulSet", "web", "mine"),
		_owned("Pod", "web-1", "other"),
		_owned("Database", "main", "above"),
	]
	rule.report == set() with input as document with data.cluster as _world([found])
}

test_larger_claim_has_grown_and_is_fine if {
	rule.report == set() with input as _doors.update
		with data.cluster as _world([_claim("www-web-1", {}, {"resources": {"requests": {"storage": "2Gi"}}})])
}

test_claim_of_the_default_class_is_not_compared if {
	any_class := object.union(_set, {"spec": {"volumeClaimTemplates": [_template({})]}})
	rule.report == set() with input as {"request": {
		"operation": "UPDATE",
		"oldObject": object.union(any_class, {"spec": {"replicas": 1}}),
		"object": any_class,
	}}
		with data.cluster as _world([_claim("www-web-1", {}, {"storageClassName": "slow"})])
}

test_new_set_on_old_data_is_mentioned if {
	{[finding.what, finding.advice] | some finding in rule.report} == {[
		"new pods take over www-web-0, www-web-1 with the data of a former set",
		true,
	]}
		with input as _doors.create
		with data.cluster as _world([_claim("www-web-0", {}, {}), _claim("www-web-1", {}, {})])
}

test_new_set_under_its_running_pods_goes_on if {
	world := object.union(_world([_claim("www-web-0", {}, {}), _claim("www-web-1", {}, {})]), {"pods": {"default": {
		"web-0": {"metadata": {"name": "web-0"}},
	}}})
	rule.report == set() with input as _doors.create with data.cluster as world
}

test_pods_that_nobody_knows_may_run if {
	world := object.union(_world([_claim("www-web-0", {}, {})]), {"known": {"pods": false}})
	rule.report == set() with input as _doors.create with data.cluster as world
}

test_manifests_may_bring_their_claims if {
	rule.report == set() with input as _set with data.cluster as _world([_claim("www-web-0", {}, {})])
	small := _claim("www-web-0", {}, {"resources": {"requests": {"storage": "500Mi"}}})
	count(rule.report) == 1 with input as _set with data.cluster as _world([small])
}

test_only_pods_to_come_are_looked_at[text] if {
	small := {"resources": {"requests": {"storage": "500Mi"}}}
	some text, case in {
		"those that are there": [_update({"replicas": 2}, {"replicas": 3}), "www-web-1"],
		"none": [_update({"replicas": 3}, {"replicas": 3}), "www-web-1"],
		"fewer": [_update({"replicas": 3}, {"replicas": 2}), "www-web-2"],
		"beyond the last": [_update({"replicas": 1}, {"replicas": 3}), "www-web-3"],
		"below the start": [_update({"replicas": 1, "ordinals": {"start": 5}}, {"ordinals": {"start": 5}}), "www-web-1"],
		"beyond the limit": [_update({"replicas": 0}, {"replicas": 1000000}), "www-web-32"],
	}
	rule.report == set() with input as case[0] with data.cluster as _world([_claim(case[1], {}, small)])
}

test_another_start_makes_every_pod_another if {
	small := {"resources": {"requests": {"storage": "500Mi"}}}
	count(rule.report) == 1 with input as _update({"replicas": 3}, {"ordinals": {"start": 5}})
		with data.cluster as _world([_claim("www-web-5", {}, small)])
}

test_set_without_templates_takes_no_claims if {
	rule.report == set() with input as object.union(_set, {"spec": {"volumeClaimTemplates": []}})
		with data.cluster as _world([_claim("www-web-0", {}, {})])
}

test_claim_that_a_foreign_pod_writes_to_is_denied_to_a_new_set if {
	{[finding.msg, finding.severity] | some finding in rule.report} == {[
		concat(" ", [
			"[claim-reuse] spec.volumeClaimTemplates: pod importer already writes to www-web-0, www-web-1:",
			"two programs would write to one disk. Fix: end this pod first, or give the set another name.",
		]),
		"deny",
	]} with input as _doors.create with data.cluster as _mounted("importer", {}, {})
}

test_claim_that_a_foreign_pod_mounts_is_a_warning_elsewhere[case] if {
	some case in [
		{"door": "update", "mount": {}, "what": "writes to www-web-1: two programs would write to one disk"},
		{"door": "scale", "mount": {}, "what": "writes to www-web-1: two programs would write to one disk"},
		{"door": "create", "mount": {"readOnly": true}, "what": "reads www-web-0, www-web-1"},
	]
	{[finding.what, finding.severity, finding.existing] | some finding in rule.report} == {[
		sprintf("pod importer already %s", [case.what]),
		"warn",
		false,
	]} with input as _doors[case.door] with data.cluster as _mounted("importer", {}, case.mount)
}

test_pods_of_the_set_and_those_that_ended_mount_nothing_foreign[name] if {
	some name, more in {
		"web-1": {"spec": {"hostname": "web-1"}},
		"web-2": {"metadata": {"ownerReferences": [{
			"apiVersion": "apps/v1",
			"kind": "StatefulSet",
			"name": "web",
			"controller": true,
		}]}},
		"importer": {"status": {"phase": "Succeeded"}},
	}
	rule.report == set() with input as _doors.update with data.cluster as _mounted(name, more, {})
}

_mounted(name, more, mount) := object.union(
	_world([_claim("www-web-0", {}, {}), _claim("www-web-1", {}, {})]),
	{"pods": {"default": {name: object.union(more, {
		"metadata": object.union({"name": name}, object.get(more, "metadata", {})),
		"spec": object.union(object.get(more, "spec", {}), {
			"containers": [{"name": "main", "volumeMounts": [
				object.union({"name": "first", "mountPath": "/first"}, mount),
				object.union({"name": "second", "mountPath": "/second"}, mount),
			]}],
			"volumes": [
				{"name": "first", "persistentVolumeClaim": {"claimName": "www-web-0"}},
				{"name": "second", "persistentVolumeClaim": {"claimName": "www-web-1"}},
			],
		}),
	})}}},
)

_doors := {
	"create": {"request": {"operation": "CREATE", "object": _set}},
	"update": _update({"replicas": 1}, {"replicas": 3}),
	"scale": {"request": {
		"operation": "UPDATE",
		"kind": {"group": "autoscaling", "kind": "Scale"},
		"resource": {"group": "apps", "resource": "statefulsets"},
		"subResource": "scale",
		"name": "web",
		"namespace": "default",
		"oldObject": {"kind": "Scale", "metadata": {"name": "web"}, "spec": {"replicas": 1}},
		"object": {"kind": "Scale", "metadata": {"name": "web"}, "spec": {"replicas": 3}},
	}},
}

_update(before, after) := {"request": {
	"operation": "UPDATE",
	"oldObject": object.union(_set, {"spec": before}),
	"object": object.union(_set, {"spec": after}),
}}

_set := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {
		"name": "web",
		"uid": "mine",
		"ownerReferences": [{"kind": "Database", "name": "main", "uid": "above"}],
	},
	"spec": {
		"replicas": 3,
		"selector": {"matchLabels": {"app": "nginx"}},
		"volumeClaimTemplates": [_template({"storageClassName": "fast"})],
	},
}

_template(spec) := {"metadata": {"name": "www"}, "spec": object.union(
	{"resources": {"requests": {"storage": "1Gi"}}},
	spec,
)}

_owned(kind, name, uid) := _claim("www-web-1", {"ownerReferences": [{"kind": kind, "name": name, "uid": uid}]}, {})

_claim(name, metadata, spec) := {"metadata": object.union({"name": name}, metadata), "spec": object.union(
	{"storageClassName": "fast", "resources": {"requests": {"storage": "1Gi"}}},
	spec,
)}

_world(claims) := {
	"known": {"pods": true},
	"statefulsets": {"default": {"web": _set}},
	"persistentvolumeclaims": {"default": {claim.metadata.name: claim | some claim in claims}},
}
