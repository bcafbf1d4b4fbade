package stateward.lib.result_test

import data.stateward.lib.result

_now := "2026-11-23T12:00:00Z"

_confirmed := {
	"stateward.dev/confirm": "update",
	"stateward.dev/confirm-until": "2026-11-23T12:10:00Z",
	"stateward.dev/confirmed-by": "alice",
}

test_violation_says_everything if {
	chain := _chain({"severity": "deny", "profile": {"strict": "deny"}, "fix": "mend it"})
	result.violation(chain, _update(1, 2), _found({})) == {
		"rule": "a-rule",
		"severity": "deny",
		"profile": {"strict": "deny"},
		"path": ["spec", "replicas"],
		"field": "spec.replicas",
		"what": "2 is wrong",
		"fix": "mend it.",
		"confirmed": false,
		"existing": false,
		"object": {"kind": "StatefulSet", "namespace": "default", "name": "web"},
		"msg": "[a-rule] spec.replicas: 2 is wrong. Fix: mend it.",
	}
}

test_former_names_are_told if {
	finding := result.violation(_chain({"aliases": ["old-rule"]}), _update(1, 2), _found({}))
	finding.rule == "a-rule"
	finding.aliases == ["old-rule"]
}

test_advice_is_marked_and_never_existing if {
	finding := result.advice(_chain({"severity": "deny"}), _update(2, 2), _found({}))
	finding.advice == true
	not finding.existing
	finding.msg == "[a-rule] spec.replicas: 2 is wrong. Fix: mend it."
}

test_what_is_outside_of_the_selection_says_so if {
	finding := result.violation(_chain({}), _update(1, 2), _found({})) with data.kind as "Guardrails"
		with data.spec as {"match": {"names": ["db"]}}
	finding.outside == true
}

test_exception_is_named if {
	excepted := {"reason": "r", "owner": "o", "expires": "2027-01-01T00:00:00Z"}
	each := object.union(excepted, {"rules": ["a-rule"], "match": {"names": ["web"]}})
	finding := result.violation(_chain({}), _update(1, 2), _found({})) with data.kind as "Guardrails"
		with data.spec as {"exceptions": [each]}
	finding.exception == object.union(excepted, {"dated": true})
}

test_mutation_carries_its_patch if {
	patch := [{"op": "add", "path": "/spec/replicas", "value": 3}]
	finding := result.mutation(_chain({}), _update(1, 2), _found({"patch": patch}))
	finding.patch == patch
	finding.silent == false
	result.mutation(_chain({}), _update(1, 2), _found({"patch": patch, "silent": true})).silent == true
	finding.severity == "warn"
	finding.profile == {}
	finding.msg == "[a-rule] spec.replicas: 2 is wrong. Fix: mend it."
}

test_fix_of_the_finding_comes_before_the_general_one if {
	finding := result.violation(_chain({}), _update(1, 2), _found({"fix": "lower it"}))
	finding.fix == "lower it."
	finding.msg == "[a-rule] spec.replicas: 2 is wrong. Fix: lower it."
}

test_message_about_the_whole_object_names_no_field if {
	finding := result.violation(_chain({}), _update(1, 2), _found({"path": []}))
	finding.field == ""
	finding.msg == "[a-rule] 2 is wrong. Fix: mend it."
}

test_severity_of_the_finding_comes_before_the_general_ones if {
	chain := _chain({"severity": "warn", "profile": {"strict": "audit"}})
	finding := result.violation(chain, _update(1, 2), _found({"severity": "deny"}))
	finding.severity == "deny"
	finding.profile == {}
}

test_rule_that_can_be_confirmed_says_how if {
	finding := result.violation(_chain({"confirm": true}), _update(1, 2), _found({}))
	finding.msg == concat(" ", [
		"[a-rule] spec.replicas: 2 is wrong. Fix: mend it, or confirm it: kubectl annotate statefulset web -n default",
		"--overwrite --field-manager=stateward-confirm stateward.dev/confirm=update",
		"stateward.dev/confirm-rules=a-rule stateward.dev/confirm-for=10m",
	])
	finding.confirmed == false
}

test_confirmed_finding_is_marked if {
	entry := object.union(_update(1, 2), {"old": {"metadata": {"annotations": _confirmed}}})
	finding := result.violation(_chain({"confirm": true}), entry, _found({}))
	finding.confirmed == true
	finding.confirmation == {"by": "alice", "until": "2026-11-23T12:10:00Z", "reason": "", "unnamed": true}
	lossy := result.violation(_chain({"confirm": true, "dataLoss": true}), entry, _found({}))
	lossy.confirmed == false
	contains(lossy.fix, "confirm it too (the confirmation names no rules, and this rule is about loss of data): kubectl")
}

test_finding_that_a_confirmation_object_covers_is_marked if {
	user := {"username": "bob"}
	entry := object.union(_update(1, 2), {"group": "apps", "user": user, "old": {"metadata": {"namespace": "default"}}})
	chain := _chain({"confirm": true, "severity": "deny"})
	stored := {"default": {"c": {"metadata": {"name": "c", "namespace": "default"}, "spec": {
		"operations": ["update"],
		"objects": [{"group": "apps", "kind": "StatefulSet", "name": "web"}],
		"until": "2026-11-23T12:10:00Z",
		"confirmedBy": "alice",
	}}}}
	finding := result.violation(chain, entry, _found({})) with data.cluster.confirmations as stored
	finding.confirmed == true
	finding.confirmation == {
		"namespace": "default",
		"name": "c",
		"by": "alice",
		"until": "2026-11-23T12:10:00Z",
		"reason": "",
	}

	# What would not be denied needs none.
	existing := result.violation(chain, entry, _found({"touched": false})) with data.cluster.confirmations as stored
	existing.confirmed == false
}

test_finding_may_be_beyond_confirmation if {
	entry := object.union(_update(1, 2), {"old": {"metadata": {"annotations": _confirmed}}})
	finding := result.violation(_chain({"confirm": true}), entry, _found({"confirm": false}))
	finding.confirmed == false
	not finding.confirmation
	finding.fix == "mend it."
}

test_rule_that_cannot_be_confirmed_is_not[confirm] if {
	some confirm in [{}, {"confirm": false}]
	finding := result.violation(
		_chain(confirm),
		object.union(_update(1, 2), {"old": {"metadata": {"annotations": _confirmed}}}),
		_found({}),
	)
	finding.confirmed == false
	finding.fix == "mend it."
}

test_update_that_leaves_the_field_alone_is_grandfathered if {
	result.violation(_chain({}), _update(2, 2), _found({})).existing == true
}

test_update_that_changes_the_field_is_not_grandfathered if {
	result.violation(_chain({}), _update(1, 2), _found({})).existing == false
}

test_update_that_adds_or_removes_the_field_is_not_grandfathered if {
	added := object.union(_update(2, 2), {"old": {"spec": {"replicas": null}}})
	result.violation(_chain({}), added, _found({})).existing == false
	removed := object.union(_update(2, 2), {"object": {"spec": {"replicas": null}}})
	result.violation(_chain({}), removed, _found({})).existing == false
}

test_fields_are_what_makes_it_wrong[case] if {
	some case, expected in {
		"none of them changes": {"fields": [["spec", "serviceName"], ["spec", "selector"]], "existing": true},
		"one of them changes": {"fields": [["spec", "serviceName"], ["spec", "replicas"]], "existing": false},
		"there are none": {"fields": [], "existing": true},
	}
	finding := result.violation(_chain({}), _update(1, 2), _found({"fields": expected.fields}))
	finding.existing == expected.existing
}

test_touched_comes_before_the_fields if {
	result.violation(_chain({}), _update(2, 2), _found({"touched": true})).existing == false
	result.violation(_chain({}), _update(1, 2), _found({"touched": false})).existing == true
}

test_only_an_update_is_grandfathered[operation] if {
	some operation in ["CREATE", "DELETE", "MANIFEST"]
	entry := object.union(_update(2, 2), {"operation": operation})
	result.violation(_chain({}), entry, _found({})).existing == false
}

test_update_without_an_old_object_is_not_grandfathered if {
	entry := object.union(_update(2, 2), {"old": null})
	result.violation(_chain({}), entry, _found({"touched": false})).existing == false
}

test_field_is_written_as_people_write_it[written] if {
	some written, path in {
		"": [],
		"spec": ["spec"],
		"spec.replicas": ["spec", "replicas"],
		"spec.template.spec.containers[0].image": ["spec", "template", "spec", "containers", 0, "image"],
		"items[0][12]": ["items", 0, 12],
		`metadata.annotations["volume.beta.kubernetes.io/storage-class"]`: [
			"metadata",
			"annotations",
			"volume.beta.kubernetes.io/storage-class",
		],
		`spec["a \"b\""]`: ["spec", `a "b"`],
		`spec["1st"]`: ["spec", "1st"],
		`spec[""]`: ["spec", ""],
	}
	result.field(path) == written
}

_chain(custom) := [
	{"path": ["stateward", "rules", "some", "a-rule", "report"]},
	{
		"path": ["stateward", "rules", "some", "a-rule"],
		"annotations": {"scope": "package", "custom": object.union({"fix": "mend it"}, custom)},
	},
]

_found(fields) := object.union({"path": ["spec", "replicas"], "what": "2 is wrong"}, fields)

_update(from, to) := {
	"group": "apps",
	"operation": "UPDATE",
	"kind": "StatefulSet",
	"namespace": "default",
	"name": "web",
	"object": {"metadata": {"name": "web"}, "spec": {"replicas": to}},
	"old": {"metadata": {"name": "web"}, "spec": {"replicas": from}},
	"time": _now,
}
