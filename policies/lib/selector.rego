# METADATA
# title: Label selectors
# description: |
#   Selectors as Kubernetes reads them, null for absent. Source: staging/src/k8s.io/apimachinery/pkg/labels/selector.go.
package stateward.lib.selector

# METADATA
# title: Matches
# description: |
#   True where a selector of the form {matchLabels, matchExpressions} matches the labels. An empty one matches
#   everything, one that is absent matches nothing.
matches(selector, labels) if {
	is_object(selector)
	is_object(labels)
	every key, value in match_labels(selector) {
		labels[key] == value
	}
	every expression in match_expressions(selector) {
		satisfied(expression, object.get(labels, expression.key, null))
	}
}

# METADATA
# title: Satisfied
# description: True where an expression holds for the value of its label, null for none. NotIn holds without the label.
# scope: document
satisfied(expression, have) if {
	expression.operator == "In"
	have in expression.values
}

satisfied(expression, have) if {
	expression.operator == "NotIn"
	not have in expression.values
}

satisfied(expression, have) if {
	expression.operator == "Exists"
	have != null
}

satisfied(expression, have) if {
	expression.operator == "DoesNotExist"
	have == null
}

# METADATA
# title: Match labels
# description: The labels that a selector wants.
# scope: document
match_labels(selector) := _given(selector, "matchLabels", {})

# METADATA
# title: Wanted
# description: The labels without which a selector matches no pod; none of one that Kubernetes refuses.
# scope: document
wanted(selector) := match_labels(selector) if {
	is_object(selector)
} else := {}

# METADATA
# title: Match expressions
# description: The expressions that a selector wants to hold.
# scope: document
match_expressions(selector) := _given(selector, "matchExpressions", [])

# METADATA
# title: Own
# description: |
#   The selector that a StatefulSet has or is given: where it is absent, the mutation default-selector takes the labels
#   of the pod template. Undefined for a selector that Kubernetes refuses for being empty.
# scope: document
own(sts) := {"matchLabels": labels(sts)} if {
	object.get(sts, ["spec", "selector"], null) == null
} else := wanted if {
	wanted := sts.spec.selector
	is_object(wanted)
	[match_labels(wanted), match_expressions(wanted)] != [{}, []]
}

# METADATA
# title: Labels
# description: The labels that a workload's pod template gives its pods.
# scope: document
labels(workload) := given if {
	given := object.get(workload, ["spec", "template", "metadata", "labels"], null)
	is_object(given)
} else := {}

_given(selector, field, fallback) := fallback if {
	object.get(selector, field, null) == null
} else := selector[field]
