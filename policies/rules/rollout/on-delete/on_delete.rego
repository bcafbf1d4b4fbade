# METADATA
# title: OnDelete applies changes only to deleted pods
# description: |
#   With `updateStrategy.type: OnDelete` a changed template reaches a pod only when that pod is deleted. `kubectl
#   apply` and `kubectl rollout restart` report success without saying so, and the pods keep running the old template,
#   until a node fails and one of them comes back different from its peers. Another strategy later restarts all pods
#   that still run the old template, without a change of it.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#update-strategies
# custom:
#   severity: warn
#   on:
#     statefulsets: [UPDATE]
#   changes:
#     statefulsets: [spec.template, spec.updateStrategy]
#   reads: [pods]
#   fix: delete the pods one by one, the last one first, and wait until each is Ready
#   since: v0.1.0
#   cel:
#     validations:
#       - path: spec.template
#         expression: >-
#           object.spec.?updateStrategy.?type.orValue('') != 'OnDelete' || object.spec.template ==
#           oldObject.spec.template ||
#           object.spec.?replicas.orValue(1) <= 0
#         what: "'OnDelete: a pod changes only when it is deleted'"
#     notChecked:
#       pods: a policy sees no other objects
package stateward.rules.rollout["on-delete"]

import data.stateward.lib.defaults
import data.stateward.lib.image
import data.stateward.lib.listing
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.rollout
import data.stateward.lib.running

_path := ["spec", "template"]

report contains result.violation(rego.metadata.chain(), entry, {
	"path": _path,
	"what": sprintf("OnDelete: a pod changes only when it is deleted: %s", [_names(names, replicas - 3)]),
	"fix": _fix(entry.namespace, names),
}) if {
	some entry in review.statefulsets
	entry.operation == "UPDATE"
	defaults.update_strategy(entry.object) == "OnDelete"
	object.get(entry.object, _path, null) != object.get(entry.old, _path, null)
	replicas := defaults.replicas(entry.object)
	replicas > 0

	# Three names are enough to know the order.
	names := [_pod(entry, replicas - step) | some step in numbers.range(1, min([3, replicas]))]
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "updateStrategy", "type"],
	"what": sprintf("%s restarts %s with %s, which OnDelete kept from them", [
		defaults.update_strategy(entry.object),
		listing.short(names),
		_news(entry, waiting),
	]),
	"fix": "keep OnDelete until they may restart, or set a partition that lets only the last one begin",
}) if {
	some entry in review.statefulsets
	waiting := running.released(entry)
	count(waiting) > 0

	# The last one is restarted first.
	names := array.reverse([each.name | some each in waiting])
}

_news(entry, waiting) := listing.short([sprintf("%q", [reference]) | some reference in references]) if {
	references := {item.container.image |
		some item in image.containers(entry.object)
		some each in waiting
		not rollout.runs_image(each.pod, item)
	}
	count(references) > 0
} else := "the last template"

_pod(entry, index) := sprintf("%s-%d", [entry.name, defaults.ordinals_start(entry.object) + index])

_names(names, more) := sprintf("%s and %d more", [concat(", ", names), more]) if more > 0

else := concat(", ", names)

_fix(namespace, names) := sprintf("`kubectl delete pod %s -n %s`", [names[0], namespace]) if {
	count(names) == 1
} else := sprintf(
	"start with `kubectl delete pod %s -n %s`, and delete the next once that pod is Ready again",
	[names[0], namespace],
)
