package stateward.mutations["default-selector_test"]

import data.stateward.mutations["default-selector"] as mutation

_message := concat(" ", [
	`[default-selector] spec.selector: is absent; Stateward sets {"matchLabels":{"app":"web"}}.`,
	"Fix: add the selector to the manifest.",
])

_patch := [{"op": "add", "path": "/spec/selector", "value": {"matchLabels": {"app": "web"}}}]

test_absent_selector_becomes_the_labels_of_the_template if {
	{[finding.msg, finding.patch] | some finding in mutation.report} == {[_message, _patch]} with input as _sts({})
}

test_null_selector_is_absent if {
	{finding.patch | some finding in mutation.report} == {_patch} with input as _sts({"selector": null})
}

test_created_set_gets_the_labels_of_the_template if {
	{finding.patch | some finding in mutation.report} == {_patch}
		with input as {"request": {"operation": "CREATE", "object": _sts({})}}
}

test_updated_set_keeps_the_selector_it_has if {
	selector := {"matchLabels": {"app": "old"}}
	{[finding.what, finding.patch] | some finding in mutation.report} == {[
		`is absent; Stateward sets {"matchLabels":{"app":"old"}}`,
		[{"op": "add", "path": "/spec/selector", "value": selector}],
	]}
		with input as {"request": {
			"operation": "UPDATE",
			"oldObject": _sts({"selector": selector}),
			"object": _sts({}),
		}}
}

test_selector_is_left_alone[selector] if {
	some selector in [{}, {"matchLabels": {}}, {"matchLabels": {"app": "other"}}, {"matchExpressions": []}]
	mutation.report == set() with input as _sts({"selector": selector})
}

test_mutation_is_idempotent if {
	some finding in mutation.report with input as _sts({})
	patched := json.patch(_sts({}), finding.patch)
	patched.spec.selector == {"matchLabels": {"app": "web"}}
	mutation.report == set() with input as patched
}

test_nothing_can_be_meant_without_labels[template] if {
	some template in [null, {}, {"metadata": null}, {"metadata": {}}, {"metadata": {"labels": null}}]
	mutation.report == set() with input as _bare({"template": template})
}

test_nothing_can_be_meant_with_empty_labels if {
	mutation.report == set() with input as _bare({"template": {"metadata": {"labels": {}}}})
}

test_deletion_is_not_changed if {
	mutation.report == set() with input as {"request": {"operation": "DELETE", "oldObject": _sts({})}}
}

test_other_kinds_are_not_changed if {
	mutation.report == set() with input as object.union(_sts({}), {"kind": "Deployment"})
}

_sts(spec) := _bare(object.union({"template": {"metadata": {"labels": {"app": "web"}}}}, spec))

_bare(spec) := {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"}, "spec": spec}
