# METADATA
# title: Nodes
# description: The state of a Node, and what only it can reach.
package stateward.lib.node

# METADATA
# title: Is Ready
# description: True for a Node whose kubelet reports that it is healthy.
is_ready(node) if {
	some condition in node.status.conditions
	condition.type == "Ready"
	condition.status == "True"
}

# METADATA
# title: Is out of service
# description: |
#   True for a Node that is not Ready, and which an administrator has declared to be switched off. Source: gcTerminating
#   in pkg/controller/podgc/gc_controller.go.
is_out_of_service(node) if {
	not is_ready(node)
	some taint in node.spec.taints
	taint.key == "node.kubernetes.io/out-of-service"
}

# METADATA
# title: Names
# description: The names by which others mean this Node, as a set; volumes mean it by its host name.
names(node) := {node.metadata.name} | {host | host := node.metadata.labels["kubernetes.io/hostname"]}

# METADATA
# title: Alone reaches
# description: True for a volume that only pods on this Node can use, such as a local disk.
alone_reaches(node, volume) if {
	terms := volume.spec.nodeAffinity.required.nodeSelectorTerms
	count(terms) > 0
	every term in terms {
		_is_this(node, term)
	}
}

_is_this(node, term) if {
	some expression in term.matchExpressions
	expression.operator == "In"
	{value | some value in expression.values} & names(node) == {value | some value in expression.values}
}
