# METADATA
# title: The ports of Services lead to the pods
# description: |
#   Peers and clients that look for `_client._tcp.nginx.default.svc.cluster.local` are sent to the ports of the
#   governing Service. A port whose `targetPort` is a name that no container has (under the same protocol) is left out
#   without a word. The same is said of other Services that select the pods, where an update of the template takes away
#   the port that they name: clients lose it with each pod that restarts. Containers need not declare their ports, so
#   numbers are not judged; and a headless Service without ports still gives the pods their names.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#srv-records
# custom:
#   severity: warn
#   on:
#     statefulsets: [CREATE, UPDATE]
#   reads: [services]
#   fix: "give the Service ports whose `targetPort` is a containerPort, or the name of one"
#   since: v0.1.0
package stateward.rules.identity["service-ports"]

import data.stateward.lib.cluster
import data.stateward.lib.image
import data.stateward.lib.ports
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.rollout
import data.stateward.lib.selector

_path := ["spec", "serviceName"]

report contains result.violation(rego.metadata.chain(), entry, {
	"path": _path,
	"what": sprintf("Service %q %s", [name, problem]),
	"touched": _touched(entry, _problems(service, entry.old), problem),
}) if {
	some entry in review.statefulsets
	name := entry.object.spec.serviceName
	service := cluster.service(entry.namespace, name)

	# An ExternalName Service has no endpoints; headless-service speaks of it.
	object.get(service, ["spec", "type"], "ClusterIP") != "ExternalName"
	some problem in _problems(service, entry.object)
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": ["spec", "template", "spec", "containers"],
	"what": sprintf("clients of Service %q lose %s", [service.metadata.name, problem]),
	"fix": "keep the name of the port, or change the Service's targetPort to a number first",
}) if {
	some entry in review.statefulsets
	rollout.changes(entry)
	_ports(entry.object) != _ports(entry.old)
	labels := selector.labels(entry.object)
	some service in cluster.selecting("services", entry.namespace, labels)
	service.metadata.name != entry.object.spec.serviceName
	object.get(service, ["spec", "type"], "ClusterIP") != "ExternalName"
	_selects(service, labels)
	some problem in (_problems(service, entry.object) - _problems(service, entry.old))
}

# Most updates leave them alone.
_ports(sts) := [object.get(item.container, "ports", []) | some item in image.containers(sts)]

_selects(service, labels) if {
	wanted := service.spec.selector
	count(wanted) > 0
	object.subset(labels, wanted)
}

# What was wrong before, with the same Service, is no news.
default _touched(_, _, _) := true

_touched(entry, problems_before, problem) := false if {
	entry.old.spec.serviceName == entry.object.spec.serviceName
	problem in problems_before
}

_problems(service, sts) := {sprintf("port %s: %s", [ports.title(port), missing]) |
	some port in service.spec.ports
	missing := _missing(port, sts)
}

# Kubernetes looks names up by protocol, and hands numbers on as they are.
_missing(port, sts) := sprintf("no container has a %s port named %q", [ports.protocol(port), target]) if {
	target := ports.target(port)
	is_string(target)
	not ports.named(sts, target, ports.protocol(port))
} else := sprintf("targetPort %v is neither a number nor a name", [json.marshal(target)]) if {
	target := ports.target(port)
	not is_string(target)
	not is_number(target)
}
