# METADATA
# title: The selector matches the pod template
# description: |
#   A StatefulSet owns the pods that `spec.selector` matches. If one label of the pod template differs, the API server
#   rejects the StatefulSet at `kubectl apply`, long after the manifest was merged. It rejects an empty selector too.
#   An absent selector is not an error of this rule: Stateward fills it in (default-selector).
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#pod-selector
# custom:
#   severity: deny
#   on:
#     statefulsets: [CREATE, UPDATE]
#   fix: give the selector and the pod template the same labels
#   since: v0.1.0
package stateward.rules.identity["selector-template"]

import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.selector

_path := ["spec", "selector"]

_labels_path := ["spec", "template", "metadata", "labels"]

_operators := {"In", "NotIn", "Exists", "DoesNotExist"}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": _path,
	"what": concat(", ", problems),
	"fields": [_path, _labels_path],
}) if {
	some entry in review.statefulsets
	wanted := object.get(entry.object, _path, null)
	wanted != null
	problems := _problems(wanted, selector.labels(entry.object))
	count(problems) > 0
}

_problems(wanted, labels) := ["must be an object with matchLabels or matchExpressions"] if {
	not is_object(wanted)
} else := ["has neither matchLabels nor matchExpressions: Kubernetes rejects an empty selector"] if {
	selector.match_labels(wanted) == {}
	selector.match_expressions(wanted) == []
} else := ["matchLabels must be a map of labels"] if {
	not is_object(selector.match_labels(wanted))
} else := ["matchExpressions must be a list"] if {
	not is_array(selector.match_expressions(wanted))
} else := array.concat(
	[problem |
		some key, want in selector.match_labels(wanted)
		have := object.get(labels, key, null)
		want != have
		problem := sprintf("requires %s, but the pods have %s", [_pair(key, want), _pair(key, have)])
	],
	[problem |
		some expression in selector.match_expressions(wanted)
		problem := _unmatched(expression, labels)
	],
)

_unmatched(expression, labels) := "has an expression without a key" if {
	not expression.key
} else := sprintf("operator %v is unknown, use one of %s", [json.marshal(operator), concat(", ", _operators)]) if {
	operator := object.get(expression, "operator", null)
	not operator in _operators
} else := sprintf("operator %s of %s requires values", [expression.operator, expression.key]) if {
	expression.operator in {"In", "NotIn"}
	count(_values(expression)) == 0
} else := sprintf("operator %s of %s takes no values", [expression.operator, expression.key]) if {
	expression.operator in {"Exists", "DoesNotExist"}
	count(_values(expression)) > 0
} else := sprintf("requires %s, but the pods have %s", [_wish(expression), _pair(expression.key, have)]) if {
	have := object.get(labels, expression.key, null)
	not selector.satisfied(expression, have)
}

_values(expression) := values if {
	values := object.get(expression, "values", null)
	is_array(values)
} else := []

_wish(expression) := expression.key if {
	expression.operator == "Exists"
} else := sprintf("no %s", [expression.key]) if {
	expression.operator == "DoesNotExist"
} else := sprintf("%s %s (%s)", [
	expression.key,
	{"In": "in", "NotIn": "not in"}[expression.operator],
	concat(", ", [_text(value) | some value in _values(expression)]),
])

_pair(key, value) := sprintf("no %s", [key]) if {
	value == null
} else := sprintf("%s=%s", [key, _text(value)])

# YAML reads an unquoted 1 as a number; a label is text.
_text(value) := value if is_string(value)

else := sprintf("%v (a %s)", [value, type_name(value)])
