# METADATA
# title: Reached
# description: |
#   What a request reaches through another object, such as the pods of a node. The Guardrails select by those: the
#   object of the request may have no namespace.
package stateward.lib.reached

import data.stateward.lib.config
import data.stateward.lib.scope

# METADATA
# title: Guarded
# description: True where the Guardrails select an object for the rule whose metadata chain is given.
guarded(chain, entry, reached) if {
	some link in chain
	link.annotations.scope == "package"
	not scope.outside(config.names(link), object.union(entry, {
		"kind": reached.kind,
		"namespace": object.get(reached, ["metadata", "namespace"], "default"),
		"name": reached.metadata.name,
		"object": reached,
		"old": reached,
	}))
}
