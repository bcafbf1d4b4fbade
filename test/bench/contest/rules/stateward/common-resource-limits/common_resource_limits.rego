# METADATA
# title: Containers have limits
# description: A container without limits takes what its neighbours need.
# custom:
#   severity: deny
#   on:
#     statefulsets: [CREATE, UPDATE]
#   fix: set limits of cpu and memory
#   since: v0.1.0
package stateward.custom.rules.common["common-resource-limits"]

import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "template", "spec", "containers"],
	"what": sprintf("%s has no limit of %s", [container.name, resource]),
	"touched": true,
}) if {
	some entry in review.statefulsets
	some container in entry.object.spec.template.spec.containers
	some resource in ["cpu", "memory"]
	not container.resources.limits[resource]
}
