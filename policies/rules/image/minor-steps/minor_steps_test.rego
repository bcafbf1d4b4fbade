package stateward.rules.image["minor-steps_test"]

import data.stateward.rules.image["minor-steps"] as rule

test_skipped_minor_version_is_mentioned if {
	{[finding.field, finding.what, finding.severity] | some finding in rule.report} == {[
		"spec.template.spec.containers[0].image",
		"etcd goes from 3.4 to 3.6 and skips 3.5",
		"warn",
	]} with input as _update("quay.io/coreos/etcd:v3.4.1", "quay.io/coreos/etcd:v3.6.0")
}

test_steps_of_one_and_steps_back_are_fine[images] if {
	some images in [
		["etcd:v3.4.1", "etcd:v3.5.0"],
		["etcd:v3.4.1", "etcd:v3.4.30"],
		["etcd:v3.6.0", "etcd:v3.4.1"],
		["rabbitmq:3.13.7", "rabbitmq:4.0.1"],
		["rabbitmq:4.0.9", "rabbitmq:4.2.1"],
		["mongo:4.2.24", "mongo:4.4.29"],
		["mongo:4.4.29", "mongo:5.0.31"],
		["mongo:6.0.20", "mongo:6.3.2"],
		["cockroach:v22.2.1", "cockroach:v23.1.0"],
		["cockroach:v23.2.1", "cockroach:v24.1.0"],
		["cockroach:v24.3.1", "cockroach:v25.2.0"],
		["nginx:1.20.1", "nginx:1.27.4"],
		["etcd:latest", "etcd:v3.6.0"],
		["nginx:1.27.4", "etcd:v3.6.0"],
		["etcd:v3", "etcd:v3.6.0"],
	]
	rule.report == set() with input as _update(images[0], images[1])
}

test_first_skipped_release_is_named[what] if {
	some what, images in {
		"cockroach goes from 23.2 to 24.3 and skips 24.1": ["cockroachdb/cockroach:v23.2.1", "cockroachdb/cockroach:v24.3.0"],
		"cockroach goes from 24.3 to 25.4 and skips 25.2": ["cockroachdb/cockroach:v24.3.1", "cockroachdb/cockroach:v25.4.0"],
		"mongodb goes from 4.0 to 4.4 and skips 4.2": ["mongo:4.0.28", "mongo:4.4.29"],
		"mongodb goes from 5.0 to 7.0 and skips 6.0": [
			"mongodb/mongodb-community-server:5.0.31-ubi8",
			"mongodb/mongodb-community-server:7.0.8-ubi9",
		],
		"rabbitmq goes from 3.9 to 3.12 and skips 3.10": ["rabbitmq:3.9.1-management", "rabbitmq:3.12.1-management"],
		"rabbitmq goes from 3.12 to 4.0 and skips 3.13": ["rabbitmq:3.12.1", "rabbitmq:4.0.1"],
		"qdrant goes from 1.7 to 1.10 and skips 1.8": ["qdrant/qdrant:v1.7.4", "qdrant/qdrant:v1.10.0"],
		"etcd goes from 3.4 to 3.6 and skips 3.5": ["rancher/hardened-etcd:v3.4.3", "rancher/hardened-etcd:v3.6.1"],
	}
	{finding.what | some finding in rule.report} == {what} with input as _update(images[0], images[1])
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
