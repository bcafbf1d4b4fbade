# METADATA
# title: A StatefulSet without a selector gets its template's labels
# description: |
#   Older manifests and tutorials leave `spec.selector` out, and today's API server refuses them with
#   "spec.selector: Required value". What they mean is the pod template's labels; on an UPDATE it is the
#   selector that the StatefulSet already has.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#pod-selector
# custom:
#   on:
#     statefulsets: [CREATE, UPDATE]
#   fix: write the selector into the manifest
#   since: v0.1.0
package stateward.mutations["default-selector"]

import data.stateward.lib.result
import data.stateward.lib.review

report contains result.mutation(rego.metadata.chain(), entry, {
	"path": ["spec", "selector"],
	"what": sprintf("absent, Stateward sets %s", [json.marshal(selector)]),
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
