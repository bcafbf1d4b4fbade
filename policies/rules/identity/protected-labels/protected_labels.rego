# METADATA
# title: Protection labels and confirmation records stay intact
# description: |
#   `stateward.dev/quorum: "true"` and `stateward.dev/canary: required` request extra protection; an update that
#   removes or changes such a label ends it for good. So does one that adds `stateward.dev/ephemeral: "true"`, by which
#   data may go, to a StatefulSet with claims. `stateward.dev/confirmed-by` records who confirmed an operation,
#   and `stateward.dev/confirmed-object` on which state of the object. Only Stateward writes them, so a request with
#   another value is rejected, which matters when the mutation that corrects it is unavailable. That rejection cannot be
#   confirmed.
# custom:
#   severity: deny
#   confirm: true
#   dataLoss: true
#   on:
#     statefulsets: [CREATE, UPDATE]
#     services: [CREATE, UPDATE]
#     persistentvolumeclaims: [CREATE, UPDATE]
#     namespaces: [CREATE, UPDATE]
#     pods: [CREATE, UPDATE]
#     persistentvolumes: [CREATE, UPDATE]
#     poddisruptionbudgets: [CREATE, UPDATE]
#     controllerrevisions: [CREATE, UPDATE]
#     pods/binding: [CREATE]
#     bindings: [CREATE]
#     namespaces/finalize: [UPDATE]
#     statefulsets/status: [UPDATE]
#     services/status: [UPDATE]
#     persistentvolumeclaims/status: [UPDATE]
#     namespaces/status: [UPDATE]
#     pods/status: [UPDATE]
#     persistentvolumes/status: [UPDATE]
#     poddisruptionbudgets/status: [UPDATE]
#     parents: [CREATE, UPDATE]
#   when:
#     parents: metadata
#     services: metadata
#     persistentvolumeclaims: metadata
#     namespaces: metadata
#     pods: metadata
#     persistentvolumes: metadata
#     poddisruptionbudgets: metadata
#     controllerrevisions: metadata
#     pods/binding: metadata
#     bindings: metadata
#     namespaces/finalize: metadata
#     statefulsets/status: metadata
#     services/status: metadata
#     persistentvolumeclaims/status: metadata
#     namespaces/status: metadata
#     pods/status: metadata
#     persistentvolumes/status: metadata
#     poddisruptionbudgets/status: metadata
#   changes:
#     statefulsets: [metadata.annotations, metadata.labels]
#   fix: keep the label
#   since: v0.1.0
#   cel:
#     variables:
#       - {name: labels, expression: "object.metadata.?labels.orValue({})"}
#       - {name: hadLabels, expression: "oldObject.?metadata.?labels.orValue({})"}
#       - {name: isSet, expression: "request.kind.kind == 'StatefulSet' && oldObject != null"}
#       - {name: marks, expression: "object.metadata.?annotations.orValue({})"}
#       - {name: hadMarks, expression: "oldObject.?metadata.?annotations.orValue({})"}
#       - {name: written, expression: "variables.marks[?'stateward.dev/confirmed-by'].orValue('')"}
#       - {name: before, expression: "variables.hadMarks[?'stateward.dev/confirmed-by'].orValue('')"}
#       - name: unchanged
#         expression: >-
#           ['confirm', 'confirm-until', 'confirm-reason', 'confirm-rules'].all(mark,
#           variables.marks[?('stateward.dev/' + mark)].orValue('') == variables.hadMarks[?('stateward.dev/' +
#           mark)].orValue('')) && variables.marks[?'stateward.dev/confirm-for'].orValue('') in
#           ['', variables.hadMarks[?'stateward.dev/confirm-for'].orValue('')]
#       - name: stamp
#         expression: >-
#           variables.marks[?'stateward.dev/confirm'].orValue('') == '' ? '' :
#           variables.unchanged ? variables.before : request.userInfo.?username.orValue('')
#       - {name: state, expression: "variables.marks[?'stateward.dev/confirmed-object'].orValue('')"}
#       - {name: whenDeleted, expression: "oldObject.?spec.?persistentVolumeClaimRetentionPolicy.?whenDeleted"}
#       - {name: uid, expression: "oldObject.?metadata.?uid.orValue('')"}
#       - {name: username, expression: "request.userInfo.?username.orValue('')"}
#       - name: sameOthers
#         expression: >-
#           variables.marks.all(key, key.startsWith('stateward.dev/confirm') || (key in variables.hadMarks &&
#           variables.hadMarks[key] == variables.marks[key])) &&
#           variables.hadMarks.all(key, key.startsWith('stateward.dev/confirm') || key in variables.marks)
#       - name: inPassing
#         expression: >-
#           oldObject != null && variables.username.startsWith('system:serviceaccount:') &&
#           (dyn(object).?spec != dyn(oldObject).?spec || dyn(object).?data != dyn(oldObject).?data ||
#           dyn(object).?revision != dyn(oldObject).?revision || !variables.sameOthers ||
#           variables.labels != variables.hadLabels ||
#           object.metadata.?finalizers.orValue([]) != oldObject.metadata.?finalizers.orValue([]) ||
#           object.metadata.?ownerReferences.orValue([]) != oldObject.metadata.?ownerReferences.orValue([]))
#       - name: wanted
#         expression: >-
#           variables.stamp == '' || (!variables.unchanged && variables.inPassing) ? '' :
#           variables.unchanged ? variables.hadMarks[?'stateward.dev/confirmed-object'].orValue('') :
#           variables.uid == '' ? '' :
#           variables.uid + (variables.marks['stateward.dev/confirm'] == 'delete' ?
#           variables.whenDeleted.optMap(policy, '/' + policy).orValue('') :
#           oldObject.metadata.?generation.optMap(generation, '/' + string(generation)).orValue(''))
#     validations:
#       - path: metadata.labels["stateward.dev/quorum"]
#         expression: >-
#           !variables.isSet || variables.hadLabels[?'stateward.dev/quorum'].orValue('') != 'true' ||
#           variables.labels[?'stateward.dev/quorum'].orValue('') == 'true'
#         what: "'\"true\" protects this StatefulSet and would be removed'"
#       - path: metadata.labels["stateward.dev/canary"]
#         expression: >-
#           !variables.isSet || variables.hadLabels[?'stateward.dev/canary'].orValue('') != 'required' ||
#           variables.labels[?'stateward.dev/canary'].orValue('') == 'required'
#         what: "'\"required\" protects this StatefulSet and would be removed'"
#       - path: metadata.labels["stateward.dev/ephemeral"]
#         expression: >-
#           !variables.isSet || variables.labels[?'stateward.dev/ephemeral'].orValue('') != 'true' ||
#           variables.hadLabels[?'stateward.dev/ephemeral'].orValue('') == 'true' ||
#           size(oldObject.spec.?volumeClaimTemplates.orValue([])) == 0
#         what: "'\"true\" would let every scale-down delete claims of this StatefulSet'"
#         fix: leave the label out
#       - path: metadata.annotations["stateward.dev/confirmed-by"]
#         expression: >-
#           variables.written == '' || variables.written == variables.stamp ||
#           (oldObject != null && variables.unchanged && variables.written == variables.before)
#         what: >-
#           variables.written + ' did not confirm this' + (variables.stamp == '' ? '' : ', ' + variables.stamp + '
#           does')
#         fix: "remove the annotation: Stateward writes it"
#         always: true
#       - path: metadata.annotations["stateward.dev/confirmed-object"]
#         expression: >-
#           variables.state == '' || variables.state == variables.wanted ||
#           (!variables.unchanged && variables.wanted != '' && variables.marks['stateward.dev/confirm'] == 'delete' &&
#           variables.state.startsWith(variables.wanted + '/') &&
#           variables.state.substring(size(variables.wanted)).matches('^/[0-9]+-[0-9a-f]{12}$'))
#         what: "variables.state + ' is not the state that is confirmed (' + variables.wanted + ')'"
#         fix: "remove the annotation: Stateward writes it"
#         always: true
#     notChecked:
#       examples/fail/confirmed-ahead.yaml: a policy does not know the time
#       examples/pass/claims.yaml: the object is stored under another uid
#       examples/pass/in-passing-by-a-person.yaml: the object is stored under another uid
#       examples/pass/service-account.yaml: the object is stored under another uid
package stateward.rules.identity["protected-labels"]

import data.stateward.lib.confirmation
import data.stateward.lib.metadata
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.stamp

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["metadata", "labels", label],
	"what": sprintf("%q protects this StatefulSet and would %s", [value, _fate(entry.object, label)]),
}) if {
	some entry in review.stored({"StatefulSet"})
	entry.operation == "UPDATE"
	some label, value in metadata.protections
	metadata.protects(entry.old, label)
	not metadata.protects(entry.object, label)
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["metadata", "labels", metadata.ephemeral],
	"what": "\"true\" would let every scale-down delete claims of this StatefulSet",
	"fix": "leave the label out",
}) if {
	some entry in review.stored({"StatefulSet"})
	entry.operation == "UPDATE"
	metadata.is_ephemeral(entry.object)
	not metadata.is_ephemeral(entry.old)
	count(entry.old.spec.volumeClaimTemplates) > 0
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["metadata", "annotations", metadata.confirmed_by],
	"what": sprintf("%q did not confirm this%s", [written, _who_did(name)]),
	"fix": "remove the annotation: Stateward writes it",
	"touched": _marks(entry.object) != _marks(entry.old),
	"confirm": false,
}) if {
	some entry in review.marked
	entry.operation in {"CREATE", "UPDATE"}
	written := metadata.annotation(entry.object, metadata.confirmed_by)
	written != ""
	name := stamp.name(entry)
	written != name
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["metadata", "annotations", metadata.confirmed_object],
	"what": sprintf("%q is not the state that is confirmed (%q)", [written, bound]),
	"fix": "remove the annotation: Stateward writes it",
	"touched": _marks(entry.object) != _marks(entry.old),
	"confirm": false,
}) if {
	some entry in review.marked
	entry.operation in {"CREATE", "UPDATE"}
	written := metadata.annotation(entry.object, metadata.confirmed_object)
	written != ""
	not stamp.fits(written, entry)
	bound := stamp.bound(entry)
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["metadata", "annotations", metadata.for_time],
	"what": sprintf("%q is not a duration of at most an hour", [text]),
	"fix": "write it as in 10m",
	"touched": true,
	"confirm": false,
}) if {
	some entry in review.marked
	entry.operation in {"CREATE", "UPDATE"}
	text := metadata.annotation(entry.object, metadata.for_time)
	text != metadata.annotation(entry.old, metadata.for_time)
	text != ""
	not stamp.is_duration(text)
}

# The API server writes the annotations of a Binding into its pod, past the webhook that records who confirms.
report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["metadata", "annotations", name],
	"what": "the annotation of a Binding is written into its pod, where nothing records who confirmed it",
	"fix": "leave the annotation out",
	"touched": true,
	"confirm": false,
}) if {
	some entry in review.bindings
	some name in [metadata.confirm, metadata.until, metadata.for_time, metadata.confirmed_by]
	metadata.annotation(entry.object, name) != ""
}

# It would begin to count on its own, long after whoever wrote it has left.
report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["metadata", "annotations", metadata.until],
	"what": sprintf("%q is more than an hour ahead", [until]),
	"fix": "confirm for at most an hour, right before the operation",
	"touched": true,
	"confirm": false,
}) if {
	some entry in review.marked
	entry.operation in {"CREATE", "UPDATE"}
	until := metadata.annotation(entry.object, metadata.until)
	until != metadata.annotation(entry.old, metadata.until)
	confirmation.ahead(until, entry)
}

_fate(sts, label) := sprintf("become %q", [value]) if {
	value := sprintf("%v", [sts.metadata.labels[label]])
} else := "be removed"

_who_did("") := ""

_who_did(name) := sprintf(", %q does", [name]) if name != ""

_marks(marked) := [
	metadata.confirmation(marked),
	metadata.annotation(marked, metadata.confirmed_by),
	metadata.annotation(marked, metadata.confirmed_object),
]
