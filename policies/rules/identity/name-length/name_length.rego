# METADATA
# title: Generated pod and claim names fit their limits
# description: |
#   The controller adds the label `controller-revision-hash: <name>-<hash>` to every pod, and a label value has at
#   most 63 characters. The API server accepts a StatefulSet whose name is longer than 52 characters, but its pods are
#   never created. Pod names are limited to 63 characters too, claim names to 253.
# related_resources:
#   - ref: https://github.com/kubernetes/kubernetes/issues/64023
# custom:
#   severity: deny
#   on:
#     statefulsets: [CREATE, UPDATE]
#     statefulsets/scale: [UPDATE]
#   reads: [statefulsets]
#   fix: choose a shorter name
#   since: v0.1.0
#   cel:
#     on:
#       statefulsets: [CREATE, UPDATE]
#     variables:
#       - {name: replicas, expression: "object.spec.?replicas.orValue(1)"}
#       - {name: start, expression: "object.spec.?ordinals.?start.orValue(0)"}
#       - name: unmoved
#         expression: >-
#           oldObject != null && oldObject.spec.?replicas.orValue(1) == variables.replicas &&
#           oldObject.spec.?ordinals.?start.orValue(0) == variables.start
#       - name: pod
#         expression: >-
#           object.metadata.name + '-' + string(variables.start + (variables.replicas > 0 ? variables.replicas - 1 :
#           0))
#       - name: longest
#         expression: >-
#           object.spec.?volumeClaimTemplates.orValue([]).filter(claim, size(claim.metadata.name) + 1 +
#           size(variables.pod) > 253)
#           .map(claim, claim.metadata.name)
#     validations:
#       - path: metadata.name
#         expression: oldObject != null || size(object.metadata.name) <= 52
#         what: >-
#           object.metadata.name + ' has ' + string(size(object.metadata.name)) + ' characters, more than 52: no pod
#           would ever be created'
#       - path: spec.replicas
#         expression: variables.unmoved || size(variables.pod) <= 63
#         what: >-
#           'the last pod ' + variables.pod + ' would have a name of ' + string(size(variables.pod)) + ' characters,
#           more than 63'
#       - path: spec.volumeClaimTemplates
#         expression: variables.unmoved || size(variables.longest) == 0
#         what: "'the name of a claim of ' + variables.longest.join(', ') + ' would have more than 253 characters'"
package stateward.rules.identity["name-length"]

import data.stateward.lib.cluster
import data.stateward.lib.defaults
import data.stateward.lib.result
import data.stateward.lib.review

_name_limit := 52

_pod_limit := 63

_claim_limit := 253

_fields := [["spec", "replicas"], ["spec", "ordinals", "start"]]

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["metadata", "name"],
	"what": sprintf("%q has %d characters, more than %d: no pod would ever be created", [
		entry.name,
		count(entry.name),
		_name_limit,
	]),
}) if {
	some entry in review.statefulsets
	count(entry.name) > _name_limit
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "replicas"],
	"what": sprintf("the last pod %q would have a name of %d characters, more than %d", [pod, count(pod), _pod_limit]),
	"fields": _fields,
}) if {
	some entry in review.statefulsets
	pod := _last_pod(entry, entry.object, defaults.replicas(entry.object))
	count(pod) > _pod_limit
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "replicas"],
	"what": sprintf("the last pod %q would have a name of %d characters, more than %d", [pod, count(pod), _pod_limit]),
	"fix": "keep fewer replicas, or recreate the StatefulSet under a shorter name",
}) if {
	some entry in review.scales
	sts := cluster.statefulset(entry.namespace, entry.name)
	pod := _last_pod(entry, sts, defaults.scale_replicas(entry.object))
	count(pod) > _pod_limit
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "volumeClaimTemplates", index, "metadata", "name"],
	"what": sprintf("a claim's name would have %d characters, more than %d", [count(claim), _claim_limit]),
	"fields": _fields,
}) if {
	some entry in review.statefulsets
	pod := _last_pod(entry, entry.object, defaults.replicas(entry.object))
	some index, template in entry.object.spec.volumeClaimTemplates
	claim := sprintf("%s-%s", [template.metadata.name, pod])
	count(claim) > _claim_limit
}

_last_pod(entry, sts, replicas) := sprintf("%s-%d", [
	entry.name,
	defaults.ordinals_start(sts) + max([replicas - 1, 0]),
])
