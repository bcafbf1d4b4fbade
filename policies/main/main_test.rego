package main_test

import data.main

_partition := concat(" ", [
	"[partition-range] spec.updateStrategy.rollingUpdate.partition: 99 is greater than replicas 3: no update would",
	"reach any pod. Fix: choose a partition from 0 (update every pod) to replicas - 1 (update the last pod only).",
])

_selector := concat(" ", [
	"[default-selector] spec.selector: is absent; Stateward sets {\"matchLabels\":{\"app\":\"web\"}}.",
	"Fix: add the selector to the manifest.",
])

_no_service := concat(" ", [
	"[headless-service] spec.serviceName: is empty, so the pods get no DNS names.",
	"Fix: name a Service with `clusterIP: None` in the StatefulSet's namespace.",
])

test_denials_are_denied_and_mutations_are_warned_of if {
	{finding.msg | some finding in main.deny} == {_partition, _no_service} with input as _bad
	{finding.msg | some finding in main.warn} == {_selector} with input as _bad
}

test_warnings_are_not_denied if {
	denied := {finding.rule | some finding in main.deny} with input as _bad
		with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "partition-range", "action": "warn"}]
	denied == {"headless-service"}
	warned := {finding.rule | some finding in main.warn} with input as _bad
		with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "partition-range", "action": "warn"}]
	warned == {"partition-range", "default-selector"}
}

test_audited_and_disabled_findings_are_not_shown[action] if {
	some action in ["audit", "off"]
	rules := {finding.rule | some finding in (main.deny | main.warn)} with input as _bad
		with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "partition-range", "action": action}]
	rules == {"headless-service", "default-selector"}
}

test_fault_that_a_rule_reports_is_warned_of_once if {
	template := {"metadata": {"name": "data", "annotations": {"volume.beta.kubernetes.io/storage-class": "fast"}}}
	bad := object.union(_bad, {"spec": {"volumeClaimTemplates": [template]}})
	rules := {finding.rule | some finding in main.warn} with input as bad
	"claim-annotation" in rules
	not "claim-class-annotation" in rules
	only_corrected := {finding.rule | some finding in main.warn} with input as bad
		with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "claim-annotation", "action": "off"}]
	"claim-class-annotation" in only_corrected
}

test_mutation_can_be_switched_off if {
	main.warn == set() with input as _bad
		with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "default-selector", "action": "off"}]
}

test_mutation_that_is_only_recorded_is_not_shown if {
	made := {{"rule": "auto-canary", "level": "audit"}, {"rule": "default-selector", "level": "warn"}}
	main.warn == {{"rule": "default-selector", "level": "warn"}} with input as {}
		with data.stateward.lib.router.mutations as made
}

test_conftest_gets_the_same_answer_for_a_set_of_files if {
	files := [{"path": "web.yaml", "contents": _bad}]
	{finding.msg | some finding in main.deny} == {_partition, _no_service} with input as files
}

test_nothing_is_said_about_a_good_set if {
	service := {
		"apiVersion": "v1",
		"kind": "Service",
		"metadata": {"name": "web"},
		"spec": {"clusterIP": "None", "selector": {"app": "web"}, "ports": [{"port": 80}]},
	}
	budget := {
		"apiVersion": "policy/v1",
		"kind": "PodDisruptionBudget",
		"metadata": {"name": "web"},
		"spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "web"}}},
	}
	good := object.union(_bad, {"spec": {
		"serviceName": "web",
		"selector": {"matchLabels": {"app": "web"}},
		"updateStrategy": {"rollingUpdate": {"partition": 0}},
	}})
	main.deny == set() with input as [{"path": "all.yaml", "contents": [service, budget, good]}]
	main.warn == set() with input as [{"path": "all.yaml", "contents": [service, budget, good]}]
}

test_nothing_is_said_about_other_kinds if {
	document := {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 3}}
	main.deny == set() with input as document
	main.warn == set() with input as document
}

_spread := {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "web"}}}

_bad := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web"},
	"spec": {
		"replicas": 3,
		"minReadySeconds": 10,
		"updateStrategy": {"rollingUpdate": {"partition": 99}},
		"template": {
			"metadata": {"labels": {"app": "web"}},
			"spec": {
				"topologySpreadConstraints": [_spread],
				"containers": [{"name": "web", "image": "nginx:1.27.4"}],
			},
		},
	},
}
