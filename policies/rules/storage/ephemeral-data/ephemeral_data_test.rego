package stateward.rules.storage["ephemeral-data_test"]

import data.stateward.rules.storage["ephemeral-data"] as rule

_data := "/var/lib/postgresql/data"

test_data_in_a_volume_that_goes_is_mentioned[kind] if {
	some kind, loss in {"emptyDir": "the data goes with the pod", "hostPath": "the data stays on one node"}
	{[finding.field, finding.what, finding.severity] | some finding in rule.report} == {[
		"spec.template.spec.containers[0].volumeMounts[0].mountPath",
		sprintf("/var/lib/postgresql/data of postgres is %s: %s", [kind, loss]),
		"warn",
	]} with input as _sts("postgres:16.4", [{"name": "data", "mountPath": _data}], [{"name": "data", kind: {}}], [])
}

test_data_in_the_container_is_mentioned if {
	{finding.what | some finding in rule.report} == {concat(" ", [
		"mongo writes into its container, with no volume at /data/db:",
		"a restart loses the data",
	])} with input as _sts("docker.io/library/mongo:7.0.1", [{"name": "x", "mountPath": "/etc/x"}], [], [])
}

test_more_paths_are_a_parameter if {
	count(rule.report) == 1 with input as _sts("example.com/mydb:1.0", [], [], [])
		with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "ephemeral-data", "params": {"paths": ["mydb=/var/lib/mydb"]}}]
}

test_data_on_a_claim_is_fine[mounted] if {
	some mounted in [_data, "/var/lib/postgresql", "/var/lib/postgresql/"]
	rule.report == set()
		with input as _sts("postgres:16.4", [{"name": "data", "mountPath": mounted}], [], [{"metadata": {"name": "data"}}])
}

test_other_images_and_init_containers_are_not_judged if {
	rule.report == set() with input as _sts("nginx:1.27.4", [], [], [])
	rule.report == set() with input as {
		"apiVersion": "apps/v1",
		"kind": "StatefulSet",
		"metadata": {"name": "web"},
		"spec": {"template": {"spec": {"initContainers": [{"name": "db", "image": "postgres:16.4"}]}}},
	}
}

_sts(reference, mounts, volumes, claims) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web"},
	"spec": {
		"template": {"spec": {
			"containers": [{"name": "db", "image": reference, "volumeMounts": mounts}],
			"volumes": volumes,
		}},
		"volumeClaimTemplates": claims,
	},
}

test_data_may_be_on_a_claim_that_is_mounted_elsewhere if {
	volume := {"name": "shared", "persistentVolumeClaim": {"claimName": "shared"}}
	rule.report == set() with input as _sts("postgres:16.4", [{"name": "shared", "mountPath": "/d"}], [volume], [])
}
