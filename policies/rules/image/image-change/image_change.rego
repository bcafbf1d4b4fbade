# METADATA
# title: Risky image changes need confirmation
# description: |
#   The pods are replaced, their data stays. Another program, a lower major version or the next major version of a
#   database seldom reads what the last one wrote, and the way back is then closed as well. Versions are compared
#   number by number, those of programs named in the tag's suffix (`2.11.0-pg14`) and after words (`ubi8-15.3`) too.
#   Containers are paired by name, then by the claim that they mount, then by repository, then by position, so a new
#   name hides nothing. A step back within the major version, a step to a new release series of a database whose data
#   cannot go back (`mysql:8.0` to `8.4`), tags that cannot be compared, mirrors and the containers that hold no data
#   are warned of. So is the way back to an image that the set ran before, as `helm rollback` and `kubectl rollout
#   undo` take it, unless the data of a higher major version is there already. A set that is created over pods that a
#   former set of its name left, or over claims of which its revisions are left, is judged by what these ran. So are the
#   pods that OnDelete kept from an update, when another strategy lets it begin.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback
# custom:
#   severity: deny
#   confirm: true
#   dataLoss: true
#   on:
#     statefulsets: [CREATE, UPDATE]
#     pods: [UPDATE]
#   when:
#     pods: images
#   changes:
#     statefulsets: [spec.template.spec, spec.updateStrategy]
#   reads: [pods, controllerrevisions, persistentvolumeclaims]
#   params:
#     containers:
#       type: string
#       enum: [data, all]
#       default: data
#       description: Which containers are denied; data means those that mount a claim, or all where none does
#     incomparable:
#       type: string
#       enum: [deny, warn]
#       default: warn
#       description: What tags mean that cannot be compared
#     schemes:
#       type: array
#       default: [semver, calendar, date, release, build]
#       description: How tags are read; what follows no scheme in this list cannot be compared
#     mirrors:
#       type: object
#       default: {}
#       description: Repositories, or parts before a slash, each with a list of others that hold the same images
#     versionFrom:
#       type: array
#       default: [PGVERSION]
#       description: Environment variables that hold the major version, where the image holds several
#     rollbackHours:
#       type: integer
#       default: 168
#       description: For how many hours after a rollout the way back to an earlier image is only warned of
#   fix: upgrade within the major version, after a backup
#   since: v0.1.0
package stateward.rules.image["image-change"]

import data.stateward.lib.clock
import data.stateward.lib.cluster
import data.stateward.lib.config
import data.stateward.lib.containers
import data.stateward.lib.image
import data.stateward.lib.repository
import data.stateward.lib.result
import data.stateward.lib.rollout
import data.stateward.lib.running
import data.stateward.lib.version

report contains result.at(_level(change, danger), rego.metadata.chain(), change.request, object.union(_way(change), {
	"path": change.path,
	"what": sprintf("%s, %s", [danger.what, change.step]),
	"touched": true,
})) if {
	some change in _changes
	danger := _danger(change)
	danger.kind in _risky

	# Last: it may ask the API server for the revisions.
	not _back(change)
}

report contains result.advice(rego.metadata.chain(), change.request, {
	"path": change.path,
	"what": sprintf("%s, %s", [_back(change), change.step]),
	"fix": sprintf("make sure that what ran %q left data that %q can read", [change.from, change.to]),
}) if {
	some change in _changes
	_danger(change).kind in _risky
	_back(change)
}

report contains result.advice(rego.metadata.chain(), change.request, {
	"path": change.path,
	"what": sprintf("%s, %s", [danger.what, change.step]),
	"fix": _care(danger.kind),
}) if {
	some change in _changes
	danger := _danger(change)
	not _is_rewritten(change, danger)
	danger.kind in {"lower", "mirror", "prerelease", "series", "variant"}
}

report contains result.violation(rego.metadata.chain(), object.get(entry, "request", entry), {
	"path": array.concat(pair.new.path, ["env"]),
	"what": sprintf("%s goes from %s to %s: another major version", [name, before, after]),
	"touched": true,
}) if {
	names := config.param(rego.metadata.chain(), "versionFrom")
	some entry in _updates
	some pair in _pairs(entry)
	some name in names
	before := _variable(pair.old.container, name)
	after := _variable(pair.new.container, name)
	before != after
}

_risky := {"repository", "major", "lower-major", "incomparable"}

_variable(container, name) := [each.value |
	some each in container.env
	each.name == name
	is_string(each.value)
][0]

_changes := [change |
	some entry in _updates
	_some_image_differs(entry)
	some pair in _pairs(entry)
	pair.old.container.image != pair.new.container.image
	change := {
		"entry": entry,
		"request": object.get(entry, "request", entry),
		"step": sprintf("from %q%s to %q", [pair.old.container.image, _of(entry), pair.new.container.image]),
		"pair": pair,
		"path": array.concat(pair.new.path, ["image"]),
		"from": pair.old.container.image,
		"to": pair.new.container.image,
		"before": image.parse(pair.old.container.image),
		"after": image.parse(pair.new.container.image),
	}
]

_updates := array.concat(
	[entry |
		some entry in image.subjects
		entry.operation == "UPDATE"
		_may_bring_images(entry)
	],
	running.updates,
)

_may_bring_images(entry) if entry.kind == "Pod"

_may_bring_images(entry) if image.template_changes(entry)

# In a pod, others may have put containers before its own.
_pairs(entry) := [pair |
	some pair in containers.pairs(entry)
	not _is_by_chance(entry, pair)
]

_is_by_chance(entry, pair) if {
	entry.of
	pair.by == "position"
}

_of(entry) := sprintf(" of %s", [entry.of]) if {
	entry.of
} else := ""

# A mutation may have given the pod an image of another registry.
_is_rewritten(change, danger) if {
	change.entry.of
	danger.kind == "mirror"
}

# Nothing is stored yet that could be confirmed.
_way(change) := {"fix": sprintf("create it with %q first, then change the image by an update", [change.from])} if {
	change.request.operation == "CREATE"
} else := {"fix": "if both hold the same image, list them in the parameter mirrors of this rule"} if {
	_danger(change).kind == "repository"
	repository.base(change.before.repository) == repository.base(change.after.repository)
} else := {}

# Pairing takes a while, and most updates change no image.
_some_image_differs(entry) if {
	[item.container.image | some item in image.containers(entry.object)] != [item.container.image |
		some item in image.containers(entry.old)
	]
}

_level(change, danger) := config.param(rego.metadata.chain(), "incomparable") if {
	danger.kind == "incomparable"
	_is_judged(change)
} else := "deny" if {
	_is_judged(change)
} else := "warn"

_is_judged(_) if config.param(rego.metadata.chain(), "containers") == "all"

_is_judged(change) if containers.holds_data(change.entry.old, change.pair.old)

_is_judged(change) if containers.holds_data(change.entry.object, change.pair.new)

# The images of the current revision in the middle of a rollout; after it, one that an earlier revision names, but never
# below data of a higher major version.
_back(change) := "takes the image that other pods run already" if {
	[change.pair.new.container.name, change.to] in change.entry.images
} else := "returns to the image that other pods still run" if {
	rollout.back_to_images(change.entry)
} else := "returns to an image of an earlier revision" if {
	_danger(change).kind != "lower-major"
	change.entry.kind == "StatefulSet"
	some revision in cluster.revisions(change.entry.old)
	some item in image.containers({"spec": revision.data.spec})
	item.container.name == change.pair.new.container.name
	item.container.image == change.to
	not _is_past(change.entry)
}

# A revision that is used again keeps its old time, so when it came into use is not known.
_is_past(entry) if {
	made := {revision.metadata.name: clock.nanoseconds(revision.metadata.creationTimestamp) |
		some revision in cluster.revisions(entry.old)
	}
	last := made[entry.old.status.updateRevision]
	last == max([each | some each in made])
	clock.nanoseconds(entry.time) - last > (config.param(rego.metadata.chain(), "rollbackHours") * 3600) * 1000000000
}

_danger(change) := {"kind": numbered.kind, "what": numbered.what} if {
	numbered := _numbered(change.before.repository, change.after.repository)
} else := {"kind": "repository", "what": "another repository"} if {
	not _same(change)
	not _mirrored(change)
} else := difference if {
	difference := _difference(change)
	difference.kind in {"major", "lower-major", "incomparable"}
} else := {"kind": "mirror", "what": "another registry, an image of the same name"} if {
	not _same(change)
} else := _difference(change)

_numbered(before, after) := {"kind": "major", "what": "a new major version"} if {
	version.numbered(before).name == version.numbered(after).name
	version.numbered(before).number < version.numbered(after).number
} else := {"kind": "lower-major", "what": "a lower major version"} if {
	version.numbered(before).name == version.numbered(after).name
	version.numbered(before).number > version.numbered(after).number
}

_same(change) if {
	change.before.repository == change.after.repository
} else if {
	mirrors := config.param(rego.metadata.chain(), "mirrors")
	repository.canonical(change.before.repository, mirrors) == repository.canonical(change.after.repository, mirrors)
}

_mirrored(change) if repository.mirrored(change.before.repository, change.after.repository)

_mirrored(change) if {
	repository.base(change.before.repository) == repository.base(change.after.repository)
	change.before.tag == change.after.tag
	change.before.digest == change.after.digest
	change.before.digest != ""
}

_difference(change) := difference if {
	schemes := config.param(rego.metadata.chain(), "schemes")
	_is_known(change.before.tag, change.after.tag, schemes)
	difference := version.difference(repository.base(change.before.repository), change.before.tag, change.after.tag)
} else := {"kind": "incomparable", "what": "a tag that cannot be compared"}

_is_known(before, after, _) if before == after

_is_known(before, after, schemes) if {
	before != after
	version.scheme(before) in schemes
	version.scheme(after) in schemes
}

_care("lower") := "make sure that this version reads the data, and take a backup first"

_care("series") := "take a backup first, and keep it until the new version has proved itself"

_care("prerelease") := "make sure that this version reads the data, and take a backup first"

_care("mirror") := "make sure that both registries hold the same image, and list them in the parameter mirrors"

_care("variant") := "check that indexes do not depend on the C library's collation"
