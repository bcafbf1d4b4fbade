package stateward.rules.storage["storage-class-fit_test"]

import data.stateward.rules.storage["storage-class-fit"] as rule

_fix := concat(" ", [
	"Fix: use a class with `allowVolumeExpansion` and `WaitForFirstConsumer`:",
	"the templates cannot be changed later.",
])

test_class_that_cannot_expand_is_said[spec] if {
	some spec in [{}, {"allowVolumeExpansion": false}]
	class := object.union({"volumeBindingMode": "WaitForFirstConsumer"}, spec)
	messages := {finding.msg | some finding in rule.report} with input as _create({"storageClassName": "fast"}, {})
		with data.cluster.storageclasses as {"fast": _class("fast", class)}
	messages == {concat(" ", [
		"[storage-class-fit] spec.volumeClaimTemplates[0].spec.storageClassName:",
		`class "fast" cannot expand volumes: claims keep their initial size.`,
		_fix,
	])}
}

test_class_that_binds_at_once_is_said_of_a_set_in_several_zones[spec] if {
	some spec in [{}, {"volumeBindingMode": "Immediate"}]
	class := object.union({"allowVolumeExpansion": true}, spec)
	messages := {finding.what | some finding in rule.report}
		with input as _create({"storageClassName": "fast"}, _spread("topology.kubernetes.io/zone"))
		with data.cluster.storageclasses as {"fast": _class("fast", class)}
	messages == {`class "fast" binds Immediate: a volume may be in a different zone from its pod`}
}

test_class_that_binds_at_once_is_fine_in_one_zone[pod] if {
	some pod in [{}, _spread("kubernetes.io/hostname")]
	rule.report == set() with input as _create({"storageClassName": "fast"}, pod)
		with data.cluster.storageclasses as {"fast": _class("fast", {"allowVolumeExpansion": true})}
}

test_default_class_counts_where_none_is_named if {
	default_class := object.union(
		_class("standard", {}),
		{"metadata": {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}},
	)
	fault := `class "standard" cannot expand volumes: claims keep their initial size`
	{finding.what | some finding in rule.report} == {fault}
		with input as _create({}, {})
		with data.cluster.storageclasses as {"standard": default_class}
	rule.report == set() with input as _create({"storageClassName": ""}, {})
		with data.cluster.storageclasses as {"standard": default_class}
}

test_finding_is_a_warning_and_strict_denies_it if {
	some finding in rule.report with input as _create({"storageClassName": "fast"}, {})
		with data.cluster.storageclasses as {"fast": _class("fast", {})}
	finding.severity == "warn"
	finding.profile == {"strict": "deny"}
	not finding.advice
}

test_both_faults_are_said if {
	count(rule.report) == 2
		with input as _create({"storageClassName": "fast"}, _spread("topology.kubernetes.io/zone"))
		with data.cluster.storageclasses as {"fast": _class("fast", {})}
}

test_class_that_nobody_knows_is_not_judged if {
	rule.report == set() with input as _create({"storageClassName": "fast"}, {})
	rule.report == set() with input as _create({}, {})
}

test_templates_of_a_set_that_is_there_are_not_judged if {
	before := _create({"storageClassName": "fast"}, {}).request.object
	rule.report == set() with data.cluster.storageclasses as {"fast": _class("fast", {})}
		with input as {"request": {
			"operation": "UPDATE",
			"oldObject": before,
			"object": object.union(before, {"spec": {"replicas": 5}}),
		}}
}

_class(name, spec) := object.union({"kind": "StorageClass", "metadata": {"name": name}}, spec)

_spread(key) := {"topologySpreadConstraints": [{
	"topologyKey": key,
	"labelSelector": {"matchLabels": {"app": "nginx"}},
}]}

_create(claim, pod) := {"request": {"operation": "CREATE", "object": {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web"},
	"spec": {
		"template": {"metadata": {"labels": {"app": "nginx"}}, "spec": pod},
		"volumeClaimTemplates": [{"metadata": {"name": "www"}, "spec": claim}],
	},
}}}
