package stateward.rules.storage["storage-class_test"]

import data.stateward.rules.storage["storage-class"] as rule

_fix := "Fix: use a class that `kubectl get storageclass` lists."

test_class_that_does_not_exist_is_denied if {
	messages := {finding.msg | some finding in rule.report} with input as _create([_claim({"storageClassName": "fast"})])
		with data.cluster as _known({"slow": _class("slow", {})})
	messages == {concat(" ", [
		"[storage-class] spec.volumeClaimTemplates[0].spec.storageClassName:",
		`StorageClass "fast" does not exist: the claims would stay Pending.`,
		_fix,
	])}
}

test_no_class_without_a_default_is_denied[spec] if {
	some spec in [{}, {"storageClassName": null}]
	messages := {finding.msg | some finding in rule.report} with input as _create([_claim(spec)])
		with data.cluster as _known({"slow": _class("slow", {})})
	messages == {concat(" ", [
		"[storage-class] spec.volumeClaimTemplates[0].spec.storageClassName:",
		"is absent and the cluster has no default class: the claims would stay Pending.",
		_fix,
	])}
}

test_finding_is_a_denial if {
	some finding in rule.report with input as _create([_claim({"storageClassName": "fast"})])
		with data.cluster as _known({})
	finding.severity == "deny"
	finding.existing == false
	not finding.advice
}

test_class_of_the_beta_annotation_counts if {
	annotated := object.union(
		_claim({"storageClassName": "slow"}),
		{"metadata": {"annotations": {"volume.beta.kubernetes.io/storage-class": "fast"}}},
	)
	[finding.path[4] | some finding in rule.report] == ["annotations"] with input as _create([annotated])
		with data.cluster as _known({"slow": _class("slow", {})})
}

test_class_that_exists_is_fine if {
	rule.report == set() with input as _create([_claim({"storageClassName": "fast"})])
		with data.cluster as _known({"fast": _class("fast", {})})
}

test_no_class_with_a_default_is_fine if {
	rule.report == set() with input as _create([_claim({})])
		with data.cluster as _known({"slow": _class("slow", {"storageclass.kubernetes.io/is-default-class": "true"})})
}

test_volumes_made_by_hand_need_no_class if {
	rule.report == set() with input as _create([_claim({"storageClassName": ""})]) with data.cluster as _known({})
}

test_class_of_volumes_made_by_hand_can_be_listed if {
	rule.report == set() with input as _create([_claim({"storageClassName": "manual"})])
		with data.cluster as _known({})
		with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "storage-class", "params": {"static": ["manual"]}}]
}

test_each_template_is_judged if {
	claims := [_claim({"storageClassName": "slow"}), _claim({"storageClassName": "fast"}), _claim({})]
	{finding.path[2] | some finding in rule.report} == {1, 2} with input as _create(claims)
		with data.cluster as _known({"slow": _class("slow", {})})
}

test_nothing_is_said_where_no_class_is_known if {
	rule.report == set() with input as _create([_claim({"storageClassName": "fast"}), _claim({})])
	rule.report == set() with input as _files([_sts([_claim({"storageClassName": "fast"}), _claim({})])])
}

test_class_that_is_not_among_the_given_is_mentioned if {
	given := [_class("slow", {}), _class("local", {}), _sts([_claim({"storageClassName": "fast"}), _claim({})])]
	{[finding.what, finding.advice] | some finding in rule.report} == {[
		`StorageClass "fast" is not among those given (slow, local)`,
		true,
	]} with input as _files(given)
	rule.report == set() with input as _files([_class("fast", {}), _sts([_claim({"storageClassName": "fast"})])])
}

test_templates_of_a_set_that_is_there_are_not_judged if {
	before := _sts([_claim({"storageClassName": "fast"})])
	rule.report == set() with data.cluster as _known({})
		with input as {"request": {
			"operation": "UPDATE",
			"oldObject": before,
			"object": object.union(before, {"spec": {"replicas": 5}}),
		}}
}

test_other_kinds_are_not_judged if {
	other := object.union(_sts([_claim({"storageClassName": "fast"})]), {"kind": "Deployment"})
	rule.report == set() with input as other with data.cluster as _known({})
}

_known(classes) := {"known": {"storageclasses": true}, "storageclasses": classes}

_class(name, annotations) := {
	"apiVersion": "storage.k8s.io/v1",
	"kind": "StorageClass",
	"metadata": {"name": name, "annotations": annotations},
}

_claim(spec) := {"metadata": {"name": "www"}, "spec": spec}

_create(claims) := {"request": {"operation": "CREATE", "object": _sts(claims)}}

_sts(claims) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web"},
	"spec": {"volumeClaimTemplates": claims},
}

_files(documents) := [{"path": "all.yaml", "contents": documents}]
