# METADATA
# title: Fields have the types that the API requires
# description: |
#   The API server rejects a number where the API requires text, or text where it requires a list, and tools that read
#   the manifest earlier misread it. The rule checks every field that another rule reads, in manifests only: the API
#   server has already checked what reaches the webhook. A quoted "3" for `replicas` is the usual case.
# related_resources:
#   - ref: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/stateful-set-v1/
# custom:
#   severity: deny
#   on:
#     statefulsets: [CREATE]
#   untyped: true
#   fix: use the type that the API reference requires
#   since: v0.1.0
package stateward.rules.schema["field-types"]

import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {
	"path": wrong.path,
	"what": sprintf("%s must be %s", [_shown(wrong.value), _words[wrong.type]]),
}) if {
	some entry in review.statefulsets
	entry.operation == "MANIFEST"
	some wrong in _wrong(entry.object)
}

_wrong(sts) := [{"path": path, "value": value, "type": type} |
	some [path, value, type] in array.concat(_fields_of(sts, [], _statefulset), _elements(sts))
	value != null
	not _is(type, value)
]

# Nearly every field is as it should be, and is left out at once.
_fields_of(value, at, types) := [[array.concat(at, path), field, type] |
	some type, paths in types
	some path in paths
	field := object.get(value, path, null)
	field != null
	not _is(type, field)
]

# What stands in lists, and in the lists of containers.
_elements(sts) := [field |
	some list, types in _lists
	some index, element in _list(sts, list)
	at := array.concat(list, [index])
	some field in array.concat([[at, element, "object"]], _within(element, at, types))
]

_within(element, at, types) := array.concat(_fields_of(element, at, types), [field |
	some list in ["ports", "volumeMounts", "volumeDevices"]
	list in {path[0] | some path in types.array}
	some index, inner in _list(element, [list])
	inner_at := array.concat(at, [list, index])
	some field in array.concat([[inner_at, inner, "object"]], _inner(inner, inner_at, list))
]) if {
	is_object(element)
} else := []

_inner(inner, at, list) := _fields_of(inner, at, _container_lists[list]) if {
	is_object(inner)
} else := []

_list(value, path) := list if {
	list := object.get(value, path, [])
	is_array(list)
} else := []

_is("object", value) if is_object(value)

_is("array", value) if is_array(value)

_is("string", value) if is_string(value)

_is("integer", value) if _whole(value)

_is("integer or string", value) if _whole(value)

_is("integer or string", value) if is_string(value)

_is("strings", value) if {
	is_object(value)
	every text in value {
		is_string(text)
	}
}

_whole(value) if {
	is_number(value)
	value == floor(value)
}

_words := {
	"object": "an object",
	"array": "a list",
	"string": "text",
	"integer": "a whole number",
	"integer or string": "a whole number or a percentage",
	"strings": "a map of text to text",
}

_shown(value) := text if {
	text := json.marshal(value)
	count(text) <= 40
} else := sprintf("%s...", [substring(json.marshal(value), 0, 40)])

_statefulset := {
	"object": [
		["metadata"],
		["spec"],
		["spec", "ordinals"],
		["spec", "persistentVolumeClaimRetentionPolicy"],
		["spec", "selector"],
		["spec", "template"],
		["spec", "template", "metadata"],
		["spec", "template", "spec"],
		["spec", "template", "spec", "affinity"],
		["spec", "updateStrategy"],
		["spec", "updateStrategy", "rollingUpdate"],
	],
	"strings": [
		["metadata", "annotations"],
		["metadata", "labels"],
		["spec", "selector", "matchLabels"],
		["spec", "template", "metadata", "labels"],
	],
	"string": [
		["metadata", "name"],
		["metadata", "namespace"],
		["spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted"],
		["spec", "persistentVolumeClaimRetentionPolicy", "whenScaled"],
		["spec", "podManagementPolicy"],
		["spec", "serviceName"],
		["spec", "updateStrategy", "type"],
	],
	"integer": [
		["spec", "minReadySeconds"],
		["spec", "ordinals", "start"],
		["spec", "replicas"],
		["spec", "updateStrategy", "rollingUpdate", "partition"],
	],
	"integer or string": [["spec", "updateStrategy", "rollingUpdate", "maxUnavailable"]],
	"array": [
		["spec", "selector", "matchExpressions"],
		["spec", "template", "spec", "containers"],
		["spec", "template", "spec", "initContainers"],
		["spec", "template", "spec", "topologySpreadConstraints"],
		["spec", "template", "spec", "volumes"],
		["spec", "volumeClaimTemplates"],
	],
}

_lists := {
	["spec", "selector", "matchExpressions"]: {"string": [["key"], ["operator"]], "array": [["values"]]},
	["spec", "template", "spec", "containers"]: _container,
	["spec", "template", "spec", "initContainers"]: _container,
	["spec", "template", "spec", "topologySpreadConstraints"]: {
		"object": [["labelSelector"]],
		"strings": [["labelSelector", "matchLabels"]],
		"string": [["topologyKey"]],
	},
	["spec", "template", "spec", "volumes"]: {"string": [["name"]]},
	["spec", "volumeClaimTemplates"]: {
		"object": [["metadata"], ["spec"], ["spec", "resources"], ["spec", "resources", "requests"]],
		"strings": [["metadata", "annotations"]],
		"string": [["metadata", "name"], ["spec", "storageClassName"], ["spec", "volumeMode"]],
		"array": [["spec", "accessModes"]],
	},
}

_container := {
	"object": [["readinessProbe"], ["startupProbe"]],
	"string": [["image"], ["name"], ["restartPolicy"]],
	"array": [["ports"], ["volumeDevices"], ["volumeMounts"]],
}

_container_lists := {
	"ports": {"string": [["name"], ["protocol"]], "integer": [["containerPort"]]},
	"volumeDevices": {"string": [["name"], ["devicePath"]]},
	"volumeMounts": {"string": [["name"], ["mountPath"]]},
}
