package stateward.rules.storage["ephemeral-data_test"]

import data.stateward.rules.storage["ephemeral-data"] as rule

_data := "/var/lib/postgresql/data"

test_data_in_a_volume_that_goes_is_mentioned[kind] if {
	some kind, loss in {
		"emptyDir": "the data goes with the pod",
		"ephemeral": "the data goes with the pod",
		"hostPath": "the data stays on one node",
	}
	{[finding.field, finding.what, finding.severity] | some finding in rule.report} == {[
		"spec.template.spec.containers[0].volumeMounts[0].mountPath",
		sprintf("/var/lib/postgresql/data of postgres is %s: %s", [kind, loss]),
		"warn",
	]} with input as _sts("postgres:16.4", [{"name": "data", "mountPath": _data}], [{"name": "data", kind: {}}], [])
}

test_data_in_the_container_is_mentioned if {
	{finding.what | some finding in rule.report} == {concat(" ", [
		"mongo writes into its container, with no volume at /data/db or /bitnami/mongodb:",
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

test_known_images_and_their_paths[reference] if {
	some reference, path in {
		"bitnamilegacy/mysql:8.0.1": "/bitnami/mysql/data",
		"confluentinc/cp-kafka:7.6.0": "/var/lib/kafka/data",
		"ghcr.io/cloudnative-pg/postgresql:16.1": "/var/lib/postgresql/data",
		"mcr.microsoft.com/mssql/server:2022-CU14-ubuntu-22.04": "/var/opt/mssql/data",
		"minio/minio:RELEASE.2024-01-01T00-00-00Z": "/data",
		"mongodb/mongodb-community-server:7.0.8-ubi9": "/data/db",
		"percona/percona-server:8.0.36": "/var/lib/mysql",
		"quay.io/coreos/etcd:v3.5.9": "/var/lib/etcd",
		"rabbitmq:3.13.1": "/var/lib/rabbitmq/mnesia",
		"timescale/timescaledb:2.14.0-pg16": "/var/lib/postgresql/data",
	}
	[finding.field | some finding in rule.report] == ["spec.template.spec.containers[0].volumeMounts[0].mountPath"]
		with input as _sts(reference, [{"name": "data", "mountPath": path}], [{"name": "data", "emptyDir": {}}], [])
}

test_folder_that_the_container_is_told_counts[told] if {
	some told, more in {
		"variable": {"image": "postgres:16.1", "env": [{"name": "PGDATA", "value": "/x/pg"}]},
		"option": {"image": "mongo:7.0.1", "args": ["--dbpath", "/x/db"]},
	}
	container := object.union(more, {"name": "db", "volumeMounts": [{"name": "data", "mountPath": "/x"}]})
	[finding.what | some finding in rule.report] == [sprintf("/x of %s is emptyDir: the data goes with the pod", [
		split(more.image, ":")[0],
	])] with input as _set(container, [{"name": "data", "emptyDir": {}}])
	rule.report == set() with input as _set(container, [{"name": "data", "nfs": {"server": "a", "path": "/b"}}])
	[finding.field | some finding in rule.report] == ["spec.template.spec.containers[0]"]
		with input as _set(object.remove(container, ["volumeMounts"]), [])
}

test_files_below_the_path_are_no_place_for_the_data if {
	mount := {"name": "cookie", "mountPath": "/var/lib/rabbitmq/.erlang.cookie", "subPath": "cookie"}
	[finding.field | some finding in rule.report] == ["spec.template.spec.containers[0]"]
		with input as _sts("rabbitmq:3.13.1", [mount], [{"name": "cookie", "secret": {"secretName": "a"}}], [])
}

test_images_without_a_path_of_their_own_are_judged_by_volumes_only[reference] if {
	some reference in ["quay.io/coreos/etcd:v3.5.9", "redis:7.2.4", "cockroachdb/cockroach:v23.2.0"]
	rule.report == set() with input as _sts(reference, [], [], [])
}

_set(container, volumes) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web"},
	"spec": {"template": {"spec": {"containers": [container], "volumes": volumes}}},
}

test_volume_below_the_path_may_hold_the_data if {
	volume := {"name": "nodes", "nfs": {"server": "a", "path": "/b"}}
	rule.report == set()
		with input as _sts(
			"elasticsearch:8.5.0", [{"name": "nodes", "mountPath": "/usr/share/elasticsearch/data/nodes"}], [
				volume,
			],
			[],
		)
}
