# METADATA
# title: The storage class suits a StatefulSet
# description: |
#   Claims of a class without `allowVolumeExpansion` keep their initial size: a full disk then means a new set and a
#   copy of the data. A class with binding mode `Immediate` picks the zone of a volume before the scheduler picks the
#   node of the pod, so a set that spreads over zones can end up with pods that no node can run.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/storage/storage-classes/#volume-binding-mode
# custom:
#   severity: warn
#   profile:
#     strict: deny
#   on:
#     statefulsets: [CREATE]
#   reads: [storageclasses]
#   fix: "use a class with `allowVolumeExpansion` and `WaitForFirstConsumer`: the templates cannot be changed later"
#   since: v0.1.0
package stateward.rules.storage["storage-class-fit"]

import data.stateward.lib.claim
import data.stateward.lib.cluster
import data.stateward.lib.defaults
import data.stateward.lib.result
import data.stateward.lib.topology

report contains result.violation(rego.metadata.chain(), template.entry, {
	"path": array.concat(template.path, claim.class_path(template.claim)),
	"what": sprintf("class %q %s", [class.metadata.name, fault]),
}) if {
	some template in claim.new_templates
	class := _class(template.claim)
	some fault in _faults(class, template.entry.object)
}

_class(claimed) := cluster.storage_class(claim.class(claimed))

_class(claimed) := cluster.default_storage_class if not claim.class(claimed)

_faults(class, sts) := array.concat(
	[fault | not class.allowVolumeExpansion; fault := "cannot expand volumes: claims keep their initial size"],
	[fault |
		defaults.binding_mode(class) == "Immediate"
		count(topology.spread_keys(sts) & topology.zone_keys) > 0
		fault := "binds Immediate: a volume may be in a different zone from its pod"
	],
)
