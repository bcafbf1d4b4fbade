package stateward.lib.config_test

import data.stateward.lib.config

test_severity_is_the_level_without_guardrails[severity] if {
	some severity in ["deny", "warn", "audit", "off"]
	config.level(_finding({"severity": severity})) == severity
}

test_action_overrides_the_severity[action] if {
	some action in ["deny", "warn", "audit", "off"]
	level := config.level(_finding({})) with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "other", "action": "audit"}, {"id": "a-rule", "action": action}]
	level == action
}

test_action_of_another_rule_changes_nothing if {
	level := config.level(_finding({})) with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "other", "action": "off"}]
	level == "deny"
}

test_rule_may_be_configured_without_an_action if {
	level := config.level(_finding({})) with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "a-rule", "params": {"most": 3}}]
	level == "deny"
}

test_rule_without_action_leaves_the_next_entry_of_the_same_rule if {
	level := config.level(_finding({})) with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "a-rule", "params": {}}, {"id": "a-rule", "action": "off"}]
	level == "off"
}

test_profile_strict_raises_the_level_where_the_rule_says_so if {
	finding := _finding({"severity": "warn", "profile": {"strict": "deny"}})
	config.level(finding) == "warn"
	strict := config.level(finding) with data.kind as "Guardrails" with data.spec.profile as "strict"
	strict == "deny"
}

test_profile_strict_leaves_a_rule_that_does_not_mention_it if {
	level := config.level(_finding({"severity": "warn"})) with data.kind as "Guardrails"
		with data.spec.profile as "strict"
	level == "warn"
}

test_what_is_outside_of_the_selection_is_off if config.level(_finding({"outside": true})) == "off"

test_exception_is_recorded_only[severity] if {
	some severity in ["deny", "warn", "audit"]
	config.level(_finding({"severity": severity, "exception": {"dated": true}})) == "audit"
}

test_exception_from_a_rule_that_is_off_changes_nothing if {
	config.level(_finding({"severity": "off", "exception": {"dated": true}})) == "off"
}

test_exception_that_may_have_expired_warns if {
	config.level(_finding({"exception": {"dated": false}})) == "warn"
}

test_profile_baseline_is_the_default if {
	finding := _finding({"severity": "warn", "profile": {"baseline": "audit"}})
	config.level(finding) == "audit"
	level := config.level(finding) with data.kind as "Guardrails" with data.spec.rules as []
	level == "audit"
}

test_action_comes_before_the_profile if {
	finding := _finding({"severity": "warn", "profile": {"strict": "deny"}})
	level := config.level(finding) with data.kind as "Guardrails"
		with data.spec.profile as "strict"
		with data.spec.rules as [{"id": "a-rule", "action": "audit"}]
	level == "audit"
}

test_data_of_another_kind_is_no_configuration[kind] if {
	some kind in ["ConfigMap", "guardrails", null]
	level := config.level(_finding({"profile": {"strict": "audit"}})) with data.kind as kind
		with data.spec.profile as "strict"
		with data.spec.rules as [{"id": "a-rule", "action": "off"}]
	level == "deny"
}

test_denial_is_softened_to_a_warning[why] if {
	some why in ["advice", "existing", "confirmed"]
	config.level(_finding({why: true})) == "warn"
	configured := config.level(_finding({why: true})) with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "a-rule", "action": "deny"}]
	configured == "warn"
}

test_false_softens_nothing if {
	config.level(_finding({"advice": false, "existing": false, "confirmed": false})) == "deny"
}

test_less_than_a_denial_is_not_softened[severity] if {
	some severity in ["warn", "audit", "off"]
	config.level(_finding({"severity": severity, "advice": true, "existing": true, "confirmed": true})) == severity
}

test_parameter_has_the_default_of_the_metadata if {
	config.param(_chain, "most") == 1
}

test_parameter_is_overridden if {
	value := config.param(_chain, "most") with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "a-rule", "params": {"most": 3}}]
	value == 3
}

test_parameter_is_overridden_by_false if {
	value := config.param(_chain, "loud") with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "a-rule", "params": {"loud": false}}]
	value == false
}

test_parameter_keeps_its_default_where_another_is_set if {
	value := config.param(_chain, "loud") with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "a-rule", "params": {"most": 3}}]
	value == true
}

test_parameter_of_another_rule_changes_nothing if {
	value := config.param(_chain, "most") with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "other", "params": {"most": 3}}]
	value == 1
}

test_parameter_in_data_of_another_kind_changes_nothing if {
	value := config.param(_chain, "most") with data.kind as "ConfigMap"
		with data.spec.rules as [{"id": "a-rule", "params": {"most": 3}}]
	value == 1
}

test_unknown_parameter_has_no_value if {
	not config.param(_chain, "least")
}

test_two_eyes_are_enough_by_default[wanted] if {
	some wanted in [false, null, "true"]
	not config.four_eyes
	not config.four_eyes with data.kind as "Guardrails" with data.spec.fourEyes as wanted
	not config.four_eyes with data.kind as "ConfigMap" with data.spec.fourEyes as true
}

test_four_eyes_can_be_wanted if {
	config.four_eyes with data.kind as "Guardrails" with data.spec.fourEyes as true
}

test_a_former_name_counts if {
	rules := [{"id": "old-rule", "action": "warn", "params": {"most": 7}}]
	config.level(_finding({"aliases": ["old-rule"]})) == "warn" with data.kind as "Guardrails"
		with data.spec.rules as rules
	config.param(_renamed, "most") == 7 with data.kind as "Guardrails" with data.spec.rules as rules
	config.param(_chain, "most") == 1 with data.kind as "Guardrails" with data.spec.rules as rules
}

_renamed := [object.union(link, {"annotations": {"custom": {"aliases": ["old-rule"]}}}) | some link in _chain]

_finding(fields) := object.union({"rule": "a-rule", "severity": "deny", "profile": {}}, fields)

_chain := [
	{"path": ["stateward", "rules", "some", "a-rule", "report"], "annotations": {"scope": "rule"}},
	{
		"path": ["stateward", "rules", "some", "a-rule"],
		"annotations": {
			"scope": "package",
			"custom": {"params": {"most": {"type": "number", "default": 1}, "loud": {"type": "boolean", "default": true}}},
		},
	},
]

test_rule_is_off_where_guardrails_switch_it_off if {
	config.off("a-rule") with data.kind as "Guardrails" with data.spec.rules as [{"id": "a-rule", "action": "off"}]
	not config.off("a-rule") with data.kind as "Guardrails" with data.spec.rules as [{"id": "a-rule", "action": "warn"}]
	not config.off("a-rule")
}

test_level_of_an_actor_comes_first if {
	config.level({"rule": "image-tag", "severity": "deny", "profile": {}, "action": "warn"}) == "warn"
}

test_warnings_alone_go_where_advice_is_set_to_go[channel] if {
	some channel in ["audit", "event"]
	finding := {"rule": "image-tag", "severity": "deny", "profile": {}, "channel": channel}
	config.level(object.union(finding, {"advice": true})) == channel
	config.level(object.union(finding, {"existing": true})) == channel
	config.level(object.union(finding, {"action": "warn"})) == channel
	config.level(object.union(finding, {"action": "audit"})) == "audit"
	config.level(object.union(finding, {"action": "off"})) == "off"
	config.level(object.union(finding, {"exception": {"dated": true}})) == "audit"
	config.level(object.union(finding, {"outside": true})) == "off"
	config.level(finding) == "deny"
}

test_levels_differ_by_actor_where_a_setting_says_so[name] if {
	some name, spec in {
		"advice": {"advice": {"automation": "audit"}},
		"actions": {"rules": [{"id": "a-rule", "actions": {"automation": "warn"}}]},
	}
	config.by_actor with data.kind as "Guardrails" with data.spec as spec
}

test_levels_are_the_same_for_all_without_such_a_setting if not config.by_actor

test_promoters_are_those_of_the_guardrails if {
	config.promoters == []
	config.promoters == ["ci"] with data.kind as "Guardrails" with data.spec.promoters as ["ci"]
}

test_without_guardrails_there_are_no_actors if {
	config.actors == []
}
