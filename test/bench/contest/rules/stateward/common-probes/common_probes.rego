# METADATA
# title: Containers have probes
# description: Without probes a rollout goes on over pods that do not work.
# custom:
#   severity: deny
#   on:
#     statefulsets: [CREATE, UPDATE]
#   fix: add the probe
#   since: v0.1.0
package stateward.custom.rules.common["common-probes"]

import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "template", "spec", "containers"],
	"what": sprintf("%s has no %s", [container.name, probe]),
	"touched": true,
}) if {
	some entry in review.statefulsets
	some container in entry.object.spec.template.spec.containers
	some probe in ["livenessProbe", "readinessProbe"]
	not container[probe]
}
