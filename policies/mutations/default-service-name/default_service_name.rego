# METADATA
# title: A StatefulSet without a Service gets the one that selects its pods
# description: |
#   A StatefulSet without `serviceName` is taken, and its pods have no DNS names; the field cannot be set afterwards.
#   Where exactly one headless Service of the namespace selects the pod template's labels, that Service is meant. Where
#   there are several, or none, nobody but the author can tell, and the rule headless-service speaks.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-network-id
# custom:
#   on:
#     statefulsets: [CREATE]
#   reads: [services]
#   fix: write the serviceName into the manifest
#   since: v0.1.0
package stateward.mutations["default-service-name"]

import data.stateward.lib.cluster
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.selector

report contains result.mutation(rego.metadata.chain(), entry, {
	"path": ["spec", "serviceName"],
	"what": sprintf("absent, Stateward sets %q, the one headless Service that selects these pods", [name]),
	"patch": [{"op": "add", "path": "/spec/serviceName", "value": name}],
}) if {
	some entry in review.statefulsets
	entry.operation in {"MANIFEST", "CREATE"}
	object.get(entry.object, ["spec", "serviceName"], null) in {"", null}
	name := cluster.only_headless_service(entry.namespace, selector.labels(entry.object))
}
