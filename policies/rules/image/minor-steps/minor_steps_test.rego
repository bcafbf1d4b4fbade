package stateward.rules.image["minor-steps_test"]

import data.stateward.rules.image["minor-steps"] as rule

test_skipped_minor_version_is_mentioned if {
	{[finding.field, finding.what, finding.severity] | some finding in rule.report} == {[
		"spec.template.spec.containers[0].image",
		"etcd goes from 3.4 to 3.6 and skips a minor version",
		"warn",
	]} with input as _update("quay.io/coreos/etcd:v3.4.1", "quay.io/coreos/etcd:v3.6.0")
}

test_steps_of_one_and_steps_back_are_fine[images] if {
	some images in [
		["etcd:v3.4.1", "etcd:v3.5.0"],
		["etcd:v3.4.1", "etcd:v3.4.30"],
		["etcd:v3.6.0", "etcd:v3.4.1"],
		["rabbitmq:3.13.7", "rabbitmq:4.0.1"],
		["cockroach:v23.4.1", "cockroach:v24.1.0"],
		["nginx:1.20.1", "nginx:1.27.4"],
		["etcd:latest", "etcd:v3.6.0"],
		["nginx:1.27.4", "etcd:v3.6.0"],
		["etcd:v3", "etcd:v3.6.0"],
	]
	rule.report == set() with input as _update(images[0], images[1])
}

test_years_have_their_minors_too if {
	count(rule.report) == 1 with input as _update("cockroachdb/cockroach:v23.2.1", "cockroachdb/cockroach:v24.3.0")
}

test_more_images_are_a_parameter if {
	count(rule.report) == 1 with input as _update("example.com/mydb:1.2.0", "example.com/mydb:1.4.0")
		with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "minor-steps", "params": {"images": ["mydb"]}}]
}

test_other_operations_are_not_judged if {
	rule.report == set() with input as {"request": {"operation": "CREATE", "object": _sts("etcd:v3.6.0")}}
}

_update(before, after) := {"request": {"operation": "UPDATE", "oldObject": _sts(before), "object": _sts(after)}}

_sts(reference) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web"},
	"spec": {"template": {"spec": {
		"initContainers": [{"name": "init", "image": "etcd:v3.1.0"}],
		"containers": [{"name": "a", "image": reference}],
	}}},
}
