# METADATA
# title: Removing a Service in use needs confirmation
# description: |
#   Deleting the governing Service of a running StatefulSet, or changing its selector, removes the DNS names of all pods
#   at once. Peers, clients and quorum members lose each other while all pods keep running. That is so for pods that an
#   orphan delete left behind, too. A port is lost in the same way: removing one that a container declares is denied,
#   for every Service that selects the pods, and any other change of a port's name, number or target is a warning. So is
#   the deletion of the only other Service that selects the pods, or a change after which it no longer does: clients
#   lose the address that they use.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-network-id
# custom:
#   severity: deny
#   confirm: true
#   on:
#     services: [UPDATE, DELETE]
#   reads: [statefulsets, services, persistentvolumeclaims, pods]
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
import data.stateward.lib.listing
import data.stateward.lib.ports
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.selector

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["metadata", "name"],
	"what": sprintf("Service %q governs StatefulSet %q: %s", [entry.name, sts.metadata.name, _loss(entry, sts)]),
}) if {
	some entry in review.deletions("Service")
	some sts in _running(entry)
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["metadata", "name"],
	"what": sprintf("Service %q names %s, which run on without their StatefulSet", [
		entry.name,
		listing.short(names),
	]),
	"fix": "create the StatefulSet again, or let its pods end first",
}) if {
	some entry in review.deletions("Service")
	names := sort([pod.metadata.name | some pod in _orphans(entry)])
	count(names) > 0
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": _changed(entry),
	"what": sprintf("this change stops selecting %s, which run on without their StatefulSet", [listing.short(names)]),
	"fix": "create the StatefulSet again, or let its pods end first",
}) if {
	some entry in review.services
	entry.operation == "UPDATE"
	_redirected(entry)
	names := sort([pod.metadata.name |
		some pod in _orphans(entry)
		_leads(entry.old, pod.metadata.labels)
		not _leads(entry.object, pod.metadata.labels)
	])
	count(names) > 0
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": ["metadata", "name"],
	"what": sprintf("Service %q is the only address of StatefulSet %q for clients: they no longer reach it", [
		entry.name,
		sts.metadata.name,
	]),
	"fix": "create the Service that they are to use first",
}) if {
	some entry in review.deletions("Service")
	some sts in _clients(entry)
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": _changed(entry),
	"what": sprintf("Service %q no longer leads to StatefulSet %q, whose only address it is for clients", [
		entry.name,
		sts.metadata.name,
	]),
	"fix": "keep this Service, and create the new one under another name",
}) if {
	some entry in review.services
	entry.operation == "UPDATE"
	_redirected(entry)
	some sts in _clients(entry)
	not _selects(entry.object, sts)
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

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "ports"],
	"what": sprintf("without port %s %s container %q of StatefulSet %q", [
		_said(port),
		_who_loses(entry),
		container,
		sts.metadata.name,
	]),
	"fix": "keep the port, and add the new one beside it",
}) if {
	some entry in _port_changes
	some sts in _behind(entry)
	some port in entry.old.spec.ports
	_lost(entry, sts, port)
	container := ports.container(sts, port)
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": ["spec", "ports"],
	"what": sprintf("port %s of StatefulSet %q %s: clients that use it as it was must change", [
		_said(port),
		sts.metadata.name,
		becomes,
	]),
	"fix": "keep the port, and add the new one beside it",
}) if {
	some entry in _port_changes
	some sts in _behind(entry)
	some port in entry.old.spec.ports
	becomes := _becomes(entry, sts, port)
}

# The sets that clients reach by this Service and no other.
_clients(entry) := [sts |
	cluster.knows("services")
	some sts in cluster.labelled("statefulsets", entry.namespace, _selector(entry.old))
	object.get(sts, ["spec", "serviceName"], "") != entry.name
	_runs(sts, entry)
	_selects(entry.old, sts)
	not _has_another(entry, sts)
]

_orphans(entry) := [pod |
	some pod in cluster.orphans(entry.namespace)
	pod.spec.subdomain == entry.name
]

_has_another(entry, sts) if {
	some service in cluster.selecting("services", entry.namespace, selector.labels(sts))
	service.metadata.name != entry.name
	not service.metadata.deletionTimestamp
	not _is_for_peers(service, sts)
	_selects(service, sts)
}

# The headless governing Service names single pods, for their peers.
_is_for_peers(service, sts) if {
	service.metadata.name == sts.spec.serviceName
	service.spec.clusterIP == "None"
}

# Updates that change no port need no look at the sets.
_port_changes := [entry |
	some entry in review.services
	entry.operation == "UPDATE"
	object.get(entry.old, ["spec", "ports"], null) != object.get(entry.object, ["spec", "ports"], null)
]

_behind(entry) := [sts |
	some sts in array.concat(
		cluster.governed_by(entry.namespace, entry.name),
		cluster.labelled("statefulsets", entry.namespace, _selector(entry.old)),
	)
	_runs(sts, entry)
	_selects(entry.old, sts)
	_selects(entry.object, sts)
]

# A port that no other one follows, or only one that leads to no container.
_lost(entry, _, port) if not _after(entry, port)

_lost(entry, sts, port) if {
	ports.number(sts, port)
	not ports.number(sts, _after(entry, port))
}

_becomes(entry, sts, port) := "is removed" if {
	_lost(entry, sts, port)
	not ports.container(sts, port)
} else := sprintf("becomes %s", [_said(after)]) if {
	not _lost(entry, sts, port)
	after := _after(entry, port)
	_differs(sts, port, after)
}

# The number is what clients connect to, the name what they look up.
_after(entry, port) := array.concat(
	[other |
		some other in entry.object.spec.ports
		other.port == port.port
		ports.protocol(other) == ports.protocol(port)
	],
	[other |
		some other in entry.object.spec.ports
		port.name != ""
		other.name == port.name
	],
)[0]

_differs(_, port, after) if port.port != after.port

_differs(_, port, after) if ports.protocol(port) != ports.protocol(after)

_differs(sts, port, after) if ports.number(sts, port) != ports.number(sts, after)

_differs(_, port, after) if {
	port.name != ""
	port.name != object.get(after, "name", "")
}

_said(port) := sprintf("%v (%v/%s to %v)", [ports.title(port), port.port, ports.protocol(port), ports.target(port)])

_who_loses(entry) := "clients that look up ports no longer find" if {
	entry.object.spec.clusterIP == "None"
} else := "clients of this Service no longer reach"

# Most updates are not, and to find out who needs a Service may take a look at the API server.
_redirected(entry) if entry.object.spec.type == "ExternalName"

_redirected(entry) if _selector(entry.object) != _selector(entry.old)

_running(entry) := [sts |
	some sts in cluster.governed_by(entry.namespace, entry.name)
	_runs(sts, entry)
]

_runs(sts, entry) if {
	defaults.replicas(sts) > 0
	not sts.metadata.deletionTimestamp
	not confirmation.ends(sts, entry)
}

_selects(service, sts) if _leads(service, object.get(sts, ["spec", "template", "metadata", "labels"], {}))

_leads(service, labels) if {
	object.get(service, ["spec", "type"], "ClusterIP") != "ExternalName"
	selector := _selector(service)
	count(selector) > 0
	every key, value in selector {
		labels[key] == value
	}
}

# A file may hold the field with nothing behind it.
_selector(service) := wanted if {
	wanted := object.get(service, ["spec", "selector"], {})
	is_object(wanted)
} else := {}

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
