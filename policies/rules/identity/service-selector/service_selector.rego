# METADATA
# title: The governing Service selects the pods
# description: |
#   A headless Service creates DNS names only for the pods that its selector matches. If one label differs between the
#   Service's `spec.selector` and the pod template, all pods of the set are left without a name. An update of the
#   template's labels after which another Service no longer selects the pods is a warning.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/services-networking/service/#headless-services
# custom:
#   severity: deny
#   on:
#     statefulsets: [CREATE, UPDATE]
#   reads: [services]
#   fix: give the pod template and the Service's selector the same labels
#   since: v0.1.0
package stateward.rules.identity["service-selector"]

import data.stateward.lib.cluster
import data.stateward.lib.result
import data.stateward.lib.review

_labels_path := ["spec", "template", "metadata", "labels"]

report contains result.violation(rego.metadata.chain(), entry, {
	"path": _labels_path,
	"what": sprintf("Service %q does not select these pods: %s", [
		entry.object.spec.serviceName,
		concat(", ", _differences(service.spec.selector, labels)),
	]),
	"fields": [["spec", "serviceName"], _labels_path],
}) if {
	some entry in review.statefulsets
	service := _governing(entry)
	labels := _labels(entry.object)
	count(_differences(service.spec.selector, labels)) > 0
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": ["spec", "serviceName"],
	"what": sprintf("Service %q has no selector: pods get DNS names only from EndpointSlices created by hand", [name]),
	"fix": "give it a selector that matches the pod template's labels",
}) if {
	some entry in review.statefulsets
	service := _governing(entry)
	object.get(service, ["spec", "selector"], {}) in {{}, null}
	name := entry.object.spec.serviceName
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": _labels_path,
	"what": sprintf("clients of Service %q lose these pods: %s", [
		service.metadata.name,
		concat(", ", _differences(service.spec.selector, after)),
	]),
	"fix": "change the Service's selector first",
}) if {
	some entry in review.statefulsets
	entry.operation == "UPDATE"
	after := _labels(entry.object)
	before := _labels(entry.old)
	before != after
	some service in cluster.selecting("services", entry.namespace, before)
	service.metadata.name != entry.object.spec.serviceName
	object.get(service, ["spec", "type"], "ClusterIP") != "ExternalName"
	count(service.spec.selector) > 0
	_differences(service.spec.selector, before) == []
	_differences(service.spec.selector, after) != []
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "serviceName"],
	"what": sprintf("the selector of Service %q must be a map of labels", [entry.object.spec.serviceName]),
	"fix": "correct the Service's selector",
}) if {
	some entry in review.statefulsets
	wanted := object.get(_governing(entry), ["spec", "selector"], {})
	wanted != null
	not is_object(wanted)
}

# An ExternalName Service has no use for a selector; headless-service speaks of it.
_governing(entry) := service if {
	service := cluster.service(entry.namespace, entry.object.spec.serviceName)
	object.get(service, ["spec", "type"], "ClusterIP") != "ExternalName"
}

_labels(sts) := {} if {
	object.get(sts, _labels_path, null) == null
} else := object.get(sts, _labels_path, {})

_differences(selector, labels) := sort([difference |
	some key, value in selector
	difference := _difference(key, value, object.get(labels, key, null))
])

_difference(key, want, have) := sprintf("it requires %s=%v, but the pods have no %s", [key, want, key]) if have == null

else := sprintf("it requires %s=%v, but the pods have %s=%v", [key, want, key, have]) if have != want
