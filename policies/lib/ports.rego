# METADATA
# title: Ports
# description: The ports of Services, and the containers of a StatefulSet that they lead to.
package stateward.lib.ports

import data.stateward.lib.image

# METADATA
# title: Title
# description: What people call a port of a Service, by its name where it has one.
title(port) := sprintf("%q", [port.name]) if {
	is_string(port.name)
	port.name != ""
} else := sprintf("%v", [object.get(port, "port", "?")])

# METADATA
# title: Target
# description: What a port leads to. Absent, null, 0 and "" are the same to Kubernetes, the Service's own port.
target(port) := port.targetPort if not object.get(port, "targetPort", null) in {null, 0, ""}

else := port.port

# METADATA
# title: Protocol
# description: The protocol of a port of a Service or a container.
protocol(port) := port.protocol if is_string(port.protocol)

else := "TCP"

# METADATA
# title: Named
# description: True where a container of the set has a port of this name and protocol.
named(sts, name, protocol) if _of_name(sts, name, protocol)

# METADATA
# title: Number
# description: |
#   The port of the pods that a Service's port leads to; undefined for a name that no container has. Kubernetes looks
#   names up by protocol, and hands numbers on as they are.
number(sts, port) := found if {
	found := target(port)
	is_number(found)
} else := _of_name(sts, target(port), protocol(port)).port.containerPort

# METADATA
# title: Container
# description: The name of the container that declares what a Service's port leads to; undefined where none does.
container(sts, port) := [each.container |
	some each in _declared(sts)
	each.port.containerPort == number(sts, port)
	protocol(each.port) == protocol(port)
][0]

_of_name(sts, name, wanted) := [each |
	some each in _declared(sts)
	each.port.name == name
	protocol(each.port) == wanted
][0]

# The ports of the containers that stay: sidecars are init containers that restart always.
_declared(sts) := [{"container": item.container.name, "port": port} |
	some item in image.containers(sts)
	_stays(item)
	some port in item.container.ports
]

_stays(item) if item.path[3] == "containers"

_stays(item) if item.container.restartPolicy == "Always"
