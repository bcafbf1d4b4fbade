# METADATA
# title: Deleting a claim in use needs confirmation
# description: |
#   The pod `web-0` of StatefulSet `web` finds its data in the claim `www-web-0`, by name alone. Deleting a claim
#   cannot be undone: the claim stays terminating until the pod stops, and the next start of the pod finds an empty
#   disk. The reclaim policy of the volume decides whether the old disk is deleted too.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/storage/persistent-volumes/#storage-object-in-use-protection
# custom:
#   severity: deny
#   confirm: true
#   on:
#     persistentvolumeclaims: [DELETE]
#   reads: [statefulsets, persistentvolumes]
#   fix: scale the StatefulSet down first, so that nothing needs the claim
#   since: v0.1.0
package stateward.rules.storage["claim-in-use"]

import data.stateward.lib.cluster
import data.stateward.lib.defaults
import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), use.entry, {
	"path": ["metadata", "name"],
	"what": sprintf("claim %q holds the data of pod %s-%d; %s", [
		use.entry.name,
		use.sts.metadata.name,
		use.ordinal,
		_disk(use.entry.old),
	]),
}) if {
	some use in _uses
	_in_range(use.sts, use.ordinal)
}

report contains result.advice(rego.metadata.chain(), use.entry, {
	"path": ["metadata", "name"],
	"what": sprintf("claim %q belongs to StatefulSet %q, which is scaled below it; %s", [
		use.entry.name,
		use.sts.metadata.name,
		_disk(use.entry.old),
	]),
	"fix": "keep it if the StatefulSet may be scaled up again",
}) if {
	some use in _uses
	not _in_range(use.sts, use.ordinal)
}

# The claims under deletion that belong to a StatefulSet, by the names that its controller gives them.
_uses := [use |
	some entry in review.deletions("PersistentVolumeClaim")
	some sts in cluster.statefulsets(entry.namespace)
	object.get(sts, ["metadata", "deletionTimestamp"], null) == null
	some template in sts.spec.volumeClaimTemplates
	prefix := sprintf("%s-%s-", [template.metadata.name, sts.metadata.name])
	startswith(entry.name, prefix)
	suffix := trim_prefix(entry.name, prefix)
	regex.match(`^(0|[1-9]\d{0,9})$`, suffix)
	use := {"entry": entry, "sts": sts, "ordinal": to_number(suffix)}
]

_in_range(sts, ordinal) if {
	start := defaults.ordinals_start(sts)
	ordinal >= start
	ordinal < start + defaults.replicas(sts)
}

_disk(claim) := "its disk and the data are DELETED with it" if {
	cluster.reclaim_policy(claim) == "Delete"
} else := "its disk is kept (reclaim policy Retain)" if {
	cluster.reclaim_policy(claim) == "Retain"
} else := "what happens to its disk is unknown"
