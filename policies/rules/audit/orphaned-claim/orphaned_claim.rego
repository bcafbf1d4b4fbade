# METADATA
# title: Claims belong to a StatefulSet or a pod
# description: |
#   Claims stay when their StatefulSet is deleted. They cost money, and a new set of the same name starts with their old
#   data. The rule reports a claim that is named like one of a StatefulSet if no StatefulSet has a template for it and
#   no pod mounts it, or pods are not known. Claims of scaled-down replicas belong to their set. A claim that is younger
#   than `minutes` is not reported.
# custom:
#   severity: warn
#   on:
#     persistentvolumeclaims: [AUDIT]
#   reads: [statefulsets, pods]
#   params:
#     minutes:
#       type: integer
#       default: 10
#       description: minutes after which it is reported
#   fix: "delete the claim if nothing else names it and its data may go"
#   since: v0.1.0
package stateward.rules.audit["orphaned-claim"]

import data.stateward.lib.age
import data.stateward.lib.cluster
import data.stateward.lib.config
import data.stateward.lib.family
import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["metadata", "name"],
	"what": sprintf("no StatefulSet has a template for this claim and %s: %v, %s old", [
		unmounted,
		_size(entry.object),
		age.text(seconds),
	]),
}) if {
	some entry in review.audited({"PersistentVolumeClaim"})
	origins := family.origins(entry.name)
	count(origins) > 0

	# The controller labels its claims.
	count(object.get(entry.object, ["metadata", "labels"], {})) > 0
	not _owned(entry.object)
	_is_of_no_set(entry, origins)
	unmounted := _unmounted(entry)
	seconds := age.seconds(entry, entry.object.metadata.creationTimestamp)
	seconds >= config.param(rego.metadata.chain(), "minutes") * 60
}

_owned(claim) if count(claim.metadata.ownerReferences) > 0

# The look-up comes before the question whether its resource is known: a rule that looks up what is not known counts as
# undecided.
_is_of_no_set(entry, origins) if {
	not _belongs(entry, origins)
	cluster.knows("statefulsets")
}

_unmounted(entry) := "no pod mounts it" if {
	cluster.mounting(entry.namespace, entry.name) == []
	cluster.knows("pods")
} else := "it is not known whether a pod mounts it" if {
	cluster.mounting(entry.namespace, entry.name) == []
}

_belongs(entry, origins) if {
	some origin in origins
	some template in cluster.statefulset(entry.namespace, origin.set).spec.volumeClaimTemplates
	template.metadata.name == origin.template
}

_size(claim) := size if {
	size := claim.status.capacity.storage
} else := object.get(claim, ["spec", "resources", "requests", "storage"], "size unknown")
