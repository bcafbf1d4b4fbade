# METADATA
# title: Fill in a missing serviceName
# description: |
#   Kubernetes accepts a StatefulSet without `serviceName`, but its pods have no DNS names, and the field cannot be
#   set later. If exactly one headless Service in the namespace selects the pod template's labels, Stateward fills in
#   its name. If there are several or none, only the author can decide, and the rule headless-service reports it.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-network-id
# custom:
#   on:
#     statefulsets: [CREATE]
#   reads: [services]
#   fix: add serviceName to the manifest
#   since: v0.1.0
package stateward.mutations["default-service-name"]

import data.stateward.lib.cluster
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.selector

report contains result.mutation(rego.metadata.chain(), entry, {
	"path": ["spec", "serviceName"],
	"what": sprintf("is absent; Stateward sets %q, the one headless Service that selects these pods", [name]),
	"patch": [{"op": "add", "path": "/spec/serviceName", "value": name}],
}) if {
	some entry in review.statefulsets
	entry.operation in {"MANIFEST", "CREATE"}
	object.get(entry.object, ["spec", "serviceName"], null) in {"", null}
	name := cluster.only_headless_service(entry.namespace, selector.labels(entry.object))
}
