package stateward.lib.confirmations_test

import data.stateward.lib.confirmation

_now := "2026-11-23T12:00:00Z"

_later := "2026-11-23T12:10:00Z"

_named := {"objects": [{"kind": "StatefulSet", "group": "apps", "name": "web"}]}

test_confirmation_covers_what_it_selects[case] if {
	some case in [
		{"kind": "the object itself", "spec": _named},
		{"kind": "its uid", "spec": {"objects": [object.union(_named.objects[0], {"uid": "1", "generation": 3})]}},
		{"kind": "its labels", "spec": {"selector": {"matchLabels": {"app": "web"}}}},
		{"kind": "its Helm release", "spec": {"helmRelease": "shop"}},
		{"kind": "its owner", "spec": {"owner": {"group": "example.com", "kind": "Queue", "name": "q"}}},
		{"kind": "the rule", "spec": object.union(_named, {"rules": ["cascade-delete"]})},
		{"kind": "the user", "spec": object.union(_named, {"subjects": [{"kind": "User", "name": "b*"}]})},
		{"kind": "the group", "spec": object.union(_named, {"subjects": [{"kind": "Group", "name": "ops"}]})},
	]
	_covered(case.spec)
}

test_confirmation_does_not_cover_anything_else[case] if {
	some case in [
		{"kind": "another name", "spec": {"objects": [{"kind": "StatefulSet", "group": "apps", "name": "db"}]}},
		{"kind": "another group", "spec": {"objects": [{"kind": "StatefulSet", "group": "example.com", "name": "web"}]}},
		{"kind": "another kind", "spec": {"objects": [{"kind": "Service", "name": "web"}]}},
		{"kind": "a former object", "spec": {"objects": [object.union(_named.objects[0], {"uid": "0"})]}},
		{"kind": "a former generation", "spec": {"objects": [object.union(_named.objects[0], {"generation": 2})]}},
		{"kind": "other labels", "spec": {"selector": {"matchLabels": {"app": "db"}}}},
		{"kind": "another release", "spec": {"helmRelease": "stop"}},
		{"kind": "another owner", "spec": {"owner": {"group": "example.com", "kind": "Queue", "name": "r"}}},
		{"kind": "nothing", "spec": {}},
		{"kind": "another rule", "spec": object.union(_named, {"rules": ["quorum"]})},
		{"kind": "another user", "spec": object.union(_named, {"subjects": [{"kind": "User", "name": "carol"}]})},
		{"kind": "another operation", "spec": object.union(_named, {"operations": ["update"]})},
		{"kind": "the past", "spec": object.union(_named, {"until": _now})},
		{"kind": "more than an hour", "spec": object.union(_named, {"until": "2026-11-23T13:00:01Z"})},
		{"kind": "no time", "spec": object.union(_named, {"until": "soon"})},
		{"kind": "no user", "spec": object.union(_named, {"confirmedBy": ""})},
		{"kind": "automation", "spec": object.union(_named, {"confirmedBy": "system:serviceaccount:ci:deployer"})},
		{"kind": "a controller", "spec": object.union(_named, {"confirmedBy": "system:kube-controller-manager"})},
	]
	not _covered(case.spec)
}

test_confirmation_of_automation_counts_for_named_subjects if {
	spec := object.union(_named, {"confirmedBy": "system:serviceaccount:ci:deployer"})
	subjects := [{"kind": "ServiceAccount", "namespace": "ci", "name": "*"}]
	entry := _with({"user": {"username": "system:serviceaccount:ci:helm"}})
	_covers(object.union(spec, {"subjects": subjects}), entry)
	not _covers(object.union(spec, {"subjects": subjects, "confirmedBy": ""}), entry)
	not _covers(object.union(spec, {"subjects": subjects}), _entry)
}

test_four_eyes_want_two_people if {
	_covered(_named) with data.kind as "Guardrails" with data.spec.fourEyes as true
	not _covered(object.union(_named, {"confirmedBy": "bob"})) with data.kind as "Guardrails"
		with data.spec.fourEyes as true
	not _covers(_named, _with({"user": {}})) with data.kind as "Guardrails"
		with data.spec.fourEyes as true
}

test_confirmation_needs_a_time_and_a_request if {
	not _covers(_named, _with({"time": ""}))
	not _covers(_named, _with({"planned": true}))
	not _covers(_named, _with({"operation": "CREATE"}))
}

test_confirmation_covers_its_own_namespace_only if {
	not _used(_entry) with data.cluster.confirmations as {"other": {"c": _confirmation(_named)}}
}

test_confirmation_of_a_namespace_is_inside_it if {
	spec := {"objects": [{"kind": "Namespace", "name": "shop"}]}
	entry := _with({"kind": "Namespace", "group": "", "old": {"metadata": {"name": "shop"}}})
	_used(entry) with data.cluster.confirmations as {"shop": {"c": _confirmation(spec)}}
	not _used(entry) with data.cluster.confirmations as {"stateward-system": {"c": _confirmation(spec)}}
}

test_confirmation_of_what_has_no_namespace_is_in_the_system_namespace if {
	spec := {"objects": [{"kind": "PersistentVolume", "name": "pv-1"}]}
	entry := _with({"kind": "PersistentVolume", "group": "", "old": {"metadata": {"name": "pv-1"}}})
	_used(entry) with data.cluster.confirmations as {"stateward-system": {"c": _confirmation(spec)}}
	not _used(entry) with data.cluster.confirmations as {"default": {"c": _confirmation(spec)}}
}

test_confirmation_of_an_owner_covers_the_owner if {
	queue := {"metadata": {"name": "q", "namespace": "default"}}
	entry := _with({"kind": "Queue", "group": "example.com", "name": "q", "old": queue})
	_covers({"owner": {"group": "example.com", "kind": "Queue", "name": "q"}}, entry)
}

test_confirmation_of_a_scale_is_about_its_statefulset if {
	entry := _with({"kind": "Scale", "group": "autoscaling", "operation": "UPDATE", "old": {}})
	spec := object.union(_named, {"operations": ["scale"]})
	confirmation.covered(entry, ["quorum"]).name == "c" with data.cluster.confirmations as _stored(spec)
		with data.cluster.statefulsets as {"default": {"web": _set}}
}

test_confirmation_of_an_eviction_is_about_its_pod if {
	entry := _with({"kind": "Eviction", "group": "policy", "operation": "CREATE", "name": "web-0"})
	pod := {"metadata": {"name": "web-0", "namespace": "default"}}
	confirmation.covered(entry, ["force-delete-pod"]).name == "c" with data.cluster.pods as {"default": {"web-0": pod}}
		with data.cluster.confirmations as _stored({"objects": [{"kind": "Pod", "name": "web-0"}]})
}

test_set_whose_deletion_is_covered_ends if {
	confirmation.ends(_set, _entry) with data.cluster.confirmations as _stored(_named)
	other := object.union(_named, {"rules": ["quorum"]})
	not confirmation.ends(_set, _entry) with data.cluster.confirmations as _stored(other)
	not confirmation.ends(_set, _entry)
}

test_own_confirmation_ends_no_set_with_four_eyes if {
	marked := {
		"stateward.dev/confirm": "delete",
		"stateward.dev/confirm-rules": "cascade-delete",
		"stateward.dev/confirm-until": _later,
		"stateward.dev/confirmed-by": "bob",
		"stateward.dev/confirmed-object": _set.metadata.uid,
	}
	sts := object.union(_set, {"metadata": {"annotations": marked}})
	confirmation.ends(sts, _entry)
	not confirmation.ends(sts, _entry) with data.kind as "Guardrails" with data.spec.fourEyes as true
}

test_record_says_whose_confirmation_it_was if {
	used := confirmation.covered(_entry, ["cascade-delete"]) with data.cluster.confirmations as _stored(_named)
	used == {"namespace": "default", "name": "c", "by": "alice", "until": _later, "reason": "it moves"}
}

# The fields replace those of the request, and are not merged into them.
_with(fields) := object.union(object.remove(_entry, object.keys(fields)), fields)

_covered(spec) if _covers(spec, _entry)

# regal ignore:with-outside-test-context
_covers(spec, entry) if _used(entry) with data.cluster.confirmations as _stored(spec)

_used(entry) if confirmation.covered(entry, ["cascade-delete"])

_stored(spec) := {"default": {"c": _confirmation(spec)}}

_confirmation(spec) := {
	"metadata": {"name": "c", "namespace": "default"},
	"spec": object.union({"operations": ["delete"], "until": _later, "confirmedBy": "alice", "reason": "it moves"}, spec),
}

_entry := {
	"operation": "DELETE",
	"kind": "StatefulSet",
	"group": "apps",
	"namespace": "default",
	"name": "web",
	"object": null,
	"old": _set,
	"user": {"username": "bob", "groups": ["ops"]},
	"time": _now,
	"planned": false,
}

_set := {"metadata": {
	"name": "web",
	"namespace": "default",
	"uid": "1",
	"generation": 3,
	"labels": {"app": "web"},
	"annotations": {"meta.helm.sh/release-name": "shop"},
	"ownerReferences": [{"apiVersion": "example.com/v1", "kind": "Queue", "name": "q", "uid": "9"}],
}}
