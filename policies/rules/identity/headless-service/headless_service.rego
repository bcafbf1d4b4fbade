# METADATA
# title: The governing Service exists and is headless
# description: |
#   A StatefulSet's pods get their stable DNS names (`web-0.nginx.default.svc.cluster.local`) from the Service that
#   `spec.serviceName` names. Without it the pods run and cannot find each other. With a cluster IP the Service's
#   own name leads to one address instead of the pods, and the pods' names resolve with some DNS servers only.
#   Nothing in Kubernetes checks this. A dry run of a creation is warned only, because tools such as Flux dry-run a
#   Service and its StatefulSet before they create either.
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
#       enum: [deny, warn, auto]
#       default: deny
#       description: >-
#         What it means that the Service does not exist (yet); auto denies people and warns service accounts, for
#         clusters where backups or other programs create the Service last. A dry run is always a warning. Where the
#         set may be created, Stateward looks 1 and 10 minutes later, and writes an Event if its pods have no Service
#     notHeadless:
#       type: string
#       enum: [deny, warn]
#       default: deny
#       description: What it means that the Service has a cluster IP or type ExternalName
#     empty:
#       type: string
#       enum: [deny, warn]
#       default: deny
#       description: What an empty serviceName means for two or more replicas; for one it is a warning
#   fix: "name a Service with `clusterIP: None` in the StatefulSet's namespace"
#   since: v0.1.0
#   cel:
#     validations:
#       - path: spec.serviceName
#         expression: >-
#           object.spec.?serviceName.orValue('') != '' || object.spec.?replicas.orValue(1) <= 1 || (oldObject != null &&
#           oldObject.spec.?serviceName.orValue('') == '')
#         what: "'is empty, so the pods get no DNS names'"
#     notChecked:
#       services: a policy cannot read other objects
package stateward.rules.identity["headless-service"]

import data.stateward.lib.cluster
import data.stateward.lib.config
import data.stateward.lib.defaults
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.scope
import data.stateward.lib.selector

_path := ["spec", "serviceName"]

report contains result.at(_empty(entry), rego.metadata.chain(), entry, {
	"path": _path,
	"what": "is empty, so the pods get no DNS names",
}) if {
	some entry in review.statefulsets
	_service_name(entry) == ""
	not _filled_in(entry)
}

report contains result.at(_level(entry), rego.metadata.chain(), entry, {
	"path": _path,
	"what": sprintf("Service %q does not exist in namespace %s", [_service_name(entry), entry.namespace]),
	"fix": sprintf("%s a Service %q with `clusterIP: None`", [_provide(entry), _service_name(entry)]),
}) if {
	some entry in review.statefulsets
	_names_nothing(entry)
}

report contains result.at(config.param(rego.metadata.chain(), "notHeadless"), rego.metadata.chain(), entry, {
	"path": _path,
	"what": sprintf("Service %q has %s", [_service_name(entry), _address(service)]),
	"fix": "recreate that Service with `clusterIP: None`, or name another that has it",
}) if {
	some entry in review.statefulsets
	service := cluster.service(entry.namespace, _service_name(entry))
	_address(service)
}

# A single pod has no peers that need its name.
_empty(entry) := "warn" if {
	defaults.replicas(entry.object) <= 1
} else := config.param(rego.metadata.chain(), "empty")

# What a dry run misses may be part of the same dry run.
_level(entry) := "warn" if {
	entry.dry_run
	entry.operation == "CREATE"
} else := _for_actor(config.param(rego.metadata.chain(), "missing"), entry)

_for_actor("auto", entry) := "warn" if {
	scope.class(entry.user) == "automation"
} else := "deny"

_for_actor(level, _) := level if level != "auto"

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
	is_string(name)
	name != ""
	cluster.knows("services")
	not cluster.service(entry.namespace, name)
}

_provide(entry) := "create, or add to the checked files," if entry.operation == "MANIFEST"

else := "first create"

# A manifest without clusterIP gets an address when it is created.
_address(service) := "type ExternalName: its name leads elsewhere and the pods get no DNS names" if {
	service.spec.type == "ExternalName"
} else := sprintf("a cluster IP: %s", [_leads]) if {
	object.get(service, ["spec", "clusterIP"], "") in {"", null}
} else := sprintf("clusterIP %s: %s", [service.spec.clusterIP, _leads]) if {
	service.spec.clusterIP != "None"
}

_leads := "its name leads to one address and not to the pods, whose own names resolve with some DNS servers only"
