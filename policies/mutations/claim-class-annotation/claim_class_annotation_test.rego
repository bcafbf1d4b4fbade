package stateward.mutations["claim-class-annotation_test"]

import data.stateward.mutations["claim-class-annotation"] as mutation

_alpha := "volume.alpha.kubernetes.io/storage-class"

_beta := "volume.beta.kubernetes.io/storage-class"

_drop_alpha := {
	"op": "remove",
	"path": "/spec/volumeClaimTemplates/0/metadata/annotations/volume.alpha.kubernetes.io~1storage-class",
}

_drop_beta := {
	"op": "remove",
	"path": "/spec/volumeClaimTemplates/0/metadata/annotations/volume.beta.kubernetes.io~1storage-class",
}

test_alpha_annotation_is_dropped if {
	{[finding.msg, finding.patch] | some finding in mutation.report} == {[
		_message(_alpha, `Kubernetes ignores the alpha annotation "fast"; Stateward removes it`),
		[_drop_alpha],
	]} with input as _sts([_claim({_alpha: "fast"}, {})])
}

test_beta_annotation_becomes_the_field if {
	{[finding.msg, finding.patch] | some finding in mutation.report} == {[
		_message(_beta, `is deprecated; Stateward moves "fast" to spec.storageClassName`),
		[_drop_beta, {"op": "add", "path": "/spec/volumeClaimTemplates/0/spec/storageClassName", "value": "fast"}],
	]} with input as _sts([_claim({_beta: "fast"}, {})])
}

test_beta_annotation_that_says_the_same_is_dropped if {
	{[finding.msg, finding.patch] | some finding in mutation.report} == {[
		_message(_beta, `is deprecated; Stateward removes it because spec.storageClassName is "fast" too`),
		[_drop_beta],
	]} with input as _sts([_claim({_beta: "fast"}, {"storageClassName": "fast"})])
}

test_beta_annotation_that_says_something_else_is_left_alone[class] if {
	some class in ["slow", ""]
	mutation.report == set() with input as _sts([_claim({_beta: "fast"}, {"storageClassName": class})])
}

test_empty_alpha_annotation_is_dropped_too if {
	{finding.patch | some finding in mutation.report} == {[_drop_alpha]} with input as _sts([_claim({_alpha: ""}, {})])
}

test_both_annotations_are_spoken_of if {
	{finding.field | some finding in mutation.report} == {
		sprintf("spec.volumeClaimTemplates[0].metadata.annotations[%q]", [_alpha]),
		sprintf("spec.volumeClaimTemplates[0].metadata.annotations[%q]", [_beta]),
	} with input as _sts([_claim({_alpha: "fast", _beta: "fast"}, {})])
}

test_second_claim_has_its_own_pointer if {
	{finding.patch[0].path | some finding in mutation.report} == {concat("/", [
		"/spec/volumeClaimTemplates/1/metadata/annotations",
		"volume.alpha.kubernetes.io~1storage-class",
	])} with input as _sts([_claim({}, {}), _claim({_alpha: "fast"}, {})])
}

test_other_annotations_are_left_alone[annotations] if {
	some annotations in [null, {}, {"example.com/storage-class": "fast"}]
	mutation.report == set() with input as _sts([_claim(annotations, {})])
}

test_claim_without_metadata_is_left_alone if {
	mutation.report == set() with input as _sts([{}])
}

test_set_without_templates_is_left_alone[templates] if {
	some templates in [null, []]
	mutation.report == set() with input as _sts(templates)
}

test_patches_do_what_they_say if {
	sts := _sts([_claim({_alpha: "a", _beta: "fast", "example.com/owner": "bob"}, {})])
	patches := [operation | some finding in mutation.report; some operation in finding.patch] with input as sts
	patched := json.patch(sts, patches)
	patched.spec.volumeClaimTemplates == [_claim({"example.com/owner": "bob"}, {"storageClassName": "fast"})]
	mutation.report == set() with input as patched
}

test_created_set_is_changed if {
	{finding.patch | some finding in mutation.report} == {[_drop_alpha]}
		with input as {"request": {"operation": "CREATE", "object": _sts([_claim({_alpha: "fast"}, {})])}}
}

test_second_apply_is_corrected_like_the_first if {
	before := _sts([_claim(null, {"storageClassName": "fast"})])
	after := _sts([_claim({_alpha: "slow", _beta: "fast"}, {"storageClassName": "fast"})])
	{finding.patch | some finding in mutation.report} == {[_drop_alpha], [_drop_beta]}
		with input as {"request": {"operation": "UPDATE", "oldObject": before, "object": after}}
}

test_updated_set_cannot_be_changed if {
	before := _sts([_claim({_alpha: "fast"}, {})])
	after := object.union(before, {"spec": {"replicas": 5}})
	mutation.report == set() with input as {"request": {"operation": "UPDATE", "oldObject": before, "object": after}}
}

test_other_kinds_are_not_changed if {
	mutation.report == set() with input as object.union(_sts([_claim({_alpha: "fast"}, {})]), {"kind": "Deployment"})
}

test_null_class_is_no_class if {
	claim := _claim({"volume.beta.kubernetes.io/storage-class": "fast"}, {"storageClassName": null})
	some finding in mutation.report with input as _sts([claim])
	{"op": "add", "path": "/spec/volumeClaimTemplates/0/spec/storageClassName", "value": "fast"} in finding.patch
}

_message(annotation, what) := sprintf(
	"[claim-class-annotation] spec.volumeClaimTemplates[0].metadata.annotations[%q]: %s. %s",
	[annotation, what, "Fix: set spec.storageClassName."],
)

_claim(annotations, spec) := {"metadata": {"name": "www", "annotations": annotations}, "spec": spec}

_sts(templates) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web"},
	"spec": {"volumeClaimTemplates": templates},
}
