# METADATA
# title: maxUnavailable leaves pods running during an update
# description: |
#   `maxUnavailable` lets a RollingUpdate replace several pods at once, from Kubernetes 1.37 on without a feature
#   gate. The controller uses a number as it is and rounds a percentage down, to at least 1. More than `replicas`
#   stops all pods together; half or more leaves no majority, and a voting database is unavailable until they are
#   back, as with the strategy Recreate. `kubectl scale`, which ignores `maxUnavailable`, can cause this too.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#maximum-unavailable-pods
# custom:
#   severity: deny
#   on:
#     statefulsets: [CREATE, UPDATE]
#     statefulsets/scale: [UPDATE]
#   reads: [statefulsets]
#   fix: use 1 or a percentage below 50%
#   since: v0.1.0
#   cel:
#     on:
#       statefulsets: [CREATE, UPDATE]
#     variables:
#       - {name: rolling, expression: "object.spec.?updateStrategy.?rollingUpdate.?maxUnavailable.orValue(0)"}
#       - {name: wasRolling, expression: "oldObject.?spec.?updateStrategy.?rollingUpdate.?maxUnavailable.orValue(0)"}
#       - name: most
#         expression: >-
#           type(variables.rolling) == int && object.spec.?updateStrategy.?type.orValue('RollingUpdate') ==
#           'RollingUpdate' ?
#           variables.rolling : 0
#       - name: before
#         expression: >-
#           oldObject != null && type(variables.wasRolling) == int &&
#           oldObject.spec.?updateStrategy.?type.orValue('RollingUpdate') == 'RollingUpdate' ? variables.wasRolling :
#           0
#       - {name: replicas, expression: "object.spec.?replicas.orValue(1)"}
#       - {name: had, expression: "oldObject.?spec.?replicas.orValue(1)"}
#       - name: noWorse
#         expression: >-
#           variables.had > 0 && variables.before > variables.had && variables.most <= variables.before &&
#           variables.replicas >= variables.had
#     validations:
#       - path: spec.updateStrategy.rollingUpdate.maxUnavailable
#         expression: variables.replicas <= 0 || variables.most <= variables.replicas || variables.noWorse
#         what: >-
#           string(variables.most) + ' is greater than replicas ' + string(variables.replicas) + ': an update
#           stops all pods at once'
#     notChecked:
#       statefulsets: a Scale does not contain its StatefulSet
package stateward.rules.rollout["max-unavailable"]

import data.stateward.lib.cluster
import data.stateward.lib.defaults
import data.stateward.lib.result
import data.stateward.lib.review

_path := ["spec", "updateStrategy", "rollingUpdate", "maxUnavailable"]

report contains result.violation(rego.metadata.chain(), entry, {
	"path": _path,
	"what": problem,
	"touched": _worse(entry),
}) if {
	some entry in review.statefulsets
	problem := _problem(_set(entry.object), defaults.replicas(entry.object))
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": _path,
	"what": sprintf("%v %s", [_set(entry.object), loss]),
}) if {
	some entry in review.statefulsets
	loss := _loss(_set(entry.object), defaults.replicas(entry.object))
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": ["spec", "updateStrategy", "type"],
	"what": sprintf("Recreate lets an update stop %v of %v pods at once: no majority left", [replicas, replicas]),
	"fix": "use RollingUpdate with maxUnavailable 1",
}) if {
	some entry in review.statefulsets
	_recreated(entry.object)
	not _recreated(entry.old)
	replicas := defaults.replicas(entry.object)
	replicas >= 3
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "replicas"],
	"what": sprintf("%v is less than maxUnavailable %v: an update stops all pods at once", [replicas, value]),
	"fix": "first lower maxUnavailable to 1 or a percentage below 50%",
	"touched": replicas < defaults.scale_replicas(entry.old),
}) if {
	some entry in review.scales
	value := _set(cluster.statefulset(entry.namespace, entry.name))
	replicas := defaults.scale_replicas(entry.object)
	_beyond(value, replicas)
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": ["spec", "replicas"],
	"what": sprintf("maxUnavailable %v %s", [value, loss]),
	"fix": "first lower maxUnavailable to 1 or a percentage below 50%",
}) if {
	some entry in review.scales
	value := _set(cluster.statefulset(entry.namespace, entry.name))
	loss := _loss(value, defaults.scale_replicas(entry.object))
}

# An update that leaves the strategy alone brings nothing new.
_recreated(sts) if sts.spec.updateStrategy.type == "Recreate"

# What the StatefulSet says; undefined where it says nothing or does not roll.
_set(sts) := value if {
	defaults.update_strategy(sts) == "RollingUpdate"
	value := object.get(sts, _path, null)
	value != null
}

_problem(value, replicas) := sprintf("%v is greater than replicas %v: an update stops all pods at once", [
	value,
	replicas,
]) if {
	_beyond(value, replicas)
} else := _invalid(value)

# What the API server refuses as well; CI has none.
_invalid(value) := sprintf("%s is neither an integer nor a percentage", [json.marshal(value)]) if {
	not _integer(value)
	not _is_percentage(value)
} else := sprintf("%v is negative", [value]) if {
	_integer(value)
	value < 0
} else := sprintf("%v lets an update replace no pod", [value]) if {
	_amount(value) == 0
} else := sprintf("%s is more than 100%%", [value]) if {
	_percentage(value) > 100
}

_beyond(value, replicas) if {
	_integer(value)
	replicas > 0
	value > replicas
}

# Two pods have no majority to lose: one that stays is not more than half of them.
_loss(value, replicas) := sprintf("lets %v of %v pods stop at once: no majority left", [pods, replicas]) if {
	not _problem(value, replicas)
	replicas >= 3
	pods := _pods(value, replicas)
	replicas - pods < floor(replicas / 2) + 1
}

# What the controller makes of it: getStatefulSetMaxUnavailable in pkg/controller/statefulset/stateful_set_utils.go.
_pods(value, _) := value if is_number(value)

_pods(value, replicas) := max([1, floor((_percentage(value) * replicas) / 100)])

_amount(value) := value if is_number(value)

_amount(value) := _percentage(value)

_integer(value) if {
	is_number(value)
	floor(value) == value
}

_is_percentage(value) if {
	is_string(value)
	regex.match(`^[0-9]+%$`, value)
}

# to_number refuses leading zeros, which Kubernetes takes.
_percentage(value) := to_number(regex.replace(trim_suffix(value, "%"), `^0+([0-9])`, "$1")) if _is_percentage(value)

# A step towards the range is not to be stopped for not being the last one.
default _worse(_) := true

_worse(entry) := false if {
	is_object(entry.old)
	_problem(_set(entry.old), defaults.replicas(entry.old))
	_no_higher(_set(entry.object), _set(entry.old))
	defaults.replicas(entry.object) >= defaults.replicas(entry.old)
}

_no_higher(now, before) if now == before

_no_higher(now, before) if {
	_integer(now)
	_integer(before)
	now > 0
	now < before
}
