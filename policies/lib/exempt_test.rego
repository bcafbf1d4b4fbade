package stateward.lib.exempt_test

import data.stateward.lib.exempt

test_terminating_object_is_exempt[operation] if {
	some operation in ["UPDATE", "DELETE"]
	reason := exempt.reason(_entry({
		"operation": operation,
		"old": _sts({"deletionTimestamp": "2026-11-23T12:00:00Z"}),
		"object": _replicas(9),
	}))
	reason == "the object is already terminating"
}

test_stored_object_that_terminates_is_exempt if {
	terminating := _sts({"deletionTimestamp": "2026-11-23T12:00:00Z"})
	reason := exempt.reason({"operation": "AUDIT", "kind": "StatefulSet", "object": terminating, "old": null})
	reason == "the object is already terminating"
}

test_terminating_pod_is_exempt_while_its_grace_lasts[case] if {
	some case in [
		{"operation": "DELETE", "options": {}},
		{"operation": "DELETE", "options": {"gracePeriodSeconds": 30}},
		{"operation": "DELETE", "options": {"gracePeriodSeconds": 1}},
		{"operation": "UPDATE", "object": _pod({"finalizers": []})},
	]
	exempt.reason(_of_pod(case, 30)) == "the object is already terminating"
}

test_cut_of_the_grace_is_judged[grace] if {
	some grace in [30, null]
	not exempt.reason(_of_pod({"operation": "DELETE", "options": {"gracePeriodSeconds": 0}}, grace))
}

test_grace_that_is_cut_already_is_cut_once if {
	entry := _of_pod({"operation": "DELETE", "options": {"gracePeriodSeconds": 0}}, 0)
	exempt.reason(entry) == "the object is already terminating"
}

test_cut_by_a_controller_of_kubernetes_is_exempt[username] if {
	some username in _controllers
	fields := {"operation": "DELETE", "options": {"gracePeriodSeconds": 0}, "user": {"username": username}}
	exempt.reason(_of_pod(fields, 30)) == "a controller of Kubernetes finishes a deletion"
}

test_confirmation_of_a_cut_is_judged if {
	after := _pod({"annotations": {"stateward.dev/confirm": "delete"}})
	not exempt.reason(_of_pod({"operation": "UPDATE", "object": after}, 30))
}

test_other_kinds_are_exempt_without_grace if {
	entry := object.union(_of_pod({"operation": "DELETE", "options": {"gracePeriodSeconds": 0}}, 30), {"kind": "Service"})
	exempt.reason(entry) == "the object is already terminating"
}

test_deletion_by_a_controller_of_kubernetes_is_exempt[username] if {
	some username in _controllers
	exempt.reason(_deletion(username)) == "a controller of Kubernetes finishes a deletion"
}

test_deletion_by_anybody_else_is_judged[username] if {
	some username in {
		"alice",
		"system:admin",
		"system:serviceaccount:default:generic-garbage-collector",
		"system:serviceaccount:kube-system:deployment-controller",
	}
	not exempt.reason(_deletion(username))
}

test_deletion_by_nobody_known_is_judged if {
	not exempt.reason(_entry({"operation": "DELETE", "user": {}}))
}

test_update_by_a_controller_of_kubernetes_is_judged[username] if {
	some username in _controllers
	not exempt.reason(_entry({"object": _replicas(9), "user": {"username": username}}))
}

test_unguarded_change_is_exempt[change] if {
	some change, after in {
		"nothing": _sts({}),
		"finalizers": _sts({"finalizers": []}),
		"annotation": _sts({"annotations": {"example.com/owner": "bob"}}),
		"resourceVersion and managedFields": _sts({"resourceVersion": "7", "managedFields": [{"manager": "kubectl"}]}),
		"status": object.union(_sts({}), {"status": {"replicas": 3}}),
	}
	entry := _entry({"object": after, "old": _sts({"finalizers": ["example.com/hold"]})})
	exempt.reason(entry) == "neither spec nor guarded metadata changes"
}

test_removed_unguarded_annotation_is_exempt if {
	entry := _entry({"old": _sts({"annotations": {"example.com/owner": "bob"}})})
	exempt.reason(entry) == "neither spec nor guarded metadata changes"
}

test_lost_owner_is_exempt if {
	entry := _entry({"old": _sts({"ownerReferences": [{"name": "db"}]})})
	exempt.reason(entry) == "neither spec nor guarded metadata changes"
}

test_new_owner_is_judged if {
	not exempt.reason(_entry({"object": _sts({"ownerReferences": [{"name": "db"}]})}))
}

test_guarded_change_is_judged[change] if {
	some change, after in {
		"spec": _replicas(9),
		"label": _sts({"labels": {"app": "web"}}),
		"mark of our own": _sts({"annotations": {"stateward.dev/confirm": "update"}}),
		"mark of our own beside another annotation": _sts({"annotations": {
			"example.com/owner": "bob",
			"stateward.dev/protect": "true",
		}}),
		"apiVersion": object.union(_sts({}), {"apiVersion": "apps/v2"}),
		"a field that nobody knows": object.union(_sts({}), {"extra": true}),
	}
	not exempt.reason(_entry({"object": after}))
	not exempt.reason(_entry({"object": _sts({}), "old": after}))
}

test_changed_mark_is_judged if {
	not exempt.reason(_entry({
		"object": _sts({"annotations": {"stateward.dev/confirm": "update"}}),
		"old": _sts({"annotations": {"stateward.dev/confirm": "delete"}}),
	}))
}

test_status_subresource_is_exempt[operation] if {
	some operation in ["CREATE", "UPDATE"]
	entry := _entry({"operation": operation, "object": _replicas(9), "subresource": "status"})
	exempt.reason(entry) == "the status belongs to the controllers"
}

test_marks_labels_and_owners_in_a_status_are_judged[after] if {
	some after in [
		_sts({"annotations": {"stateward.dev/confirmed-by": "alice"}}),
		_sts({"labels": {"stateward.dev/quorum": "true"}}),
		_sts({"labels": {"a": "b"}}),
		_sts({"ownerReferences": [{"name": "db"}]}),
	]
	not exempt.reason(_entry({"object": after, "subresource": "status"}))
}

test_other_metadata_in_a_status_are_exempt if {
	after := object.union(_replicas(9), {"metadata": {"annotations": {"a": "b"}, "finalizers": ["example.com/mine"]}})
	exempt.reason(_entry({"object": after, "subresource": "status"})) == "the status belongs to the controllers"
}

test_scale_subresource_is_judged if {
	not exempt.reason(_entry({"object": _replicas(9), "subresource": "scale"}))
}

test_only_an_update_is_exempt_for_changing_nothing[operation] if {
	some operation in ["MANIFEST", "CREATE", "DELETE"]
	not exempt.reason(_entry({"operation": operation}))
}

test_manifest_is_judged if {
	not exempt.reason(_entry({"operation": "MANIFEST", "old": null}))
}

test_update_without_old_object_is_judged if {
	not exempt.reason({"operation": "UPDATE", "object": {}, "old": null, "subresource": "", "user": {}})
}

_controllers := {
	"system:kube-controller-manager",
	"system:serviceaccount:kube-system:generic-garbage-collector",
	"system:serviceaccount:kube-system:namespace-controller",
	"system:serviceaccount:kube-system:pod-garbage-collector",
	"system:serviceaccount:kube-system:statefulset-controller",
}

# An UPDATE that changes nothing, but for the fields given.
_entry(fields) := {
	"kind": object.get(fields, "kind", "StatefulSet"),
	"operation": object.get(fields, "operation", "UPDATE"),
	"subresource": object.get(fields, "subresource", ""),
	"object": object.get(fields, "object", _sts({})),
	"old": object.get(fields, "old", _sts({})),
	"options": object.get(fields, "options", {}),
	"user": object.get(fields, "user", {"username": "alice"}),
}

# A pod that terminates, with this much grace.
_of_pod(fields, grace) := object.union(_entry(fields), {
	"kind": "Pod",
	"options": object.get(fields, "options", {}),
	"old": _pod({"deletionTimestamp": "2026-11-23T12:00:30Z", "deletionGracePeriodSeconds": grace}),
})

_pod(metadata) := {
	"apiVersion": "v1",
	"kind": "Pod",
	"metadata": object.union({"name": "web-0"}, metadata),
	"spec": {"nodeName": "node-0"},
}

_deletion(username) := _entry({"operation": "DELETE", "object": null, "user": {"username": username}})

_sts(metadata) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": object.union({"name": "web"}, metadata),
	"spec": {"replicas": 3},
}

_replicas(number) := object.union(_sts({}), {"spec": {"replicas": number}})

test_second_deletion_with_another_propagation_is_judged[case] if {
	some case in [
		{"finalizers": ["orphan"], "options": {"propagationPolicy": "Background"}},
		{"finalizers": ["orphan"], "options": {"orphanDependents": false}},
		{"finalizers": ["foregroundDeletion"], "options": {"propagationPolicy": "Orphan"}},
		{"finalizers": ["foregroundDeletion"], "options": {"orphanDependents": true}},
		{"finalizers": ["example.com/hold"], "options": {"propagationPolicy": "Orphan"}},
	]
	not exempt.reason(_second_deletion(case))
}

test_second_deletion_like_the_first_is_exempt[case] if {
	some case in [
		{"finalizers": ["orphan"], "options": {}},
		{"finalizers": ["orphan"], "options": {"orphanDependents": true}},
		{"finalizers": ["foregroundDeletion"], "options": {"propagationPolicy": "Foreground"}},
		{"finalizers": ["example.com/hold"], "options": {"propagationPolicy": "Background"}},
	]
	exempt.reason(_second_deletion(case)) == "the object is already terminating"
}

test_removed_protection_is_judged[case] if {
	some case, metadata in {
		"in use": {"finalizers": ["kubernetes.io/pv-protection"]},
		"terminating": {"finalizers": ["kubernetes.io/pv-protection"], "deletionTimestamp": "2026-11-23T12:00:00Z"},
	}
	entry := _entry({
		"kind": "PersistentVolume",
		"operation": "UPDATE",
		"old": {"metadata": metadata},
		"object": {"metadata": object.remove(metadata, ["finalizers"])},
	})
	not exempt.reason(entry)
}

_second_deletion(case) := _entry({
	"operation": "DELETE",
	"options": case.options,
	"old": _sts({"deletionTimestamp": "2026-11-23T12:00:00Z", "finalizers": case.finalizers}),
})

test_kept_protection_is_exempt if {
	metadata := {"finalizers": ["kubernetes.io/pv-protection"], "deletionTimestamp": "2026-11-23T12:00:00Z"}
	volume := {"metadata": metadata}
	exempt.reason(_entry({"kind": "PersistentVolume", "operation": "UPDATE", "old": volume, "object": volume}))
}
