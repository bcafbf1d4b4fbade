# METADATA
# title: Pods of a set do not share one claim
# description: |
#   A claim in `volumes` is one for all pods. ReadWriteOncePod allows one pod, so every other one stays Pending.
#   ReadWriteOnce means one node and not one pod: pods on other nodes stay Pending, and those on one node write into
#   the same files. A claim of volumeMode Block is a device: a pod that lists it under `volumeMounts` never starts. The
#   claims of a set are called TEMPLATE-SET-ORDINAL, so the templates of two sets can mean the same claims: `data` of
#   the set `a-b`, and `data-a` of the set `b`. A set may also name the claim of another set's pod among its volumes and
#   write to it.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes
# custom:
#   severity: deny
#   on:
#     statefulsets: [CREATE, UPDATE]
#   reads: [persistentvolumeclaims, statefulsets]
#   fix: give each pod a claim of its own with volumeClaimTemplates, or use ReadWriteMany
#   since: v0.1.0
package stateward.rules.storage["shared-claim"]

import data.stateward.lib.claim
import data.stateward.lib.cluster
import data.stateward.lib.defaults
import data.stateward.lib.image
import data.stateward.lib.mounts
import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), shared.entry, {
	"path": shared.path,
	"what": sprintf("claim %q is ReadWriteOncePod: only one of %v pods can start", [shared.name, shared.pods]),
	"fields": [shared.path, ["spec", "replicas"]],
}) if {
	some shared in _shared
	"ReadWriteOncePod" in _modes(shared.stored)
}

report contains result.violation(rego.metadata.chain(), shared.entry, {
	"path": shared.path,
	"what": sprintf("%v pods share claim %q, which is ReadWriteOnce: one node, not one pod", [shared.pods, shared.name]),
	"fields": [shared.path, ["spec", "replicas"]],
	"severity": "warn",
}) if {
	some shared in _shared
	modes := _modes(shared.stored)
	"ReadWriteOnce" in modes
	modes & {"ReadWriteMany", "ReadOnlyMany", "ReadWriteOncePod"} == set()
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": array.concat(item.path, ["volumeMounts", index, "name"]),
	"what": sprintf("%q is a Block claim and cannot be mounted: the pod never starts", [mount.name]),
	"fix": "list it under volumeDevices, or make it a Filesystem claim",
}) if {
	some entry in review.statefulsets
	blocks := _blocks(entry)
	some item in image.containers(entry.object)
	some index, mount in item.container.volumeMounts
	mount.name in blocks
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "volumeClaimTemplates", index, "metadata", "name"],
	"what": sprintf("claims %s-%s-N are those of template %q of StatefulSet %q too: two pods write into one disk", [
		template.metadata.name,
		entry.name,
		theirs,
		other.metadata.name,
	]),
	"fix": "give the template another name",
}) if {
	some entry in review.statefulsets

	# Neither name can change later.
	entry.operation != "UPDATE"
	some index, template in entry.object.spec.volumeClaimTemplates
	words := split(sprintf("%s-%s", [template.metadata.name, entry.name]), "-")
	some cut in numbers.range(1, count(words) - 1)
	name := concat("-", array.slice(words, cut, count(words)))
	name != entry.name
	other := cluster.statefulset(entry.namespace, name)
	theirs := concat("-", array.slice(words, 0, cut))
	some their_template in other.spec.volumeClaimTemplates
	their_template.metadata.name == theirs
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "template", "spec", "volumes", index, "persistentVolumeClaim", "claimName"],
	"what": sprintf("%q is the claim of pod %s-%d of StatefulSet %q: two programs write into one disk", [
		name,
		other.metadata.name,
		ordinal,
		other.metadata.name,
	]),
	"fix": "mount it with `readOnly: true`, or give this set a claim of its own",
}) if {
	some entry in review.statefulsets
	some index, volume in entry.object.spec.template.spec.volumes
	name := volume.persistentVolumeClaim.claimName
	some other in cluster.statefulsets(entry.namespace)
	other.metadata.name != entry.name
	ordinal := claim.ordinal(other, name)
	claim.is_in_range(other, ordinal)
	not "ReadWriteMany" in _modes(_made(entry, other, name))
	_is_written(entry.object, name)
}

# A claim that is not stored will be as its template says.
_made(entry, other, name) := found if {
	found := cluster.claim(entry.namespace, name)
} else := template if {
	some template in other.spec.volumeClaimTemplates
	startswith(name, sprintf("%s-%s-", [template.metadata.name, other.metadata.name]))
}

_is_written(sts, name) if {
	some item in image.containers(sts)
	sprintf("claim %q", [name]) in mounts.writable(sts, item.container)
}

_shared := [shared |
	some entry in review.statefulsets
	pods := defaults.replicas(entry.object)
	pods > 1
	some index, volume in entry.object.spec.template.spec.volumes
	name := volume.persistentVolumeClaim.claimName
	object.get(volume.persistentVolumeClaim, "readOnly", false) == false
	shared := {
		"entry": entry,
		"path": ["spec", "template", "spec", "volumes", index, "persistentVolumeClaim", "claimName"],
		"name": name,
		"pods": pods,
		"stored": cluster.claim(entry.namespace, name),
	}
]

_modes(stored) := {mode | some mode in stored.spec.accessModes}

# The volumes of the pod that are devices: templates, and claims that are known.
_blocks(entry) := {template.metadata.name |
	some template in entry.object.spec.volumeClaimTemplates
	defaults.volume_mode(template) == "Block"
} | {volume.name |
	some volume in entry.object.spec.template.spec.volumes
	defaults.volume_mode(cluster.claim(entry.namespace, volume.persistentVolumeClaim.claimName)) == "Block"
}
