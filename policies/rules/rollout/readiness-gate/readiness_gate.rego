# METADATA
# title: A rollout needs a readiness check
# description: |
#   A RollingUpdate continues with the next pod when the last one is ready. A container without a readinessProbe is
#   ready as soon as it runs, so an image that starts but does not work reaches the whole set. A probe of any
#   container, including a sidecar, is enough, and so is a readiness gate of the pod or `minReadySeconds`, which at
#   least detects a crash. An update is checked if it changes the pods or the way they are replaced.
# related_resources:
#   - ref: https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/
# custom:
#   severity: warn
#   profile:
#     strict: deny
#   on:
#     statefulsets: [CREATE, UPDATE]
#   fix: add a readinessProbe to the main container, or at least set minReadySeconds
#   since: v0.1.0
#   cel:
#     variables:
#       # Before and after, the set without anything that a rollout waits for.
#       - name: ungated
#         expression: >-
#           [object, oldObject].map(set, set != null &&
#           set.spec.?updateStrategy.?type.orValue('RollingUpdate') == 'RollingUpdate' &&
#           set.spec.?minReadySeconds.orValue(0) == 0 &&
#           size(set.spec.template.spec.?readinessGates.orValue([])) == 0 &&
#           !(set.spec.template.spec.?initContainers.orValue([]).filter(container,
#           container.?restartPolicy.orValue('') == 'Always') +
#           set.spec.template.spec.containers).exists(container, has(container.readinessProbe) ||
#           has(container.startupProbe)))
#     validations:
#       - path: spec.template.spec.containers
#         expression: "!variables.ungated[0] || variables.ungated[1]"
#         what: "'no readinessProbe, minReadySeconds 0: a bad image reaches all pods'"
#     notChecked:
#       examples/fail/sidecar-only.yaml: which container holds a claim takes more than an expression
#       examples/fail/no-such-port.yaml: the same is true of the ports that a probe names
package stateward.rules.rollout["readiness-gate"]

import data.stateward.lib.defaults
import data.stateward.lib.image
import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "template", "spec", "containers"],
	"what": "no readinessProbe, minReadySeconds 0: a bad image reaches all pods",
	"touched": _made_so(entry),
}) if {
	some entry in review.statefulsets
	_ungated(entry.object)
	_concerned(entry)
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "template", "spec", "containers"],
	"what": "only a sidecar has a readinessProbe: a rollout goes on over a bad image of the others",
	"fix": "give the container that holds the data a readinessProbe",
	"touched": _sidecar_made_so(entry),
}) if {
	some entry in review.statefulsets
	_sidecar_only(entry.object)
	_concerned(entry)
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": array.concat(item.path, ["readinessProbe", handler, "port"]),
	"what": sprintf("no container has a port named %q, so the pod never gets ready", [port]),
	"fix": "name a port that the container declares, or its number",
	"fields": [array.concat(item.path, ["readinessProbe"]), array.concat(item.path, ["ports"])],
}) if {
	some entry in review.statefulsets
	some item in image.containers(entry.object)
	some handler in ["httpGet", "tcpSocket"]
	port := item.container.readinessProbe[handler].port
	is_string(port)
	not port in {declared.name | some declared in item.container.ports}
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": array.concat(item.path, ["readinessProbe", handler, "port"]),
	"what": sprintf("no container declares port %v: without a listener on it the pod never gets ready", [port]),
	"fix": "probe a port that a container serves, and declare it",
}) if {
	some entry in review.statefulsets
	_concerned(entry)
	declared := {port.containerPort | some item in image.containers(entry.object); some port in item.container.ports}
	declared != set()
	some item in image.containers(entry.object)
	some handler in ["httpGet", "tcpSocket", "grpc"]
	port := item.container.readinessProbe[handler].port
	is_number(port)
	not port in declared
}

# A claim is mounted in a container without a probe, and another one without a claim has it.
_sidecar_only(sts) if {
	defaults.update_strategy(sts) == "RollingUpdate"
	defaults.min_ready_seconds(sts) == 0
	object.get(sts, ["spec", "template", "spec", "readinessGates"], null) in {null, []}
	_probed(sts)
	claims := {template.metadata.name | some template in sts.spec.volumeClaimTemplates}
	holders := [item |
		some item in image.containers(sts)
		item.path[3] == "containers"
		some mount in item.container.volumeMounts
		mount.name in claims
	]
	holders != []
	every item in holders {
		not _has_probe(item.container)
	}
}

default _sidecar_made_so(_) := true

_sidecar_made_so(entry) := false if {
	is_object(entry.old)
	_sidecar_only(entry.old)
}

_ungated(sts) if {
	defaults.update_strategy(sts) == "RollingUpdate"
	defaults.min_ready_seconds(sts) == 0
	object.get(sts, ["spec", "template", "spec", "readinessGates"], null) in {null, []}
	not _probed(sts)
}

# A pod is not ready before its startup probes have succeeded either.
_probed(sts) if {
	some item in image.containers(sts)
	_runs_on(item)
	_has_probe(item.container)
}

_has_probe(container) if {
	some probe in ["readinessProbe", "startupProbe"]
	object.get(container, probe, null) != null
}

_runs_on(item) if item.path[3] == "containers"

_runs_on(item) if item.container.restartPolicy == "Always"

_concerned(entry) if entry.operation in {"MANIFEST", "CREATE", "AUDIT"}

_concerned(entry) if {
	is_object(entry.old)
	_manner(entry.object) != _manner(entry.old)
}

_manner(sts) := [
	object.get(sts, ["spec", "template"], null),
	defaults.update_strategy(sts),
	defaults.min_ready_seconds(sts),
]

default _made_so(_) := true

_made_so(entry) := false if {
	is_object(entry.old)
	_ungated(entry.old)
}
