# METADATA
# title: No version in what cannot be changed
# description: |
#   The selector of a StatefulSet and its claim templates cannot be changed. A label that changes with each release,
#   such as `helm.sh/chart` or `app.kubernetes.io/version`, makes the next upgrade fail there: the set has to be
#   deleted and created again. Parameter `labels` says which labels change; others are judged by their value, as
#   redis-7.2.4.
# related_resources:
#   - ref: https://helm.sh/docs/chart_best_practices/labels/
# custom:
#   severity: warn
#   on:
#     statefulsets: [CREATE]
#   params:
#     labels:
#       type: array
#       default: [helm.sh/chart, app.kubernetes.io/version, version, chart, app.kubernetes.io/release-version]
#       description: Labels that change with a release
#   fix: leave the label out there, and keep it on the pods and on the set itself
#   since: v0.1.0
package stateward.rules.storage["upgrade-trap"]

import data.stateward.lib.claim
import data.stateward.lib.config
import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {
	"path": array.concat(["spec", "selector", "matchLabels"], [label]),
	"what": _what(value),
}) if {
	labels := config.param(rego.metadata.chain(), "labels")
	some entry in review.statefulsets
	entry.operation in {"MANIFEST", "CREATE"}
	some label, value in entry.object.spec.selector.matchLabels
	_changes(label, value, labels)
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "selector", "matchExpressions", index, "values"],
	"what": _what(value),
}) if {
	labels := config.param(rego.metadata.chain(), "labels")
	some entry in review.statefulsets
	entry.operation in {"MANIFEST", "CREATE"}
	some index, expression in entry.object.spec.selector.matchExpressions
	some value in expression.values
	_changes(expression.key, value, labels)
}

report contains result.violation(rego.metadata.chain(), template.entry, {
	"path": array.concat(template.path, ["metadata", "labels", label]),
	"what": _what(value),
}) if {
	labels := config.param(rego.metadata.chain(), "labels")
	some template in claim.new_templates
	some label, value in template.claim.metadata.labels
	_changes(label, value, labels)
}

_what(value) := sprintf("%q cannot be changed here, so the next version cannot be applied", [value])

_changes(label, _, labels) if label in labels

# Four numbers are an address.
_changes(_, value, _) if {
	regex.match(`(?:^|[-_v])\d+\.\d+\.\d+(?:[-_+].*)?$`, value)
}
