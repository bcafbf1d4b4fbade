# METADATA
# title: Start a new image on one pod automatically
# description: |
#   If a StatefulSet has the label `stateward.dev/canary: auto`, a request with a new image and without a partition
#   gets the partition `replicas - 1`: the last pod runs the new image, and the others follow when you lower the
#   partition. It keeps a partition that the request sets, and does not slow down a change back to the images of the
#   current revision.
#
#   A GitOps tool applies its manifest again and again, often with `partition: 0`, which would end the canary. So
#   Stateward records the partition and the images in the annotation `stateward.dev/canary-hold`, and as long as those
#   images roll out, a service account cannot lower the partition: its request is corrected, also as a dry run, so that
#   the tool sees no difference. It is warned only if the request changes the pod template too. People and the actors
#   in `spec.promoters` of the Guardrails lower the partition as usual, for example with `stateward promote sts/web`; a
#   partition above 0 is then held at the new value.
#
#   The hold ends when the partition is 0, the rollout is complete, the containers get the images of the current
#   revision again, or the label or the strategy RollingUpdate is removed. Only Stateward writes the annotation: a
#   request that sets, changes or drops it is corrected. A hold in which the images or the partition are not those of
#   the stored object has no effect, and no hold restricts a person.
#
#   An update that [rollout-hold](../rollout-hold/) keeps from every pod is held in the same way, without the label.
# related_resources:
#   - ref: https://kubernetes.io/docs/tutorials/stateful-application/basic-stateful-set/#staging-an-update
# custom:
#   on:
#     statefulsets: [CREATE, UPDATE]
#   reads: [pods, statefulsets, controllerrevisions]
#   fix: lower the partition once that pod works
#   since: v0.1.0
package stateward.mutations["auto-canary"]

import data.stateward.lib.canary
import data.stateward.lib.defaults
import data.stateward.lib.hold
import data.stateward.lib.metadata
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.rollout
import data.stateward.rules.rollout["rollout-group"] as waiting

report contains result.mutation(rego.metadata.chain(), entry, {
	"path": ["spec", "updateStrategy", "rollingUpdate", "partition"],
	"what": sprintf("Stateward sets %v: the new image goes to %s-%d only", [partition, entry.name, ordinal]),
	"patch": hold.patch(entry.object, partition, canary.hold(entry)),
}) if {
	some entry in _requests
	canary.begins(entry)
	partition := canary.partition(entry)
	ordinal := defaults.ordinals_start(entry.object) + partition
}

report contains result.mutation(rego.metadata.chain(), entry, {
	"path": ["spec", "updateStrategy", "rollingUpdate", "partition"],
	"what": sprintf("Stateward keeps %v until a person lowers it: a %s", [partition, _held(entry, partition)]),
	"fix": sprintf("run `stateward promote sts/%s -n %s` %s", [entry.name, entry.namespace, _when(entry, partition)]),
	"patch": hold.patch(entry.object, partition, canary.hold(entry)),
	"silent": _same_template(entry),
}) if {
	some entry in _requests
	not canary.begins(entry)
	partition := canary.partition(entry)
	partition > defaults.partition(entry.object)
}

report contains result.mutation(rego.metadata.chain(), entry, {
	"path": ["metadata", "annotations", metadata.canary_hold],
	"what": _wrong(wanted, metadata.annotation(entry.object, metadata.canary_hold)),
	"fix": "do not set this annotation: Stateward writes it",
	"patch": patch,
	"silent": _expected(entry),
}) if {
	some entry in _requests
	canary.partition(entry) == defaults.partition(entry.object)
	wanted := canary.hold(entry)
	patch := hold.recorded(entry.object, wanted)
	count(patch) > 0
}

# A manifest has no user. Most StatefulSets have neither the label nor the annotation.
_requests := [entry |
	some entry in review.statefulsets
	entry.operation in {"CREATE", "UPDATE"}
	_concerns(entry)

	# The mutation rollout-hold sets a higher partition.
	not waiting.holds(entry)
]

_concerns(entry) if metadata.begins_with_canary(entry.object)

_concerns(entry) if {
	some sts in [entry.old, entry.object]
	metadata.annotation(sts, metadata.canary_hold) != ""
}

_held(entry, partition) := "canary rolls out" if {
	partition < defaults.replicas(entry.object)
} else := "rollout group decides when its update begins"

_when(entry, partition) := "once that pod works" if {
	partition < defaults.replicas(entry.object)
} else := "once the other sets of the group are done"

default _same_template(_) := false

_same_template(entry) if not rollout.changes(entry)

_wrong("", given) := sprintf("this hold has no effect, so Stateward removes it: %q", [given])

_wrong(wanted, _) := sprintf("only Stateward writes this hold: %q", [wanted]) if wanted != ""

# A person is warned of an annotation that the request changes, and not of one that follows the partition.
default _expected(_) := false

_expected(entry) if canary.is_automation(entry)

_expected(entry) if {
	held := metadata.annotation(entry.old, metadata.canary_hold)
	held == metadata.annotation(entry.object, metadata.canary_hold)
}
