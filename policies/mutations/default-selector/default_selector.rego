# METADATA
# title: Fill in a missing selector from the pod template
# description: |
#   Older manifests and tutorials leave `spec.selector` out, and current API servers reject them with "spec.selector:
#   Required value". Stateward fills in the pod template's labels; on an UPDATE it fills in the selector that the
#   StatefulSet already has.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#pod-selector
# custom:
#   on:
#     statefulsets: [CREATE, UPDATE]
#   fix: add the selector to the manifest
#   since: v0.1.0
package stateward.mutations["default-selector"]

import data.stateward.lib.result
import data.stateward.lib.review

report contains result.mutation(rego.metadata.chain(), entry, {
	"path": ["spec", "selector"],
	"what": sprintf("is absent; Stateward sets %s", [json.marshal(selector)]),
	"patch": [{"op": "add", "path": "/spec/selector", "value": selector}],
}) if {
	some entry in review.statefulsets
	object.get(entry.object, ["spec", "selector"], null) == null
	selector := _meant(entry)
}

_meant(entry) := selector if {
	selector := entry.old.spec.selector
} else := {"matchLabels": labels} if {
	labels := entry.object.spec.template.metadata.labels
	count(labels) > 0
}
