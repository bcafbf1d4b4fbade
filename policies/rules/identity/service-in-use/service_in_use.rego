# METADATA
# title: Removing a Service in use needs confirmation
# description: |
#   Deleting the governing Service of a running StatefulSet, or changing its selector, removes the DNS names of all
#   pods at once. Peers, clients and quorum members lose each other while all pods keep running.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-network-id
# custom:
#   severity: deny
#   confirm: true
#   on:
#     services: [UPDATE, DELETE]
#   reads: [statefulsets]
#   params:
#     clusterDomain:
#       type: string
#       default: cluster.local
#       description: The DNS domain of the cluster
#   fix: scale the StatefulSet to 0 or delete it first
#   since: v0.1.0
package stateward.rules.identity["service-in-use"]

import data.stateward.lib.cluster
import data.stateward.lib.config
import data.stateward.lib.confirmation
import data.stateward.lib.defaults
import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["metadata", "name"],
	"what": sprintf("Service %q governs StatefulSet %q: %s", [entry.name, sts.metadata.name, _loss(entry, sts)]),
}) if {
	some entry in review.deletions("Service")
	some sts in _running(entry)
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": path,
	"what": sprintf("this change stops selecting the pods of StatefulSet %q: %s", [sts.metadata.name, _loss(entry, sts)]),
	"fix": "keep this Service, and create the new one under another name",
}) if {
	some entry in review.services
	entry.operation == "UPDATE"
	_redirected(entry)
	some sts in _running(entry)
	_selects(entry.old, sts)
	not _selects(entry.object, sts)
	path := _changed(entry)
}

# Most updates are not, and to find out who needs a Service may take a look at the API server.
_redirected(entry) if entry.object.spec.type == "ExternalName"

_redirected(entry) if _selector(entry.object) != _selector(entry.old)

_running(entry) := [sts |
	some sts in cluster.governed_by(entry.namespace, entry.name)
	defaults.replicas(sts) > 0
	not sts.metadata.deletionTimestamp
	not confirmation.ends(sts, entry)
]

_selects(service, sts) if {
	object.get(service, ["spec", "type"], "ClusterIP") != "ExternalName"
	labels := object.get(sts, ["spec", "template", "metadata", "labels"], {})
	selector := _selector(service)
	count(selector) > 0
	every key, value in selector {
		labels[key] == value
	}
}

_selector(service) := object.get(service, ["spec", "selector"], {})

_changed(entry) := ["spec", "type"] if entry.object.spec.type == "ExternalName"

else := ["spec", "selector"]

# Three names are enough to know what is meant.
_loss(entry, sts) := sprintf("%s would vanish from DNS", [_names(
	[_name(entry, sts, index) | some index in numbers.range(0, min([2, replicas - 1]))],
	replicas - 3,
)]) if {
	replicas := defaults.replicas(sts)
}

_name(entry, sts, index) := sprintf("%s-%d.%s.%s.svc.%s", [
	sts.metadata.name,
	defaults.ordinals_start(sts) + index,
	entry.name,
	entry.namespace,
	config.param(rego.metadata.chain(), "clusterDomain"),
])

_names(names, more) := sprintf("%s and %d more", [concat(", ", names), more]) if more > 0

else := concat(", ", names)
