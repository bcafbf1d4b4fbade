# METADATA
# title: Families
# description: |
#   What a StatefulSet and its pods and claims have to do with each other, by their names. The controller calls a claim
#   TEMPLATE-SET-ORDINAL. Source: pkg/controller/statefulset/stateful_set_utils.go.
package stateward.lib.family

import data.stateward.lib.cluster
import data.stateward.lib.defaults

# Claims that are looked at, of a set that may have thousands.
_most := 100

# METADATA
# title: Origins
# description: |
#   Each template and StatefulSet that may have made a claim of this name, as {template, set}: both may have dashes.
#   Empty for a name of another form.
# scope: document
origins(claim) := [{"template": template, "set": set} |
	some index in numbers.range(1, last - 1)
	template := concat("-", array.slice(parts, 0, index))
	set := concat("-", array.slice(parts, index, last))
] if {
	parts := split(claim, "-")
	last := count(parts) - 1
	last > 1
	regex.match(`^(?:0|[1-9]\d*)$`, parts[last])
} else := []

# METADATA
# title: Claims
# description: |
#   The claims of the replicas of a stored StatefulSet that exist, as {index, template, claim}, by the index of their
#   template; those of the first 100 replicas.
claims(namespace, sts) := [{"index": index, "template": template, "claim": found} |
	start := defaults.ordinals_start(sts)
	defaults.replicas(sts) > 0
	some index, template in sts.spec.volumeClaimTemplates
	some ordinal in numbers.range(start, (start + min([defaults.replicas(sts), _most])) - 1)
	found := cluster.claim(namespace, sprintf("%s-%s-%d", [template.metadata.name, sts.metadata.name, ordinal]))
]
