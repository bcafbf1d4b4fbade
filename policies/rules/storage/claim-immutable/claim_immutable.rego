# METADATA
# title: Immutable StatefulSet fields cannot change
# description: |
#   The API server rejects an UPDATE that changes `volumeClaimTemplates`, `serviceName`, `selector` or
#   `podManagementPolicy`, without saying what to do instead. It does so after the mutating webhooks and before the
#   validating ones, so Stateward explains it in warnings from its mutating webhook; in CI it denies. For most fields
#   the remedy keeps pods and data: delete only the StatefulSet, resize its claims, create it again. It does not for the
#   names of claim templates, whose pods would start with new, empty claims, nor for the selector, as the pods that run
#   would not belong to the new set.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#volume-claim-templates
# custom:
#   severity: deny
#   on:
#     statefulsets: [UPDATE]
#   changes:
#     statefulsets: [spec.podManagementPolicy, spec.selector, spec.serviceName, spec.volumeClaimTemplates]
#   fix: keep the old value, or delete the StatefulSet without its pods and create it again
#   since: v0.1.0
package stateward.rules.storage["claim-immutable"]

import data.stateward.lib.claim
import data.stateward.lib.defaults
import data.stateward.lib.quantity
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.selector

report contains result.violation(rego.metadata.chain(), change.entry, {
	"path": change.path,
	"what": _what(change),
	"fix": _way(change),
	"touched": true,
}) if {
	some change in _changes
}

# A larger claim is made by expanding those that exist; the set then only has to say the same.
_way(change) := concat("", [
	sprintf("expand each claim (kubectl patch pvc %s-%s-0 -n %s --type merge -p ", [
		object.get(change.entry.object.spec.volumeClaimTemplates[change.path[2]], ["metadata", "name"], ""),
		change.entry.name,
		change.entry.namespace,
	]),
	sprintf(`'{"spec":{"resources":{"requests":{"storage":"%v"}}}}' and so on), then: `, [change.to]),
	_procedure(change.entry),
]) if {
	"storage" in change.path
	quantity.bytes(change.to) > quantity.bytes(change.from)
} else := sprintf("%s; copy the data into a StatefulSet of another name instead", [_danger(change)]) if {
	_danger(change)
} else := sprintf("keep the old value, or recreate the set while its pods keep running: %s", [_procedure(change.entry)])

# A warning has no room for the way out: it gets one of its own.
notice contains result.advice(rego.metadata.chain(), change.entry, found) if {
	some change in _changes
	some found in [
		{"path": change.path, "what": _what(change)},
		{"path": ["spec"], "what": _in_short(change)},
	]
}

_in_short(change) := _danger(change) if {
	_danger(change)
} else := _procedure(change.entry)

# What the procedure would do to pods and data.
_danger(change) := "keep the selector: a set with another one does not own the pods that run" if {
	change.path == ["spec", "selector"]
} else := "keep the names of the templates: with others pods start with new, empty claims" if {
	count(_template_names(change.entry.old) - _template_names(change.entry.object)) > 0
	"volumeClaimTemplates" in change.path
}

_template_names(sts) := {object.get(template, ["metadata", "name"], "") | some template in _list(sts)}

_what(change) := sprintf("%s differs: %s cannot become %s, the field is immutable", [
	concat(", ", keys),
	_short(object.get(change.from.matchLabels, keys[0], null)),
	_short(object.get(change.to.matchLabels, keys[0], null)),
]) if {
	change.path == ["spec", "selector"]
	keys := _differing(change)
	keys != []
} else := sprintf("%s cannot become %s, the field is immutable", [_short(change.from), _short(change.to)])

# The labels of a selector that differ, in order.
_differing(change) := sort([key |
	some key in (object.keys(change.from.matchLabels) | object.keys(change.to.matchLabels))
	object.get(change.from.matchLabels, key, null) != object.get(change.to.matchLabels, key, null)
])

_procedure(entry) := sprintf("kubectl delete sts %s -n %s --cascade=orphan, resize claims, apply again", [
	entry.name,
	entry.namespace,
])

# Source: ValidateStatefulSetUpdate in pkg/apis/apps/validation/validation.go.
_changes := [{"entry": entry, "path": array.concat(["spec"], path), "from": from, "to": to} |
	some entry in review.statefulsets
	entry.operation == "UPDATE"
	is_object(entry.old)
	not _left_alone(entry)
	before := _immutable(entry.old, entry)
	after := _immutable(entry.object, entry)
	some path in (object.keys(before) | object.keys(after))
	from := object.get(before, [path], null)
	to := object.get(after, [path], null)
	_comparable(path, from) != _comparable(path, to)
]

# Nearly every request leaves alone all that the values below are made of.
_left_alone(entry) if {
	is_object(entry.object.spec)
	is_object(entry.old.spec)
	object.filter(entry.object.spec, _fields) == object.filter(entry.old.spec, _fields)
}

_fields := ["serviceName", "podManagementPolicy", "selector", "volumeClaimTemplates"]

# What is immutable of a StatefulSet, by path, each value as it is once the defaults are filled in.
_immutable(sts, entry) := object.union(
	{
		["serviceName"]: _service_name(sts),
		["podManagementPolicy"]: defaults.pod_management(sts),
		["selector"]: _selector(sts, entry),
	},
	_templates(sts, entry),
)

_service_name(sts) := "" if {
	object.get(sts, ["spec", "serviceName"], null) == null
} else := sts.spec.serviceName

# An absent selector is filled in with the stored one, by the mutation default-selector.
_selector(sts, entry) := _given(object.get(entry.old, ["spec", "selector"], {})) if {
	object.get(sts, ["spec", "selector"], null) == null
} else := _given(sts.spec.selector)

_given(wanted) := {field: value |
	some field, value in {
		"matchLabels": selector.match_labels(wanted),
		"matchExpressions": selector.match_expressions(wanted),
	}
	not value in [{}, []]
}

# Templates are compared one by one where there are as many as before, else by their names.
_templates(sts, entry) := {["volumeClaimTemplates"]: [object.get(template, ["metadata", "name"], "") |
	some template in _list(sts)
]} if {
	count(_list(entry.object)) != count(_list(entry.old))
} else := {array.concat(["volumeClaimTemplates", index], path): value |
	some index, template in _list(sts)
	some path, value in _leaves(claim.as_stored(template, _list(entry.old)[index]))
}

_list(sts) := templates if {
	templates := object.get(sts, ["spec", "volumeClaimTemplates"], null)
	is_array(templates)
} else := []

# The fields of a claim that hold something, without those that the API server writes.
_leaves(template) := {path: value |
	filled := object.union(
		json.remove(template, ["apiVersion", "kind", "status", "metadata/creationTimestamp"]),
		{"spec": {"volumeMode": defaults.volume_mode(template)}},
	)

	# regal ignore:walk-no-path
	walk(filled, [path, value])
	not is_object(value)
	not value in [null, []]
	every step in path {
		is_string(step)
	}
}

# 1Gi and 1024Mi are one size.
_comparable(path, value) := quantity.bytes(value) if {
	"resources" in path
} else := value

_short(value) := sprintf("%s…", [substring(text, 0, 40)]) if {
	text := json.marshal(value)
	count(text) > 40
} else := json.marshal(value)
