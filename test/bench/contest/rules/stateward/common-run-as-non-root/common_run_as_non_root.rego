# METADATA
# title: Containers do not run as root
# description: Who gets out of a container as root is root on the node.
# custom:
#   severity: deny
#   on:
#     statefulsets: [CREATE, UPDATE]
#   fix: set runAsNonRoot
#   since: v0.1.0
package stateward.custom.rules.common["common-run-as-non-root"]

import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "template", "spec", "containers"],
	"what": sprintf("%s may run as root", [container.name]),
	"touched": true,
}) if {
	some entry in review.statefulsets
	pod := object.get(entry.object.spec.template.spec, ["securityContext", "runAsNonRoot"], false)
	some container in entry.object.spec.template.spec.containers
	not object.get(container, ["securityContext", "runAsNonRoot"], pod)
}
