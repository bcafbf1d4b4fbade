package stateward.rules.identity["name-length_test"]

import data.stateward.rules.identity["name-length"] as rule

test_name_of_52_characters_is_fine if {
	rule.report == set() with input as _sts(_name(52), {"replicas": 3})
}

test_name_of_53_characters_is_denied if {
	messages := {finding.msg | some finding in rule.report} with input as _sts(_name(53), {"replicas": 3})
	messages == {sprintf(
		"[name-length] metadata.name: %q has 53 characters, more than 52: no pod would ever be created. %s",
		[_name(53), "Fix: choose a shorter name."],
	)}
}

test_characters_are_counted_with_the_generated_suffix if {
	generated := _generated(48)
	{finding.path | some finding in rule.report} == {["metadata", "name"]} with input as generated
	fitting := _generated(47)
	rule.report == set() with input as fitting
}

test_name_is_no_news_on_update if {
	before := _sts(_name(53), {"replicas": 3})
	after := _sts(_name(53), {"replicas": 4})
	{[finding.path, finding.existing] | some finding in rule.report} == {[["metadata", "name"], true]}
		with input as {"request": {"operation": "UPDATE", "oldObject": before, "object": after}}
}

test_long_name_is_denied_on_create if {
	{finding.existing | some finding in rule.report} == {false}
		with input as {"request": {"operation": "CREATE", "object": _sts(_name(53), {"replicas": 3})}}
}

test_pod_name_of_63_characters_is_fine if {
	{finding.path | some finding in rule.report} == {["metadata", "name"]}
		with input as _sts(_name(61), {"replicas": 10})
}

test_pod_name_of_64_characters_is_denied if {
	{finding.msg | some finding in _pods} == {_pod_message(61, 10)} with input as _sts(_name(61), {"replicas": 11})
}

test_first_ordinal_counts if {
	specification := {"replicas": 1, "ordinals": {"start": 10}}
	{finding.msg | some finding in _pods} == {_pod_message(61, 10)} with input as _sts(_name(61), specification)
	{finding.msg | some finding in _pods} == set() with input as _sts(_name(61), {"replicas": 1, "ordinals": {"start": 9}})
}

test_absent_replicas_are_one if {
	{finding.msg | some finding in _pods} == {_pod_message(62, 0)} with input as _sts(_name(62), {})
	{finding.msg | some finding in _pods} == set() with input as _sts(_name(61), {})
}

test_set_without_replicas_is_judged_by_its_first_pod if {
	{finding.msg | some finding in _pods} == {_pod_message(62, 0)} with input as _sts(_name(62), {"replicas": 0})
}

test_ten_digits_fit_a_short_name_and_eleven_do_not if {
	rule.report == set() with input as _sts(_name(52), {"replicas": 1, "ordinals": {"start": 9999999999}})
	{finding.msg | some finding in rule.report} == {_pod_message(52, 10000000000)}
		with input as _sts(_name(52), {"replicas": 1, "ordinals": {"start": 10000000000}})
}

test_pod_name_is_grandfathered_until_replicas_or_ordinals_change[change] if {
	some change, case in {
		"something else": {"spec": {"replicas": 11, "minReadySeconds": 5}, "existing": true},
		"replicas": {"spec": {"replicas": 12}, "existing": false},
		"ordinals": {"spec": {"replicas": 11, "ordinals": {"start": 1}}, "existing": false},
	}
	{finding.existing | some finding in _pods} == {case.existing} with input as {"request": {
		"operation": "UPDATE",
		"oldObject": _sts(_name(61), {"replicas": 11}),
		"object": _sts(_name(61), case.spec),
	}}
}

test_scale_beyond_the_limit_is_denied if {
	messages := {finding.msg | some finding in rule.report} with input as _scale(61, {"replicas": 11})
		with data.cluster.statefulsets as _stored(61, {"replicas": 10})
	messages == {sprintf(
		"[name-length] spec.replicas: the last pod \"%s-10\" would have a name of 64 characters, more than 63. %s",
		[_name(61), "Fix: keep fewer replicas, or recreate the StatefulSet under a shorter name."],
	)}
}

test_scale_up_to_the_limit_is_fine if {
	rule.report == set() with input as _scale(61, {"replicas": 10})
		with data.cluster.statefulsets as _stored(61, {"replicas": 9})
}

test_scale_counts_from_the_first_ordinal_of_the_set if {
	count(rule.report) == 1 with input as _scale(61, {"replicas": 2})
		with data.cluster.statefulsets as _stored(61, {"replicas": 1, "ordinals": {"start": 9}})
}

test_scale_without_replicas_has_no_further_pod if {
	rule.report == set() with input as _scale(61, {})
		with data.cluster.statefulsets as _stored(61, {"replicas": 10})
}

test_scale_of_an_unknown_set_is_not_judged if {
	rule.report == set() with input as _scale(61, {"replicas": 11})
}

test_claim_name_of_253_characters_is_fine if {
	{finding.msg | some finding in _claims} == set() with input as _sts("web", _with_claim(247))
}

test_claim_name_of_254_characters_is_denied if {
	messages := {finding.msg | some finding in _claims} with input as _sts("web", _with_claim(248))
	messages == {concat(" ", [
		"[name-length] spec.volumeClaimTemplates[1].metadata.name:",
		"a claim's name would have 254 characters, more than 253. Fix: choose a shorter name.",
	])}
}

test_claim_name_is_grandfathered_until_replicas_change if {
	before := _sts("web", _with_claim(248))
	other := _sts("web", object.union(_with_claim(248), {"minReadySeconds": 5}))
	{finding.existing | some finding in _claims} == {true}
		with input as {"request": {"operation": "UPDATE", "oldObject": before, "object": other}}
	scaled := _sts("web", object.union(_with_claim(248), {"replicas": 11}))
	{finding.existing | some finding in _claims} == {false}
		with input as {"request": {"operation": "UPDATE", "oldObject": before, "object": scaled}}
}

test_other_kinds_may_be_called_anything if {
	rule.report == set() with input as object.union(_sts(_name(60), {"replicas": 99}), {"kind": "Deployment"})
}

test_deletion_is_not_judged if {
	rule.report == set() with input as {"request": {"operation": "DELETE", "oldObject": _sts(_name(60), {})}}
}

_pods := [finding | some finding in rule.report; finding.field == "spec.replicas"]

_claims := [finding | some finding in rule.report; startswith(finding.field, "spec.volumeClaimTemplates")]

_pod_message(length, ordinal) := sprintf(
	"[name-length] spec.replicas: the last pod %q would have a name of 64 characters, more than 63. %s",
	[sprintf("%s-%d", [_name(length), ordinal]), "Fix: choose a shorter name."],
)

_name(length) := concat("", [letter | some _ in numbers.range(1, length); letter := "a"])

_sts(name, spec) := {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": name}, "spec": spec}

_with_claim(length) := {"replicas": 10, "volumeClaimTemplates": [
	{"metadata": {"name": "www"}},
	{"metadata": {"name": _name(length)}},
]}

_scale(length, spec) := {"request": {
	"operation": "UPDATE",
	"kind": {"group": "autoscaling", "kind": "Scale"},
	"resource": {"group": "apps", "resource": "statefulsets"},
	"subResource": "scale",
	"oldObject": {"kind": "Scale", "metadata": {"name": _name(length)}, "spec": {"replicas": 1}},
	"object": {"kind": "Scale", "metadata": {"name": _name(length)}, "spec": spec},
}}

_stored(length, spec) := {"default": {_name(length): _sts(_name(length), spec)}}

_generated(length) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"generateName": _name(length)},
	"spec": {},
}
