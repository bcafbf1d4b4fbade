# METADATA
# title: A governing Service selects only its StatefulSet
# description: |
#   Clients and peers take every address of a governing Service for a member of its StatefulSet. If its selector also
#   matches the pods of a Deployment or of another set, part of the connections ends at a pod that holds no data, or
#   the data of another system. Several sets may share one governing Service on purpose: those that name it are not
#   reported. This rule is off until Guardrails set its action. In a cluster it checks StatefulSets and Services when
#   they are written, not Deployments: no request about a Deployment or a pod reaches Stateward.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/services-networking/service/#headless-services
# custom:
#   severity: "off"
#   confirm: true
#   on:
#     statefulsets: [CREATE, UPDATE]
#     services: [UPDATE]
#   reads: [services, statefulsets, deployments]
#   fix: give the Service's selector and the set's pod template a label that the other workload lacks
#   since: v0.1.0
package stateward.rules.identity["foreign-endpoint"]

import data.stateward.lib.cluster
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.selector

_labels_path := ["spec", "template", "metadata", "labels"]

# The set's own Service.
report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "serviceName"],
	"what": sprintf("Service %q also selects the pods of %s", [name, foreign.title]),
	"fields": [["spec", "serviceName"]],
	"others": [foreign.object],
}) if {
	some entry in review.statefulsets
	name := entry.object.spec.serviceName
	some foreign in _foreigners(entry.namespace, cluster.service(entry.namespace, name))
	[foreign.object.kind, foreign.object.name] != ["StatefulSet", entry.name]
}

# The Service of another set.
report contains result.violation(rego.metadata.chain(), entry, {
	"path": _labels_path,
	"what": sprintf("Service %q, which governs StatefulSet %q, also selects these pods", [
		service.metadata.name,
		other.metadata.name,
	]),
	"fields": [_labels_path, ["spec", "serviceName"]],
	"others": [{"kind": "Service", "namespace": entry.namespace, "name": service.metadata.name}],
}) if {
	some entry in review.statefulsets
	some service in cluster.selecting("services", entry.namespace, selector.labels(entry.object))
	service.metadata.name != entry.object.spec.serviceName
	_selects(service, selector.labels(entry.object))
	some other in cluster.governed_by(entry.namespace, service.metadata.name)
	other.metadata.name != entry.name
	_selects(service, selector.labels(other))
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "selector"],
	"what": sprintf("this Service governs StatefulSet %q, and also selects the pods of %s", [
		governed[0].metadata.name,
		foreign.title,
	]),
	"others": [foreign.object],
}) if {
	some entry in review.services
	entry.operation == "UPDATE"
	governed := cluster.governed_by(entry.namespace, entry.name)
	some foreign in _foreigners(entry.namespace, entry.object)
}

# The workloads that the Service selects and does not govern.
_foreigners(namespace, service) := [{
	"title": sprintf("%s %q", [kind, workload.metadata.name]),
	"object": {"kind": kind, "namespace": namespace, "name": workload.metadata.name},
} |
	is_object(service.spec.selector)
	some kind, resource in {"Deployment": "deployments", "StatefulSet": "statefulsets"}
	some workload in cluster.labelled(resource, namespace, service.spec.selector)
	_selects(service, selector.labels(workload))
	object.get(workload, ["spec", "serviceName"], "") != service.metadata.name
	object.get(workload, ["metadata", "deletionTimestamp"], null) == null
]

_selects(service, labels) if {
	object.get(service, ["spec", "type"], "") != "ExternalName"
	count(service.spec.selector) > 0
	selector.matches({"matchLabels": service.spec.selector}, labels)
}
