# METADATA
# title: The template has the labels of the selector
# description: A selector that does not match its own template finds no pods.
# custom:
#   severity: deny
#   on:
#     statefulsets: [CREATE, UPDATE]
#   fix: add the label to the template
#   since: v0.1.0
package stateward.custom.rules.common["common-selector-labels"]

import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "template", "metadata", "labels"],
	"what": sprintf("there is no %s=%s", [key, value]),
	"touched": true,
}) if {
	some entry in review.statefulsets
	some key, value in entry.object.spec.selector.matchLabels
	object.get(entry.object.spec.template.metadata.labels, key, null) != value
}
