package stateward.rules.storage["claim-annotation_test"]

import data.stateward.rules.storage["claim-annotation"] as rule

_alpha := "volume.alpha.kubernetes.io/storage-class"

_beta := "volume.beta.kubernetes.io/storage-class"

test_alpha_annotation_is_ignored_by_kubernetes[asked] if {
	some asked, spec in {"the default class": {}, `class "slow"`: {"storageClassName": "slow"}}
	messages := {finding.msg | some finding in rule.report} with input as _sts({_alpha: "fast"}, spec)
	messages == {_message(_alpha, sprintf(`"fast" is ignored: the claim requests %s`, [asked]))}
}

test_beta_annotation_is_deprecated[spec] if {
	some spec in [{}, {"storageClassName": "slow"}, {"storageClassName": "fast"}]
	messages := {finding.msg | some finding in rule.report} with input as _sts({_beta: "fast"}, spec)
	messages == {_message(_beta, `is deprecated, and "fast" overrides spec.storageClassName`)}
}

test_finding_is_a_warning if {
	some finding in rule.report with input as _sts({_alpha: "fast"}, {})
	finding.severity == "warn"
	not finding.advice
}

test_both_are_said if {
	{finding.what | some finding in rule.report} == {
		`"old" is ignored: the claim requests class "fast"`,
		`is deprecated, and "fast" overrides spec.storageClassName`,
	} with input as _sts({_alpha: "old", _beta: "fast"}, {})
}

test_creation_is_judged_and_update_is_not if {
	sts := _sts({_beta: "fast"}, {})
	count(rule.report) == 1 with input as {"request": {"operation": "CREATE", "object": sts}}
	rule.report == set() with input as {"request": {
		"operation": "UPDATE",
		"oldObject": sts,
		"object": object.union(sts, {"spec": {"replicas": 5}}),
	}}
}

test_other_annotations_are_fine[annotations] if {
	some annotations in [null, {}, {"example.com/storage-class": "fast"}]
	rule.report == set() with input as _sts(annotations, {"storageClassName": "fast"})
}

_message(annotation, what) := sprintf(
	"[claim-annotation] spec.volumeClaimTemplates[0].metadata.annotations[%q]: %s. %s",
	[annotation, what, "Fix: set spec.storageClassName in the template and remove the annotation."],
)

_sts(annotations, spec) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web"},
	"spec": {"volumeClaimTemplates": [{"metadata": {"name": "www", "annotations": annotations}, "spec": spec}]},
}
