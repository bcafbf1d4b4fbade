package stateward.lib.review_test

import data.stateward.lib.review

_now := "2026-11-23T12:00:00Z"

test_admission_review_gives_an_entry_with_every_field if {
	entries := review.entries with input as {"request": _update, "stateward": {"time": _now}}
	entries == [{
		"operation": "UPDATE",
		"group": "apps",
		"kind": "StatefulSet",
		"resource": "statefulsets",
		"subresource": "",
		"namespace": "prod",
		"name": "web",
		"object": _named("web"),
		"old": _named("web"),
		"options": {"kind": "UpdateOptions"},
		"user": {"username": "alice"},
		"time": _now,
		"planned": false,
		"dry_run": false,
	}]
}

test_bare_manifest_gives_an_entry_with_every_field if {
	entries := review.entries with input as _named("web")
	entries == [_manifest_entry("apps", "StatefulSet", "web", _named("web"))]
}

test_time_is_unknown_where_nobody_says_it if {
	[entry.time | some entry in review.entries] == [""] with input as {"request": _update}
}

test_gatekeeper_review_is_read_like_a_request if {
	entries := review.entries with input as {"review": _update, "parameters": {}}
	[[entry.operation, entry.kind, entry.namespace, entry.name, entry.time] | some entry in entries] == [[
		"UPDATE",
		"StatefulSet",
		"prod",
		"web",
		"",
	]]
}

test_gatekeeper_audit_without_operation_is_a_manifest if {
	operations := [entry.operation |
		some entry in review.entries with input as {"review": object.remove(_update, ["operation"])}
	]
	operations == ["MANIFEST"]
}

test_names_are_read_from_every_input_shape[shape] if {
	some shape, case in {
		"manifest": {"input": _named("a"), "names": ["a"]},
		"List": {"input": _list([_named("a"), _named("b")]), "names": ["a", "b"]},
		"StatefulSetList": {"input": {"kind": "StatefulSetList", "items": [_named("a")]}, "names": ["a"]},
		"empty List": {"input": _list([]), "names": []},
		"List in a List": {"input": _list([_list([_named("a"), _named("b")]), _named("c")]), "names": ["a", "b", "c"]},
		"items without a List": {"input": {"kind": "Menu", "metadata": {"name": "m"}, "items": [1]}, "names": ["m"]},
		"combine, one document": {"input": [_file(_named("a"))], "names": ["a"]},
		"combine, two files": {"input": [_file(_named("a")), _file(_named("b"))], "names": ["a", "b"]},
		"combine, two documents": {"input": [_file([_named("a"), _named("b")])], "names": ["a", "b"]},
		"combine, List": {"input": [_file(_list([_named("a"), _named("b")]))], "names": ["a", "b"]},
		"combine, review": {"input": [_file([{"request": _update}, _named("b")])], "names": ["web", "b"]},
		"combine, null document": {"input": [_file([null, _named("a")])], "names": ["a"]},
		"combine, null file": {"input": [_file(null)], "names": []},
		"combine, nothing": {"input": [], "names": []},
		"null": {"input": null, "names": []},
		"true": {"input": true, "names": []},
		"number": {"input": 5, "names": []},
		"text": {"input": "web", "names": []},
		"array of null": {"input": [null], "names": []},
		"array of text": {"input": ["web"], "names": []},
		"empty object": {"input": {}, "names": []},
		"no kind": {"input": {"metadata": {"name": "a"}}, "names": []},
		"kind of a wrong type": {"input": {"kind": 5, "metadata": {"name": "a"}}, "names": []},
		"request null": {"input": {"request": null}, "names": []},
		"review null": {"input": {"review": null}, "names": []},
		"request text": {"input": {"request": "please"}, "names": []},
	}
	[entry.name | some entry in review.entries] == case.names with input as case.input
}

test_admission_review_in_a_combined_file_keeps_operation_and_time if {
	document := {"request": _update, "stateward": {"time": _now}}
	entries := review.entries with input as [_file([document, _named("b")])]
	[[entry.operation, entry.time] | some entry in entries] == [["UPDATE", _now], ["MANIFEST", ""]]
}

test_admission_review_in_a_combined_file_may_lack_the_time if {
	[entry.time | some entry in review.entries] == [""] with input as [_file({"request": _update})]
}

test_only_what_stands_beside_the_request_makes_a_plan if {
	beside := review.entries with input as {"request": _update, "stateward": {"planned": true}}
	within := review.entries with input as {"request": object.union(_update, {"planned": true}), "stateward": "planned"}
	[[entry.planned | some entry in entries] | some entries in [beside, within]] == [[true], [false]]
}

test_empty_request_has_every_field if {
	review.entries == [_manifest_entry("", "", "", null)] with input as {"request": {}}
}

test_options_and_user_that_are_no_objects_are_empty if {
	request := object.union(_update, {"options": null, "userInfo": "alice"})
	[[entry.options, entry.user] | some entry in review.entries] == [[{}, {}]] with input as {"request": request}
}

test_group_comes_from_the_api_version[version] if {
	some version, group in {"apps/v1": "apps", "v1": "", "example.com/v1beta1": "example.com"}
	manifest := {"apiVersion": version, "kind": "StatefulSet", "metadata": {"name": "a"}}
	[entry.group | some entry in review.entries] == [group] with input as manifest
}

test_namespace[source] if {
	some source, case in {
		"request before object": {"input": {"request": _request("prod", _spaced("test"))}, "namespace": "prod"},
		"object where the request has none": {
			"input": {"request": {"operation": "CREATE", "object": _spaced("test")}},
			"namespace": "test",
		},
		"object where the request's is empty": {"input": {"request": _request("", _spaced("test"))}, "namespace": "test"},
		"manifest": {"input": _spaced("test"), "namespace": "test"},
		"default where nobody says": {"input": _named("a"), "namespace": "default"},
	}
	[entry.namespace | some entry in review.entries] == [case.namespace] with input as case.input
}

test_name[source] if {
	some source, case in {
		"object": {"request": {"name": "other", "object": _named("web")}, "name": "web"},
		"old object before object": {
			"request": {"name": "other", "object": _named("new"), "oldObject": _named("old")},
			"name": "old",
		},
		"deletecollection: no name in the request": {"request": {"object": null, "oldObject": _named("web")}, "name": "web"},
		"deletecollection: empty name in the request": {"request": {"name": "", "oldObject": _named("web")}, "name": "web"},
		"generated": {
			"request": {"object": {"kind": "StatefulSet", "metadata": {"generateName": "web-"}}},
			"name": "web-xxxxx",
		},
		"request where there is no object": {"request": {"name": "web", "object": null, "oldObject": null}, "name": "web"},
		"request where the object has none": {"request": {"name": "web", "object": {"kind": "Scale"}}, "name": "web"},
		"unknown": {"request": {}, "name": ""},
	}
	[entry.name | some entry in review.entries] == [case.name] with input as {"request": case.request}
}

test_kind_and_group_of_the_request_come_before_the_object if {
	request := {
		"kind": {"group": "autoscaling", "kind": "Scale"},
		"object": {"apiVersion": "apps/v1", "kind": "StatefulSet"},
	}
	pairs := [[entry.group, entry.kind] | some entry in review.entries with input as {"request": request}]
	pairs == [["autoscaling", "Scale"]]
}

test_set_of_manifests_is_complete[shape] if {
	some shape, document in {
		"combine": [_file(_named("a"))],
		"combine, nothing": [],
		"List": _list([_named("a")]),
		"empty List": _list([]),
	}
	review.combined with input as document
}

test_single_thing_is_not_a_complete_set[shape] if {
	some shape, document in {
		"manifest": _named("a"),
		"admission review": {"request": _update},
		"gatekeeper": {"review": _update},
		"null": null,
		"empty object": {},
		"List without items": {"kind": "List"},
		"kind that is no List": {"kind": "Menu", "items": []},
	}
	not review.combined with input as document
}

test_manifests_are_what_nobody_operates_on if {
	document := [_file([{"request": _update}, _named("a"), _service("b")])]
	[entry.name | some entry in review.manifests] == ["a", "b"] with input as document
}

test_statefulsets_and_services_are_told_apart if {
	document := [_file([_named("a"), _service("b"), {"kind": "Deployment", "metadata": {"name": "c"}}])]
	[entry.name | some entry in review.statefulsets] == ["a"] with input as document
	[entry.name | some entry in review.services] == ["b"] with input as document
}

test_statefulset_is_desired_by[operation] if {
	some operation, names in {"CREATE": ["web"], "UPDATE": ["web"], "DELETE": [], "CONNECT": []}
	request := object.union(_changed, {"operation": operation})
	[entry.name | some entry in review.statefulsets] == names with input as {"request": request}
}

test_service_is_desired_by[operation] if {
	some operation, names in {"CREATE": ["nginx"], "UPDATE": ["nginx"], "DELETE": [], "CONNECT": []}
	request := {
		"operation": operation,
		"object": object.union(_service("nginx"), {"spec": {"clusterIP": "None"}}),
		"oldObject": _service("nginx"),
	}
	[entry.name | some entry in review.services] == names with input as {"request": request}
}

test_subresource_is_no_desired_statefulset if {
	review.statefulsets == [] with input as {"request": object.union(_changed, {"subResource": "scale"})}
}

test_request_without_object_desires_nothing if {
	request := {"operation": "CREATE", "kind": {"group": "apps", "kind": "StatefulSet"}, "object": null}
	review.statefulsets == [] with input as {"request": request}
}

test_scale_of_a_statefulset_is_a_scale if {
	[entry.name | some entry in review.scales] == ["web"] with input as {"request": _scale("statefulsets", 3, 2)}
}

test_scale_of_a_deployment_is_of_no_interest if {
	review.scales == [] with input as {"request": _scale("deployments", 3, 2)}
}

test_scale_that_changes_nothing_is_exempt if {
	review.scales == [] with input as {"request": _scale("statefulsets", 3, 3)}
}

test_deletions_are_told_apart_by_kind if {
	document := {"request": _deletion({})}
	[entry.name | some entry in review.deletions("StatefulSet")] == ["web"] with input as document
	review.deletions("Service") == [] with input as document
}

test_update_is_no_deletion if {
	review.deletions("StatefulSet") == [] with input as {"request": _changed}
}

test_exempt_requests_are_not_judged if {
	terminating := {"oldObject": {"metadata": {"deletionTimestamp": _now}}}
	review.statefulsets == [] with input as {"request": object.union(_changed, terminating)}
	review.deletions("StatefulSet") == [] with input as {"request": object.union(_deletion({}), terminating)}
}

test_exempt_requests_stay_entries if {
	count(review.entries) == 1 with input as {"request": _update}
	review.statefulsets == [] with input as {"request": _update}
}

test_propagation[source] if {
	some source, case in {
		"Orphan said": {"options": {"propagationPolicy": "Orphan"}, "policy": "Orphan"},
		"Background said": {"options": {"propagationPolicy": "Background"}, "policy": "Background"},
		"Foreground said": {"options": {"propagationPolicy": "Foreground"}, "policy": "Foreground"},
		"orphanDependents": {"options": {"orphanDependents": true}, "policy": "Orphan"},
		"orphanDependents: false": {"options": {"orphanDependents": false}, "policy": "Background"},
		"orphanDependents: false before finalizers": {
			"options": {"orphanDependents": false},
			"finalizers": ["orphan"],
			"policy": "Background",
		},
		"said before finalizers": {
			"options": {"propagationPolicy": "Background"},
			"finalizers": ["orphan"],
			"policy": "Background",
		},
		"orphan finalizer": {"options": {}, "finalizers": ["example.com/hold", "orphan"], "policy": "Orphan"},
		"foreground finalizer": {"options": {}, "finalizers": ["foregroundDeletion"], "policy": "Foreground"},
		"another finalizer": {"options": {}, "finalizers": ["example.com/hold"], "policy": "Background"},
		"nothing said": {"options": {}, "policy": "Background"},
	}
	old := object.union(_named("web"), {"metadata": {"finalizers": object.get(case, "finalizers", [])}})
	review.propagation({"options": case.options, "old": old}) == case.policy
}

test_propagation_without_an_old_object_is_background if {
	review.propagation({"options": {}, "old": null}) == "Background"
}

test_namesakes_of_other_groups_are_not_judged if {
	knative := {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": "nginx"}}
	review.services == [] with input as knative
	review.budgets == [] with input as object.union(knative, {"kind": "PodDisruptionBudget"})
	kruise := {"apiVersion": "apps.kruise.io/v1beta1", "kind": "StatefulSet", "metadata": {"name": "web"}}
	review.statefulsets == [] with input as kruise
}

test_empty_operation_is_a_manifest if {
	review.entries[0].operation == "MANIFEST" with input as {"review": {"operation": "", "object": _named("web")}}
}

test_array_of_bare_manifests_is_read if {
	[entry.name | some entry in review.statefulsets] == ["a", "b"] with input as [_named("a"), _named("b")]
}

test_empty_namespace_is_the_default[namespace] if {
	some namespace in ["", null]
	review.entries[0].namespace == "default" with input as _spaced(namespace)
}

_named(name) := {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": name}}

_spaced(namespace) := object.union(_named("web"), {"metadata": {"namespace": namespace}})

_service(name) := {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}}

_list(items) := {"apiVersion": "v1", "kind": "List", "items": items}

_file(contents) := {"path": "a.yaml", "contents": contents}

_request(namespace, manifest) := {"operation": "CREATE", "namespace": namespace, "object": manifest}

_update := {
	"operation": "UPDATE",
	"kind": {"group": "apps", "version": "v1", "kind": "StatefulSet"},
	"resource": {"group": "apps", "version": "v1", "resource": "statefulsets"},
	"namespace": "prod",
	"name": "web",
	"object": _named("web"),
	"oldObject": _named("web"),
	"options": {"kind": "UpdateOptions"},
	"userInfo": {"username": "alice"},
}

_changed := object.union(_update, {"object": {"spec": {"replicas": 3}}})

_deletion(options) := object.union(object.remove(_update, ["object"]), {"operation": "DELETE", "options": options})

_scale(resource, to, from) := {
	"operation": "UPDATE",
	"kind": {"group": "autoscaling", "version": "v1", "kind": "Scale"},
	"resource": {"group": "apps", "version": "v1", "resource": resource},
	"subResource": "scale",
	"object": {"kind": "Scale", "metadata": {"name": "web"}, "spec": {"replicas": to}},
	"oldObject": {"kind": "Scale", "metadata": {"name": "web"}, "spec": {"replicas": from}},
}

_manifest_entry(group, kind, name, manifest) := {
	"operation": "MANIFEST",
	"group": group,
	"kind": kind,
	"resource": "",
	"subresource": "",
	"namespace": "default",
	"name": name,
	"object": manifest,
	"old": null,
	"options": {},
	"user": {},
	"time": "",
	"planned": false,
	"dry_run": false,
}

test_budget_that_somebody_wants_is_judged if {
	budget := {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "web"}}
	[entry.name | some entry in review.budgets] == ["web"] with input as {"request": {
		"operation": "CREATE",
		"object": budget,
	}}
	review.budgets == [] with input as {"request": {"operation": "DELETE", "oldObject": budget}}
}

test_entries_that_are_handed_over_are_taken_as_they_are if {
	entry := {"operation": "DELETE", "group": "", "kind": "Pod", "subresource": "", "namespace": "a", "name": "b"}
	review.entries == [entry] with input as {"kind": "Service"} with data.review as [entry]
	review.deletions("Pod") == [entry] with input as {"kind": "Service"} with data.review as [entry]
}

test_dry_run_is_said_by_the_request_or_the_eviction[dry] if {
	some dry, request in {
		"request": {"dryRun": true},
		"eviction": {"object": {"kind": "Eviction", "deleteOptions": {"dryRun": ["All"]}}},
	}
	[entry.dry_run | some entry in review.entries] == [true]
		with input as {"request": object.union({"operation": "CREATE", "object": {}}, request)}
}

test_evictions_and_bindings_are_requests_about_pods if {
	eviction := {"operation": "CREATE", "resource": {"resource": "pods"}, "object": {"kind": "Eviction"}}
	count(review.evictions) == 1 with input as {"request": eviction}
	review.bindings == [] with input as {"request": eviction}
	count(review.bindings) == 1 with input as {"request": {"operation": "CREATE", "object": {"kind": "Binding"}}}
}

test_volume_belongs_to_the_namespace_of_its_claim if {
	volume := {"kind": "PersistentVolume", "spec": {"claimRef": {"namespace": "data"}}}
	[entry.namespace | some entry in review.entries] == ["data"]
		with input as {"request": {"operation": "DELETE", "oldObject": volume}}
}

test_audited_objects_are_stored_and_only_looked_at if {
	request := {
		"operation": "AUDIT",
		"kind": {"group": "apps", "kind": "StatefulSet"},
		"object": {"metadata": {"name": "web"}},
	}
	[entry.name | some entry in review.audited({"StatefulSet"})] == ["web"] with input as {"request": request}
	[entry.name | some entry in review.statefulsets] == ["web"] with input as {"request": request}
	review.audited({"StatefulSet"}) == [] with input as {"request": object.union(request, {"operation": "CREATE"})}
}

test_audited_settings_are_statewards_own_kinds[group] if {
	some group, names in {"stateward.dev": ["stateward"], "example.com": []}
	request := {
		"operation": "AUDIT",
		"kind": {"group": group, "kind": "Guardrails"},
		"object": {"metadata": {"name": "stateward"}},
	}
	[entry.name | some entry in review.audited_settings("Guardrails")] == names with input as {"request": request}
}
