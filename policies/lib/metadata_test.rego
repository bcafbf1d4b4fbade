package stateward.lib.metadata_test

import data.stateward.lib.metadata

test_label_protects_by_its_value[case] if {
	some case in [
		{"label": "stateward.dev/quorum", "value": "true"},
		{"label": "stateward.dev/quorum", "value": true},
		{"label": "stateward.dev/canary", "value": "required"},
	]
	metadata.protects({"metadata": {"labels": {case.label: case.value}}}, case.label)
}

test_other_values_and_labels_protect_nothing[case] if {
	some case in [
		{"label": "stateward.dev/quorum", "value": "false"},
		{"label": "stateward.dev/quorum", "value": "True"},
		{"label": "stateward.dev/canary", "value": "auto"},
		{"label": "stateward.dev/canary", "value": ""},
		{"label": "stateward.dev/other", "value": "true"},
	]
	not metadata.protects({"metadata": {"labels": {case.label: case.value}}}, case.label)
}

test_nothing_protects_where_there_are_no_labels[marked] if {
	some marked in [null, {}, {"metadata": {}}, {"metadata": {"labels": null}}]
	not metadata.protects(marked, "stateward.dev/quorum")
}

test_annotation_that_is_not_there_is_empty[marked] if {
	some marked in [null, {}, {"metadata": {}}, {"metadata": {"annotations": {"a": "b"}}}]
	metadata.annotation(marked, "stateward.dev/confirm") == ""
}

test_confirmation_is_what_somebody_says if {
	said := {
		"stateward.dev/confirm": "delete",
		"stateward.dev/confirm-until": "2026-11-23T12:10:00Z",
		"stateward.dev/confirm-reason": "it moves",
		"stateward.dev/confirm-rules": "",
	}
	others := {"stateward.dev/confirmed-by": "alice", "example.com/owner": "bob"}
	metadata.confirmation({"metadata": {"annotations": object.union(said, others)}}) == said
	metadata.confirmation(null) == {key: "" | some key, _ in said}
}

test_canary_by_itself_is_asked_for_by_one_value if {
	metadata.begins_with_canary({"metadata": {"labels": {"stateward.dev/canary": "auto"}}})
	not metadata.begins_with_canary({"metadata": {"labels": {"stateward.dev/canary": "required"}}})
	not metadata.begins_with_canary({"metadata": {"labels": null}})
}
