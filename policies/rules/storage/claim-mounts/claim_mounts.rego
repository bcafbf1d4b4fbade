# METADATA
# title: Volume mounts match claim templates and volumes
# description: |
#   A container that mounts an undefined volume never starts; API servers before 1.37 accept such a template, and the
#   controller fails to create pod 0. A claim template that no container mounts is harder to notice: every pod gets a
#   disk and writes its data somewhere else. If a pod volume and a claim template have the same name, the controller
#   uses the claim. Where that volume names the template as its claim, as in the charts of CockroachDB, nothing is lost
#   by it: such a finding is only recorded.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-storage
# custom:
#   severity: deny
#   on:
#     statefulsets: [CREATE, UPDATE]
#   fix: use the name of a claim template or of a pod volume
#   since: v0.1.0
package stateward.rules.storage["claim-mounts"]

import data.stateward.lib.image
import data.stateward.lib.result
import data.stateward.lib.review

_lists := ["volumeMounts", "volumeDevices"]

report contains result.violation(rego.metadata.chain(), entry, {
	"path": array.concat(mount.path, ["name"]),
	"what": sprintf("%q is neither a claim template nor a volume of the pod", [mount.name]),
	"touched": _news(entry, mount),
}) if {
	some entry in review.statefulsets
	some mount in _dangling(entry.object)
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": path,
	"what": "must be a list of mounts",
	"fix": "write a list of mounts, each with the name of a volume",
}) if {
	some entry in review.statefulsets
	some item in image.containers(entry.object)
	some list in _lists
	mounts := item.container[list]
	not type_name(mounts) in {"array", "null"}
	path := array.concat(item.path, [list])
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": ["spec", "volumeClaimTemplates", index, "metadata", "name"],
	"what": sprintf("no container mounts %q: every pod gets an unused claim", [name]),
	"fix": "mount it where the data is written, or remove the template",
}) if {
	some entry in review.statefulsets
	mounted := {mount.name | some mount in _mounts(entry.object)}
	some index, template in entry.object.spec.volumeClaimTemplates
	name := template.metadata.name
	not name in mounted
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": ["spec", "template", "spec", "volumes", index, "name"],
	"what": sprintf("claim template %q replaces this volume", [volume.name]),
	"fix": "remove the volume, or rename it",
}) if {
	some entry in review.statefulsets
	claims := _claims(entry.object)
	some index, volume in entry.object.spec.template.spec.volumes
	volume.name in claims
	not _stands_in(volume)
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "template", "spec", "volumes", index, "name"],
	"what": sprintf("claim template %q replaces this volume, which names the template itself", [volume.name]),
	"fix": "remove the volume: the template alone gives each pod its claim",
	"severity": "audit",
}) if {
	some entry in review.statefulsets
	claims := _claims(entry.object)
	some index, volume in entry.object.spec.template.spec.volumes
	volume.name in claims
	_stands_in(volume)
}

# Charts of CockroachDB and their copies list a volume for the template, which changes nothing.
_stands_in(volume) if volume.persistentVolumeClaim.claimName == volume.name

# A name that is no text, or none, names nothing.
_mounts(sts) := [mount |
	some item in image.containers(sts)
	some list in _lists
	some index, each in item.container[list]
	mount := {
		"path": array.concat(item.path, [list, index]),
		"container": _name(item.container),
		"name": _name(each),
	}
]

_name(named) := name if {
	name := named.name
	is_string(name)
} else := ""

_dangling(sts) := [mount |
	defined := _claims(sts) | _volumes(sts)
	some mount in _mounts(sts)
	not mount.name in defined
]

_claims(sts) := {template.metadata.name | some template in sts.spec.volumeClaimTemplates}

_volumes(sts) := {volume.name | some volume in sts.spec.template.spec.volumes}

# Containers and mounts may change places; what the set lacks already is no news.
default _news(_, _) := true

_news(entry, mount) := false if {
	some before in _dangling(entry.old)
	before.container == mount.container
	before.name == mount.name
}
