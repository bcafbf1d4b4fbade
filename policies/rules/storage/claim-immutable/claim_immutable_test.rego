package stateward.rules.storage["claim-immutable_test"]

import data.stateward.rules.storage["claim-immutable"] as rule

_procedure := "kubectl delete sts web -n default --cascade=orphan, resize claims, apply again"

test_change_is_denied_with_the_way_out if {
	messages := {finding.msg | some finding in rule.report} with input as _update(_spec, {"serviceName": "other"})
	messages == {concat(" ", [
		`[claim-immutable] spec.serviceName: "nginx" cannot become "other", the field is immutable.`,
		sprintf("Fix: keep the old value, or recreate the set while its pods keep running: %s.", [_procedure]),
	])}
}

test_change_is_no_old_fault if {
	some finding in rule.report with input as _update(_spec, {"serviceName": "other"})
	finding.severity == "deny"
	finding.existing == false
	not finding.advice
}

test_notice_says_what_and_how_in_two_warnings if {
	{[finding.field, finding.what, finding.advice] | some finding in rule.notice} == {
		["spec.serviceName", `"nginx" cannot become "other", the field is immutable`, true],
		["spec", _procedure, true],
	} with input as _update(_spec, {"serviceName": "other"})
}

test_each_immutable_field_is_told[field] if {
	some field, case in {
		"spec.serviceName": [{"serviceName": null}, `"nginx" cannot become ""`],
		"spec.podManagementPolicy": [{"podManagementPolicy": "Parallel"}, `"OrderedReady" cannot become "Parallel"`],
		"spec.selector": [
			{"selector": {"matchLabels": {"app": "web"}}},
			`app differs: "nginx" cannot become "web"`,
		],
		"spec.volumeClaimTemplates": [{"volumeClaimTemplates": [_www, _log]}, `["www"] cannot become ["www","log"]`],
		"spec.volumeClaimTemplates[0].metadata.name": [{"volumeClaimTemplates": [_log]}, `"www" cannot become "log"`],
		"spec.volumeClaimTemplates[0].spec.resources.requests.storage": [
			{"volumeClaimTemplates": [_claim({"resources": {"requests": {"storage": "2Gi"}}})]},
			`"1Gi" cannot become "2Gi"`,
		],
		"spec.volumeClaimTemplates[0].spec.storageClassName": [
			{"volumeClaimTemplates": [_claim({"storageClassName": "fast"})]},
			`null cannot become "fast"`,
		],
		"spec.volumeClaimTemplates[0].spec.accessModes": [
			{"volumeClaimTemplates": [_claim({"accessModes": ["ReadWriteOncePod"]})]},
			`["ReadWriteOnce"] cannot become ["ReadWriteOncePod"]`,
		],
	}
	{[finding.field, finding.what] | some finding in rule.report} == {[
		field,
		sprintf("%s, the field is immutable", [case[1]]),
	]} with input as _update(_spec, case[0])
}

test_long_values_are_shortened if {
	expression := {"key": "app", "operator": "In", "values": ["nginx"]}
	wanted := {"matchLabels": {"app": "nginx"}, "matchExpressions": [expression]}
	{finding.what | some finding in rule.report} == {concat(" ", [
		`{"matchLabels":{"app":"nginx"}} cannot become {"matchExpressions":[{"key":"app","opera…,`,
		"the field is immutable",
	])} with input as _update(_spec, {"selector": wanted})
}

test_each_label_that_differs_is_named if {
	wanted := {"matchLabels": {"app.kubernetes.io/instance": "shop"}}
	{finding.what | some finding in rule.report} == {
		`app, app.kubernetes.io/instance differs: "nginx" cannot become null, the field is immutable`,
	} with input as _update(_spec, {"selector": wanted})
}

test_larger_claim_has_a_known_way if {
	some finding in rule.report
		with input as _update(_spec, {"volumeClaimTemplates": [_claim({"resources": {"requests": {"storage": "2Gi"}}})]})
	startswith(finding.fix, concat("", [
		"expand each claim (kubectl patch pvc www-web-0 -n default --type merge -p ",
		`'{"spec":{"resources":{"requests":{"storage":"2Gi"}}}}' and so on), then: kubectl delete sts web -n default `,
	]))
}

test_claims_may_be_neither_added_nor_taken_away[templates] if {
	some templates in [[], null, [_www, _log]]
	count(rule.report) == 1 with input as _update(_spec, {"volumeClaimTemplates": templates})
}

test_what_is_the_same_to_kubernetes_is_no_change[why] if {
	some why, change in {
		"nothing": {},
		"default": {"podManagementPolicy": null},
		"absent selector": {"selector": null},
		"empty expressions": {"selector": {"matchLabels": {"app": "nginx"}, "matchExpressions": []}},
		"size": {"volumeClaimTemplates": [_claim({"resources": {"requests": {"storage": "1024Mi"}}})]},
		"volume mode": {"volumeClaimTemplates": [_claim({"volumeMode": null})]},
		"written by the server": {"volumeClaimTemplates": [object.union(_claim({}), {
			"apiVersion": "v1",
			"kind": "PersistentVolumeClaim",
			"metadata": {"creationTimestamp": null, "annotations": {}},
			"status": {"phase": "Pending"},
		})]},
	}
	rule.report == set() with input as _update(_spec, change)
}

test_manifest_without_defaults_is_no_change if {
	bare := {"volumeClaimTemplates": [object.remove(_www.spec, ["volumeMode"])]}
	stored := object.union(_spec, {"volumeClaimTemplates": [object.union(_claim({"volumeMode": "Filesystem"}), {
		"apiVersion": "v1",
		"kind": "PersistentVolumeClaim",
		"status": {"phase": "Pending"},
	})]})
	bare.volumeClaimTemplates != stored.volumeClaimTemplates
	rule.report == set() with input as _update(stored, {"volumeClaimTemplates": [_www]})
}

test_annotation_that_stateward_drops_is_no_change if {
	annotated := object.union(_www, {"metadata": {"annotations": {"volume.alpha.kubernetes.io/storage-class": "fast"}}})
	rule.report == set() with input as _update(_spec, {"volumeClaimTemplates": [annotated]})
	kept := object.union(_spec, {"volumeClaimTemplates": [annotated]})
	rule.report == set() with input as _update(kept, {"replicas": 5})
	count(rule.report) == 1 with input as _update(kept, {"volumeClaimTemplates": [_www]})
}

test_mutable_fields_may_change if {
	rule.report == set() with input as _update(_spec, {
		"replicas": 5,
		"ordinals": {"start": 1},
		"template": {"spec": {}},
		"updateStrategy": {"type": "OnDelete"},
		"persistentVolumeClaimRetentionPolicy": {"whenScaled": "Delete"},
		"minReadySeconds": 5,
		"revisionHistoryLimit": 3,
	})
}

test_sets_without_claims_or_selector_are_compared_too if {
	rule.report == set() with input as _request({}, {"replicas": 5})
	{finding.field | some finding in rule.report} == {"spec.selector"} with input as _request({}, {"selector": {
		"matchLabels": {"app": "nginx"},
	}})
}

test_creation_and_other_kinds_are_not_judged if {
	rule.report == set() with input as {"request": {"operation": "CREATE", "object": _sts(_spec)}}
	rule.report == set() with input as {"request": {"operation": "UPDATE", "object": _sts(_spec)}}
	deployment := {"request": {"kind": {"group": "apps", "kind": "Deployment"}}}
	rule.report == set() with input as object.union(_update(_spec, {"serviceName": "other"}), deployment)
}

_www := _claim({})

_log := {"metadata": {"name": "log"}, "spec": _www.spec}

_claim(spec) := {"metadata": {"name": "www"}, "spec": object.union(
	{"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
	spec,
)}

_spec := {
	"serviceName": "nginx",
	"selector": {"matchLabels": {"app": "nginx"}},
	"podManagementPolicy": "OrderedReady",
	"volumeClaimTemplates": [_www],
}

_update(before, change) := _request(before, object.union(
	object.remove(before, object.keys(change)),
	change,
))

_request(before, after) := {"request": {
	"operation": "UPDATE",
	"namespace": "default",
	"oldObject": _sts(before),
	"object": _sts(after),
}}

_sts(spec) := {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"}, "spec": spec}

test_recreation_is_not_advised_where_it_loses_data_or_pods[fix] if {
	some fix, change in {
		"keep the names of the templates: with others pods start with new, empty claims": {"volumeClaimTemplates": [_log]},
		"keep the selector: a set with another one does not own the pods that run": {"selector": {"matchLabels": {
			"app": "web",
		}}},
	}
	[finding.fix | some finding in rule.report] == [sprintf(
		"%s; copy the data into a StatefulSet of another name instead.",
		[fix],
	)] with input as _update(_spec, change)
	fix in {finding.what | some finding in rule.notice} with input as _update(_spec, change)
}

test_claim_that_comes_in_addition_takes_nothing_away if {
	[finding.fix | some finding in rule.report] == [sprintf(
		"keep the old value, or recreate the set while its pods keep running: %s.",
		[_procedure],
	)] with input as _update(_spec, {"volumeClaimTemplates": [_www, _log]})
}
