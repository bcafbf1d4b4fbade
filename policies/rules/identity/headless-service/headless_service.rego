# METADATA
# title: The governing Service exists and is headless
# description: |
#   The pods of a StatefulSet get their stable DNS names (`web-0.nginx.default.svc.cluster.local`) from the Service in
#   `spec.serviceName`. If that Service is missing or has a cluster IP, the pods run but cannot find each other.
#   Kubernetes does not check this.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-network-id
# custom:
#   severity: deny
#   on:
#     statefulsets: [CREATE, UPDATE]
#   reads: [services]
#   params:
#     missing:
#       type: string
#       enum: [deny, warn]
#       default: deny
#       description: Level for a Service that does not exist (yet); use warn if Services are applied later
#   fix: "name a Service with `clusterIP: None` in the StatefulSet's namespace"
#   since: v0.1.0
#   cel:
#     validations:
#       - path: spec.serviceName
#         expression: >-
#           object.spec.?serviceName.orValue('') != '' || (oldObject != null &&
#           oldObject.spec.?serviceName.orValue('') == '')
#         what: "'is empty, so the pods get no DNS names'"
#     unseen:
#       services: a policy cannot read other objects
package stateward.rules.identity["headless-service"]

import data.stateward.lib.cluster
import data.stateward.lib.config
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.selector

_path := ["spec", "serviceName"]

report contains result.violation(rego.metadata.chain(), entry, {
	"path": _path,
	"what": "is empty, so the pods get no DNS names",
}) if {
	some entry in review.statefulsets
	_service_name(entry) == ""
	not _filled_in(entry)
}

report contains result.violation(rego.metadata.chain(), entry, _missing(entry)) if {
	config.param(rego.metadata.chain(), "missing") == "deny"
	some entry in review.statefulsets
	_names_nothing(entry)
}

report contains result.advice(rego.metadata.chain(), entry, _missing(entry)) if {
	config.param(rego.metadata.chain(), "missing") == "warn"
	some entry in review.statefulsets
	_names_nothing(entry)
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": _path,
	"what": sprintf("Service %q has %s, so the pods get no DNS names", [_service_name(entry), _address(service)]),
	"fix": "recreate that Service with `clusterIP: None`, or name another that has it",
}) if {
	some entry in review.statefulsets
	service := cluster.service(entry.namespace, _service_name(entry))
	_address(service)
}

_service_name(entry) := "" if {
	object.get(entry.object, _path, null) == null
} else := object.get(entry.object, _path, "")

# What a manifest leaves open, the mutation default-service-name fills in when the manifest is applied.
_filled_in(entry) if {
	entry.operation == "MANIFEST"
	not config.off("default-service-name")
	cluster.only_headless_service(entry.namespace, selector.labels(entry.object))
}

_names_nothing(entry) if {
	name := _service_name(entry)
	name != ""
	cluster.knows("services")
	not cluster.service(entry.namespace, name)
}

_missing(entry) := {
	"path": _path,
	"what": sprintf("Service %q does not exist in namespace %s", [_service_name(entry), entry.namespace]),
	"fix": sprintf("%s a Service %q with `clusterIP: None`", [_provide(entry), _service_name(entry)]),
}

_provide(entry) := "create, or add to the checked files," if entry.operation == "MANIFEST"

else := "first create"

# What makes a Service no headless one. A manifest without clusterIP gets an address when it is created.
_address(service) := "type ExternalName" if {
	service.spec.type == "ExternalName"
} else := "a cluster IP" if {
	object.get(service, ["spec", "clusterIP"], "") in {"", null}
} else := sprintf("clusterIP %s", [service.spec.clusterIP]) if {
	service.spec.clusterIP != "None"
}
