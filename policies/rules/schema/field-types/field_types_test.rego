package stateward.rules.schema["field-types_test"]

import data.stateward.rules.schema["field-types"] as rule

_template := ["spec", "template", "spec"]

_container := ["spec", "template", "spec", "containers", "0"]

_claim := ["spec", "volumeClaimTemplates", "0"]

# What may stand at a field, and what stands there instead.
_cases := {
	"an object": {
		"values": ["text", 7, true, ["x"]],
		"paths": [
			["metadata"], ["spec"], ["spec", "ordinals"], ["spec", "persistentVolumeClaimRetentionPolicy"],
			["spec", "selector"], ["spec", "template"], ["spec", "template", "metadata"], _template,
			["spec", "updateStrategy"], ["spec", "updateStrategy", "rollingUpdate"],
			array.concat(_container, ["readinessProbe"]), _container, _claim, array.concat(_claim, ["spec"]),
			array.concat(_container, ["ports", "0"]), array.concat(_template, ["topologySpreadConstraints", "0"]),
		],
	},
	"a list": {
		"values": ["text", 7, true, {"x": 1}],
		"paths": [
			["spec", "volumeClaimTemplates"], ["spec", "selector", "matchExpressions"],
			array.concat(_template, ["containers"]), array.concat(_template, ["initContainers"]),
			array.concat(_template, ["volumes"]), array.concat(_container, ["ports"]),
			array.concat(_container, ["volumeMounts"]), array.concat(_claim, ["spec", "accessModes"]),
		],
	},
	"text": {
		"values": [7, true, ["x"], {"x": 1}],
		"paths": [
			["metadata", "name"], ["metadata", "namespace"], ["spec", "podManagementPolicy"], ["spec", "serviceName"],
			["spec", "updateStrategy", "type"], ["spec", "persistentVolumeClaimRetentionPolicy", "whenScaled"],
			array.concat(_container, ["image"]), array.concat(_container, ["ports", "0", "name"]),
			array.concat(_container, ["volumeMounts", "0", "name"]), array.concat(_claim, ["spec", "storageClassName"]),
			array.concat(_template, ["topologySpreadConstraints", "0", "topologyKey"]),
		],
	},
	"a whole number": {
		"values": ["3", 1.5, true, ["x"], {"x": 1}],
		"paths": [
			["spec", "replicas"], ["spec", "minReadySeconds"], ["spec", "ordinals", "start"],
			["spec", "updateStrategy", "rollingUpdate", "partition"],
			array.concat(_container, ["ports", "0", "containerPort"]),
		],
	},
	"a whole number or a percentage": {
		"values": [1.5, true, ["x"]],
		"paths": [["spec", "updateStrategy", "rollingUpdate", "maxUnavailable"]],
	},
	"a map of text to text": {
		"values": ["text", 7, ["x"], {"x": 1}],
		"paths": [
			["metadata", "labels"], ["metadata", "annotations"], ["spec", "selector", "matchLabels"],
			["spec", "template", "metadata", "labels"], array.concat(_claim, ["metadata", "annotations"]),
		],
	},
}

test_an_object_belongs_there if {
	every case in _wrong("an object") {
		[finding.what | some finding in rule.report] == [case.what] with input as case.input
	}
}

test_a_list_belongs_there if {
	every case in _wrong("a list") {
		[finding.what | some finding in rule.report] == [case.what] with input as case.input
	}
}

test_text_belongs_there if {
	every case in _wrong("text") {
		[finding.what | some finding in rule.report] == [case.what] with input as case.input
	}
}

test_a_whole_number_belongs_there if {
	every case in _wrong("a whole number") {
		[finding.what | some finding in rule.report] == [case.what] with input as case.input
	}
}

test_a_number_or_percentage_belongs_there if {
	every case in _wrong("a whole number or a percentage") {
		[finding.what | some finding in rule.report] == [case.what] with input as case.input
	}
}

test_a_map_of_text_belongs_there if {
	every case in _wrong("a map of text to text") {
		[finding.what | some finding in rule.report] == [case.what] with input as case.input
	}
}

# Each path gets some value, and each value some path: conftest gives a test five seconds.
_wrong(belongs) := [{"input": _with(path, value), "what": what} |
	paths := _cases[belongs].paths
	values := _cases[belongs].values
	some index in numbers.range(0, max([count(paths), count(values)]) - 1)
	path := paths[index % count(paths)]
	value := values[index % count(values)]
	what := sprintf("%s must be %s", [json.marshal(value), belongs])
]

test_the_field_is_named if {
	[finding.field | some finding in rule.report] == ["spec.template.spec.containers[0].ports[0].name"]
		with input as _with(array.concat(_container, ["ports", "0", "name"]), 7)
}

test_the_right_types_are_fine if rule.report == set() with input as _sts

test_what_is_absent_or_null_is_fine[path] if {
	some path in [
		["spec", "replicas"],
		["spec", "volumeClaimTemplates"],
		["metadata", "labels"],
		["spec", "updateStrategy"],
	]
	rule.report == set() with input as _with(path, null)
	rule.report == set() with input as json.remove(_sts, [concat("/", path)])
}

test_a_percentage_is_fine if {
	rule.report == set() with input as _with(["spec", "updateStrategy", "rollingUpdate", "maxUnavailable"], "50%")
}

test_a_long_value_is_cut if {
	long := "0123456789012345678901234567890123456789"
	[finding.what | some finding in rule.report] == [
		`"012345678901234567890123456789012345678... must be a whole number`,
	]
		with input as _with(["spec", "replicas"], long)
}

test_what_has_passed_an_api_server_is_not_looked_at[operation] if {
	some operation in ["CREATE", "UPDATE"]
	review := {"operation": operation, "object": _with(["spec", "replicas"], "3"), "oldObject": _sts}
	rule.report == set() with input as {"request": review}
}

_with(path, value) := json.patch(_sts, [{"op": "replace", "path": path, "value": value}])

_sts := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web", "namespace": "data", "labels": {"app": "nginx"}, "annotations": {"a": "b"}},
	"spec": {
		"serviceName": "nginx",
		"replicas": 3,
		"minReadySeconds": 5,
		"podManagementPolicy": "OrderedReady",
		"ordinals": {"start": 0},
		"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
		"selector": {
			"matchLabels": {"app": "nginx"},
			"matchExpressions": [{"key": "app", "operator": "In", "values": ["nginx"]}],
		},
		"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0, "maxUnavailable": 1}},
		"template": {
			"metadata": {"labels": {"app": "nginx"}},
			"spec": {
				"initContainers": [{"name": "init", "image": "busybox:1.36.1"}],
				"containers": [{
					"name": "nginx",
					"image": "nginx:1.27.4",
					"ports": [{"name": "web", "containerPort": 80}],
					"readinessProbe": {"httpGet": {"port": 80}},
					"volumeMounts": [{"name": "www", "mountPath": "/www"}],
				}],
				"topologySpreadConstraints": [{
					"topologyKey": "kubernetes.io/hostname",
					"labelSelector": {"matchLabels": {"app": "nginx"}},
				}],
				"volumes": [{"name": "cache", "emptyDir": {}}],
			},
		},
		"volumeClaimTemplates": [{
			"metadata": {"name": "www", "annotations": {"a": "b"}},
			"spec": {
				"accessModes": ["ReadWriteOnce"],
				"storageClassName": "fast",
				"resources": {"requests": {"storage": "1Gi"}},
			},
		}],
	},
}
