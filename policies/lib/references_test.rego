package stateward.lib.references_test

import data.stateward.lib.references

test_secrets_are_found_wherever_a_pod_names_them if {
	references.of_pod(_spec, "Secret") == {
		["pull", false],
		["password", false],
		["variables", true],
		["files", false],
		["part", false],
		["share", false],
		["driver", false],
		["disk", false],
	}
}

test_configmaps_are_found_wherever_a_pod_names_them if {
	references.of_pod(_spec, "ConfigMap") == {["setting", false], ["settings", false], ["file", true], ["piece", false]}
}

test_accounts_and_classes_are_found if {
	references.of_pod(_spec, "ServiceAccount") == {["db", false]}
	references.of_pod(_spec, "PriorityClass") == {["high", false]}
}

test_sets_name_what_their_pods_and_claims_name if {
	sts := {"spec": {
		"template": {"spec": _spec},
		"volumeClaimTemplates": [{"spec": {"storageClassName": "fast"}}, {"spec": {}}],
	}}
	references.of_set(sts, "StorageClass") == {["fast", false]}
	references.of_set(sts, "ServiceAccount") == {["db", false]}
}

test_malformed_specs_name_nothing[kind] if {
	some kind in ["Secret", "ConfigMap", "ServiceAccount", "PriorityClass"]
	some spec in [{}, null, {"containers": null, "volumes": 3}, {"containers": [null, {"env": [{"valueFrom": null}]}]}, {
		"volumes": [null, {"secret": null}, {"configMap": "x"}],
		"imagePullSecrets": [null],
	}]
	references.of_pod(spec, kind) == set()
}

_spec := {
	"serviceAccountName": "db",
	"priorityClassName": "high",
	"imagePullSecrets": [{"name": "pull"}],
	"initContainers": [{"name": "init", "env": [{
		"name": "PASSWORD",
		"valueFrom": {"secretKeyRef": {"name": "password", "key": "p"}},
	}]}],
	"containers": [{
		"name": "db",
		"env": [
			{"name": "A", "value": "a"},
			{"name": "S", "valueFrom": {"configMapKeyRef": {"name": "setting", "key": "s"}}},
		],
		"envFrom": [{"secretRef": {"name": "variables", "optional": true}}, {"configMapRef": {"name": "settings"}}],
	}],
	"volumes": [
		{"name": "files", "secret": {"secretName": "files"}},
		{"name": "file", "configMap": {"name": "file", "optional": true}},
		{"name": "parts", "projected": {"sources": [{"secret": {"name": "part"}}, {"configMap": {"name": "piece"}}]}},
		{"name": "share", "azureFile": {"secretName": "share", "shareName": "s"}},
		{"name": "driver", "csi": {"driver": "d", "nodePublishSecretRef": {"name": "driver"}}},
		{"name": "disk", "rbd": {"secretRef": {"name": "disk"}, "image": "i"}},
		{"name": "claim", "persistentVolumeClaim": {"claimName": "data"}},
	],
}
