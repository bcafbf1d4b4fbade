# METADATA
# title: Peers that start together find each other before they are ready
# description: |
#   Pods of a Parallel set that form a cluster look each other up by name while none of them is ready. A governing
#   Service hands out only the names of ready pods, unless it has `publishNotReadyAddresses: true`: each waits for the
#   others. A set counts as one of peers where a container's command, arguments or variables name a pod of the set, or
#   the governing Service. An update of a governing Service that takes the field away is warned of for every set of
#   several pods.
# related_resources:
#   - ref: https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/#ServiceSpec
# custom:
#   severity: warn
#   on:
#     statefulsets: [CREATE, UPDATE]
#     services: [UPDATE]
#   reads: [services, statefulsets]
#   fix: "set `publishNotReadyAddresses: true` on the governing Service"
#   since: v0.1.0
package stateward.rules.identity.peers

import data.stateward.lib.cluster
import data.stateward.lib.defaults
import data.stateward.lib.image
import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "serviceName"],
	"what": sprintf("Service %q hides pods that are not ready; these start together and look each other up", [name]),
	"fields": [["spec", "serviceName"], ["spec", "podManagementPolicy"], ["spec", "replicas"]],
}) if {
	some entry in review.statefulsets
	defaults.pod_management(entry.object) == "Parallel"
	defaults.replicas(entry.object) > 1
	name := entry.object.spec.serviceName
	service := cluster.service(entry.namespace, name)
	service.spec.clusterIP == "None"
	object.get(service, ["spec", "publishNotReadyAddresses"], false) == false
	_looks_up(entry, name)
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "publishNotReadyAddresses"],
	"what": sprintf("this change hides the pods of StatefulSet %q from each other until they are ready", [
		sts.metadata.name,
	]),
	"fix": "keep `publishNotReadyAddresses: true`, or make sure that no pod waits for another",
	"touched": true,
}) if {
	some entry in review.services
	entry.operation == "UPDATE"
	_publishes(entry.old)
	not _publishes(entry.object)
	some sts in cluster.governed_by(entry.namespace, entry.name)
	defaults.replicas(sts) > 1
}

_publishes(service) if service.spec.publishNotReadyAddresses == true

_looks_up(entry, name) if {
	some word in _words(entry.object)
	_names_peer(word, entry.object.metadata.name, name)
}

_names_peer(word, set, service) if contains(word, sprintf("%s-0.%s", [set, service]))

_names_peer(word, _, service) if regex.match(sprintf(`(^|[^a-z0-9.-])%s(\.[a-z0-9-]+\.svc|:\d+|,|$)`, [service]), word)

# What the containers are told.
_words(sts) := {word |
	some item in image.containers(sts)
	some list in ["command", "args"]
	some word in item.container[list]
	is_string(word)
} | {variable.value |
	some item in image.containers(sts)
	some variable in item.container.env
	is_string(variable.value)
}
