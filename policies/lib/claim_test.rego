package stateward.lib.claim_test

import data.stateward.lib.claim

test_templates_of_a_set_to_be_made_are_new[door] if {
	some door, document in {
		"manifest": _sts,
		"create": {"request": {"operation": "CREATE", "object": _sts}},
	}
	paths := {[template.path, template.claim.metadata.name] | some template in claim.new_templates with input as document}
	paths == {[["spec", "volumeClaimTemplates", 0], "www"], [["spec", "volumeClaimTemplates", 1], "log"]}
}

test_templates_of_a_set_that_is_there_are_not_new if {
	claim.new_templates == [] with input as {"request": {
		"operation": "UPDATE",
		"oldObject": _sts,
		"object": object.union(_sts, {"spec": {"replicas": 5}}),
	}}
}

test_class_is_the_annotations_before_the_fields if {
	annotated := {"metadata": {"annotations": {claim.beta_annotation: "old"}}, "spec": {"storageClassName": "new"}}
	claim.class(annotated) == "old"
	claim.class_path(annotated) == ["metadata", "annotations", claim.beta_annotation]
	claim.class({"spec": {"storageClassName": "new"}}) == "new"
	claim.class({"spec": {"storageClassName": ""}}) == ""
	claim.class_path({"spec": {"storageClassName": ""}}) == ["spec", "storageClassName"]
}

test_claim_without_class_means_the_default[text] if {
	some text, given in {
		"nothing": {},
		"null": {"spec": {"storageClassName": null}},
		"alpha": {"metadata": {"annotations": {claim.alpha_annotation: "old"}}},
	}
	not claim.class(given)
}

test_claims_of_pods_have_the_names_that_the_controller_gives if {
	set := object.union(_sts, {"metadata": {"name": "web"}, "spec": {"ordinals": {"start": 5}}})
	found := [[pod.name, [[made.name, made.template.metadata.name] | some made in pod.claims]] |
		some pod in claim.of_pods(set, 1, 3)
	]
	found == [
		["web-6", [["www-web-6", "www"], ["log-web-6", "log"]]],
		["web-7", [["www-web-7", "www"], ["log-web-7", "log"]]],
	]
}

test_pods_are_looked_at_up_to_a_limit[beyond] if {
	some beyond, pods in {0: 0, 1: 0, 2: 1, 33: 32, 5000: 32}
	count(claim.of_pods({"metadata": {"name": "web"}}, 1, beyond)) == pods
}

_sts := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web"},
	"spec": {"volumeClaimTemplates": [{"metadata": {"name": "www"}}, {"metadata": {"name": "log"}}]},
}

test_claim_is_corrected[text] if {
	some text, case in {
		"alpha": {"annotations": {claim.alpha_annotation: "old"}, "spec": {}, "wanted": {}},
		"beta": {"annotations": {claim.beta_annotation: "a"}, "spec": {}, "wanted": {"storageClassName": "a"}},
		"same": {
			"annotations": {claim.beta_annotation: "a"},
			"spec": {"storageClassName": "a"},
			"wanted": {"storageClassName": "a"},
		},
	}
	claim.corrected({"metadata": {"annotations": case.annotations}, "spec": case.spec}) == {
		"metadata": {"annotations": {}},
		"spec": case.wanted,
	}
}

test_annotation_beside_another_class_stays if {
	disputed := {"metadata": {"annotations": {claim.beta_annotation: "a"}}, "spec": {"storageClassName": "b"}}
	claim.corrected(disputed) == disputed
}

test_template_is_compared_as_it_was_stored if {
	annotated := {"metadata": {"annotations": {claim.beta_annotation: "a"}}, "spec": {}}
	claim.as_stored(annotated, annotated) == annotated
	corrected := {"metadata": {"annotations": {}}, "spec": {"storageClassName": "a"}}
	claim.as_stored(annotated, corrected) == corrected
}

test_ordinal_is_that_of_the_pod_of_a_claim[name] if {
	some name, ordinal in {"www-web-0": 0, "www-web-12": 12, "logs-web-3": 3}
	claim.ordinal(_two, name) == ordinal
}

test_name_of_another_claim_has_no_ordinal[name] if {
	some name in ["www-web-", "www-web-01", "www-web-a", "www-webs-0", "data-web-0", "www-web-0-0", "www-web-12345678901"]
	not claim.ordinal(_two, name)
}

test_ordinals_are_in_range_at_the_present_scale if {
	{ordinal | some ordinal in numbers.range(0, 9); claim.is_in_range(_two, ordinal)} == {2, 3, 4}
}

_two := {
	"metadata": {"name": "web"},
	"spec": {
		"replicas": 3,
		"ordinals": {"start": 2},
		"volumeClaimTemplates": [{"metadata": {"name": "www"}}, {"metadata": {"name": "logs"}}],
	},
}
