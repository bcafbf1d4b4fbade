package stateward.rules.storage["claim-template_test"]

import data.stateward.rules.storage["claim-template"] as rule

_fix := "Fix: correct the template before the StatefulSet is created: it cannot be changed later."

test_usual_template_is_fine if {
	rule.report == set() with input as _sts([_template({})])
}

test_set_without_templates_is_fine[spec] if {
	some spec in [null, {}, {"volumeClaimTemplates": null}, {"volumeClaimTemplates": []}]
	rule.report == set() with input as {
		"apiVersion": "apps/v1",
		"kind": "StatefulSet",
		"metadata": {"name": "web"},
		"spec": spec,
	}
}

test_valid_name_is_fine[name] if {
	some name in ["a", "0", "www", "data-0", "0-data", _repeat("a", 63)]
	rule.report == set() with input as _sts([_named(name)])
}

test_bad_name_is_denied[name] if {
	some name in [
		"",
		"Www_Data",
		"WWW",
		"-data",
		"data-",
		"my.data",
		"my data",
		"data\n",
		_repeat("a", 64),
	]
	{finding.msg | some finding in rule.report} == {_message(
		"metadata.name",
		sprintf("%q is not a valid volume name (lower case letters, digits and '-', at most 63)", [name]),
	)} with input as _sts([_named(name)])
}

test_absent_name_is_denied if {
	{finding.field | some finding in rule.report} == {"spec.volumeClaimTemplates[0].metadata.name"}
		with input as _sts([object.remove(_template({}), ["metadata"])])
}

test_duplicate_name_is_denied if {
	{finding.msg | some finding in rule.report} == {concat(" ", [
		`[claim-template] spec.volumeClaimTemplates[1].metadata.name: "www" is already the name of volumeClaimTemplates[0].`,
		_fix,
	])} with input as _sts([_named("www"), _named("www")])
}

test_every_duplicate_points_at_the_first if {
	{[finding.field, finding.what] | some finding in rule.report} == {
		["spec.volumeClaimTemplates[2].metadata.name", `"www" is already the name of volumeClaimTemplates[1]`],
		["spec.volumeClaimTemplates[3].metadata.name", `"www" is already the name of volumeClaimTemplates[1]`],
	} with input as _sts([_named("logs"), _named("www"), _named("www"), _named("www")])
}

test_known_access_modes_are_fine[modes] if {
	some modes in [
		["ReadWriteOnce"],
		["ReadOnlyMany"],
		["ReadWriteMany"],
		["ReadWriteOncePod"],
		["ReadWriteOnce", "ReadOnlyMany"],
	]
	rule.report == set() with input as _sts([_template({"accessModes": modes})])
}

test_missing_access_mode_is_denied[modes] if {
	some modes in [[], null]
	{finding.msg | some finding in rule.report} == {_message("spec.accessModes", "there is none")}
		with input as _sts([_template({"accessModes": modes})])
}

test_absent_access_modes_are_denied if {
	template := {"metadata": {"name": "www"}, "spec": {"resources": {"requests": {"storage": "1Gi"}}}}
	{finding.msg | some finding in rule.report} == {_message("spec.accessModes", "there is none")}
		with input as _sts([template])
}

test_unknown_access_mode_is_denied[modes] if {
	some modes in [["ReadWriteMost"], ["ReadWriteOnce", "ReadWriteMost"], ["ReadWriteMost", "ReadWriteOncePod"]]
	{finding.msg | some finding in rule.report} == {_message("spec.accessModes", concat(" ", [
		`access mode "ReadWriteMost" does not exist, use`,
		"ReadOnlyMany, ReadWriteMany, ReadWriteOnce, ReadWriteOncePod",
	]))} with input as _sts([_template({"accessModes": modes})])
}

test_abbreviated_or_lower_case_access_mode_is_denied[mode] if {
	some mode in ["RWO", "readwriteonce", "", " ReadWriteOnce"]
	{finding.field | some finding in rule.report} == {"spec.volumeClaimTemplates[0].spec.accessModes"}
		with input as _sts([_template({"accessModes": [mode]})])
}

test_read_write_once_pod_goes_with_no_other_mode[modes] if {
	some modes in [["ReadWriteOncePod", "ReadWriteOnce"], ["ReadOnlyMany", "ReadWriteOncePod"]]
	{finding.msg | some finding in rule.report} == {_message(
		"spec.accessModes",
		"ReadWriteOncePod cannot be combined with other modes",
	)} with input as _sts([_template({"accessModes": modes})])
}

test_quantity_is_fine[request] if {
	some request in [
		"1Gi",
		"10G",
		"500Mi",
		"0.5Ti",
		".5Gi",
		"5.Gi",
		"1e9",
		"1E9",
		"1e-3",
		"+1Gi",
		"1073741824",
		"100m",
		"1E",
		"1Ei",
		"007",
		10,
		1073741824,
		0.5,
	]
	rule.report == set() with input as _sts([_requesting(request)])
}

test_what_is_no_quantity_is_denied[request] if {
	some request in ["10GB", "10 Gi", "10gi", "1KI", "1K", "ten", "Gi", "1Gi ", "1e", "1.2.3", "1,5Gi", "--1", "."]
	{finding.msg | some finding in rule.report} == {_message(
		"spec.resources.requests.storage",
		sprintf("%q is not a quantity such as 10Gi", [request]),
	)} with input as _sts([_requesting(request)])
}

test_quantity_of_a_wrong_type_is_denied[request] if {
	some request in [true, ["1Gi"], {"size": "1Gi"}, [], {}]
	{finding.field | some finding in rule.report} == {"spec.volumeClaimTemplates[0].spec.resources.requests.storage"}
		with input as _sts([_requesting(request)])
}

test_request_of_nothing_or_less_is_denied[request] if {
	some request in ["0", "0Gi", "0.0", "00", "0e5", ".0", "+0", "-1Gi", "-0", "-0.5Gi"]
	{finding.msg | some finding in rule.report} == {_message(
		"spec.resources.requests.storage",
		sprintf("%q must be greater than zero", [request]),
	)} with input as _sts([_requesting(request)])
}

test_number_of_nothing_or_less_is_denied[request] if {
	some request in [0, -1]
	{finding.msg | some finding in rule.report} == {_message(
		"spec.resources.requests.storage",
		sprintf("\"%d\" must be greater than zero", [request]),
	)} with input as _sts([_requesting(request)])
}

test_missing_request_is_denied[resources] if {
	some resources in [
		null,
		{},
		{"requests": null},
		{"requests": {}},
		{"requests": {"cpu": 1}},
		{"limits": {"storage": "1Gi"}},
	]
	{finding.msg | some finding in rule.report} == {_message("spec.resources.requests.storage", "there is none")}
		with input as _sts([_template({"resources": resources})])
}

test_empty_request_is_denied[request] if {
	some request in ["", null]
	{finding.msg | some finding in rule.report} == {_message("spec.resources.requests.storage", "there is none")}
		with input as _sts([_requesting(request)])
}

test_known_volume_mode_is_fine[mode] if {
	some mode in ["Filesystem", "Block", "", null]
	rule.report == set() with input as _sts([_template({"volumeMode": mode})])
}

test_unknown_volume_mode_is_denied[mode] if {
	some mode in ["File", "block", "FileSystem"]
	{finding.msg | some finding in rule.report} == {_message(
		"spec.volumeMode",
		sprintf("volume mode %q does not exist, use Block, Filesystem", [mode]),
	)} with input as _sts([_template({"volumeMode": mode})])
}

test_empty_template_has_every_fault if {
	{finding.msg | some finding in rule.report} == {
		_message("metadata.name", `"" is not a valid volume name (lower case letters, digits and '-', at most 63)`),
		_message("spec.accessModes", "there is none"),
		_message("spec.resources.requests.storage", "there is none"),
	} with input as _sts([{}])
}

test_finding_is_a_denial_with_the_index if {
	some finding in rule.report with input as _sts([_named("logs"), _named("www_data")])
	finding.path == ["spec", "volumeClaimTemplates", 1, "metadata", "name"]
	finding.severity == "deny"
	finding.existing == false
}

test_create_is_judged if {
	{finding.existing | some finding in rule.report} == {false}
		with input as {"request": {"operation": "CREATE", "object": _sts([_named("www_data")])}}
}

test_update_is_let_through_with_an_old_fault if {
	before := _sts([_named("www_data")])
	after := object.union(before, {"spec": {"replicas": 5}})
	{finding.existing | some finding in rule.report} == {true}
		with input as {"request": {"operation": "UPDATE", "oldObject": before, "object": after}}
}

test_update_that_brings_a_fault_is_denied if {
	{finding.existing | some finding in rule.report} == {false} with input as {"request": {
		"operation": "UPDATE",
		"oldObject": _sts([_named("www")]),
		"object": _sts([_named("www_data")]),
	}}
}

test_deletion_is_not_judged if {
	rule.report == set() with input as {"request": {"operation": "DELETE", "oldObject": _sts([{}])}}
}

test_other_kinds_have_no_templates if {
	rule.report == set() with input as object.union(_sts([{}]), {"kind": "Deployment"})
}

test_modes_of_a_wrong_type_are_denied[modes] if {
	some modes in ["ReadWriteOnce", 5, {"mode": "ReadWriteOnce"}]
	{finding.what | some finding in rule.report} == {"must be a list of access modes"}
		with input as _sts([_template({"accessModes": modes})])
}

test_first_of_several_unknown_modes_is_named if {
	{finding.what | some finding in rule.report} == {concat(", ", [
		`access mode "Some" does not exist, use ReadOnlyMany`,
		"ReadWriteMany",
		"ReadWriteOnce",
		"ReadWriteOncePod",
	])} with input as _sts([_template({"accessModes": ["Some", "Other"]})])
}

test_templates_that_are_no_claims_are_denied[templates] if {
	some templates in ["www", 5, {"www": {}}, [null], ["www"]]
	"[claim-template] spec.volumeClaimTemplates: must be a list of claims. " in {trim_suffix(finding.msg, _fix) |
		some finding in rule.report
	} with input as _sts(templates)
}

_message(field, what) := sprintf("[claim-template] spec.volumeClaimTemplates[0].%s: %s. %s", [field, what, _fix])

_repeat(letter, times) := concat("", [letter | some _ in numbers.range(1, times)])

_sts(templates) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web"},
	"spec": {"volumeClaimTemplates": templates},
}

# A usual claim, but for the fields given.
_template(spec) := {
	"metadata": {"name": "www"},
	"spec": {
		"accessModes": object.get(spec, "accessModes", ["ReadWriteOnce"]),
		"resources": object.get(spec, "resources", {"requests": {"storage": "1Gi"}}),
		"volumeMode": object.get(spec, "volumeMode", null),
	},
}

_named(name) := object.union(_template({}), {"metadata": {"name": name}})

_requesting(storage) := _template({"resources": {"requests": {"storage": storage}}})
