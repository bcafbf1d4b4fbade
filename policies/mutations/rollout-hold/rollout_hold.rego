# METADATA
# title: Hold an update until its rollout group is at rest
# description: |
#   The rule [rollout-group](../../rules/rollout/rollout-group/) denies a new template while another StatefulSet of the
#   same rollout group is rolling or not Ready. A release of two members by a service account would always fail at the
#   second. So the template of the second is admitted with the partition `replicas`, which keeps it from every pod.
#   The rule's parameter `mode` says whose requests are held instead of denied.
#
#   The annotation `stateward.dev/canary-hold` records the hold, and [auto-canary](../auto-canary/) keeps it when the
#   service account applies its manifest again. The update begins when a person, or an actor in `spec.promoters` of the
#   Guardrails, lowers the partition, for example with `stateward promote sts/web`. The rule denies that as long as
#   another set of the group is rolling. An earlier template ends the hold.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#partitions
# custom:
#   on:
#     statefulsets: [UPDATE]
#   changes:
#     statefulsets: [spec.template]
#   reads: [statefulsets, pods, controllerrevisions]
#   fix: lower the partition once the other set is done
#   since: v0.1.0
package stateward.mutations["rollout-hold"]

import data.stateward.lib.defaults
import data.stateward.lib.group
import data.stateward.lib.hold
import data.stateward.lib.result
import data.stateward.rules.rollout["rollout-group"] as waiting

report contains result.mutation(rego.metadata.chain(), entry, {
	"path": ["spec", "updateStrategy", "rollingUpdate", "partition"],
	"what": sprintf("Stateward sets %v while %s", [replicas, reasons[0]]),
	"fix": sprintf("run `stateward promote sts/%s -n %s` once that set is done", [entry.name, entry.namespace]),
	"patch": hold.patch(entry.object, replicas, hold.text(entry.object, replicas)),
}) if {
	some entry in group.starts
	waiting.holds(entry)
	replicas := defaults.replicas(entry.object)
	reasons := sort([waiting.waited_for(entry, member) | some member in group.busy(entry)])
}
