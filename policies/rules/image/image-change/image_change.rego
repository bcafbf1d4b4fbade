# METADATA
# title: Risky image changes need confirmation
# description: |
#   An update replaces the pods and keeps their data. Another repository, an older version or the next major version
#   of a database can seldom read what the last one wrote, and afterwards the way back is often closed too. Versions
#   are compared number by number (including `17.2-alpine` and `v3.5.21`); other tags cannot be compared. Going back
#   in the middle of a rollout, to the images that other pods still run, is only a warning: an urgent rollback must
#   stay possible.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback
# custom:
#   severity: deny
#   confirm: true
#   on:
#     statefulsets: [UPDATE]
#   reads: [pods]
#   fix: upgrade within the major version, after a backup
#   since: v0.1.0
package stateward.rules.image["image-change"]

import data.stateward.lib.image
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.rollout

report contains result.violation(rego.metadata.chain(), change.entry, {
	"path": change.path,
	"what": sprintf("%s, from %q to %q", [danger, change.from, change.to]),
}) if {
	some change in _changes
	not rollout.back_to_images(change.entry)
	danger := _danger(change.before, change.after)
}

report contains result.advice(rego.metadata.chain(), change.entry, {
	"path": change.path,
	"what": sprintf("returns to the image that other pods still run, from %q to %q", [change.from, change.to]),
	"fix": sprintf("check that the pods that ran %q can still read their data", [change.from]),
}) if {
	some change in _changes
	_danger(change.before, change.after)
	rollout.back_to_images(change.entry)
}

report contains result.advice(rego.metadata.chain(), change.entry, {
	"path": change.path,
	"what": sprintf("another variant of the same version (other libraries may sort text differently), from %q to %q", [
		change.from,
		change.to,
	]),
	"fix": "check that indexes do not depend on the C library's collation",
}) if {
	some change in _changes
	not _danger(change.before, change.after)
	image.version(change.before.tag).variant != image.version(change.after.tag).variant
}

# Containers whose image changes, paired by name: their order means nothing.
_changes := [change |
	some entry in review.statefulsets
	entry.operation == "UPDATE"
	some new in image.containers(entry.object)
	some old in image.containers(entry.old)
	old.container.name == new.container.name
	old.container.image != new.container.image
	change := {
		"entry": entry,
		"path": array.concat(new.path, ["image"]),
		"from": old.container.image,
		"to": new.container.image,
		"before": image.parse(old.container.image),
		"after": image.parse(new.container.image),
	}
]

_danger(before, after) := "another repository" if {
	before.repository != after.repository
} else := "a tag that cannot be compared" if {
	not _comparable(before, after)
} else := "a lower version" if {
	_lower(image.version(after.tag).numbers, image.version(before.tag).numbers)
} else := "a lower version" if {
	_lower_by_prerelease(image.version(before.tag), image.version(after.tag))
} else := "a new major version" if {
	image.version(after.tag).numbers[0] > image.version(before.tag).numbers[0]
}

_comparable(before, after) if {
	image.version(before.tag)
	image.version(after.tag)
}

# The same tag under another digest is a rebuild of the same version.
_comparable(before, after) if {
	before.tag != ""
	before.tag == after.tag
}

_lower_by_prerelease(before, after) if {
	before.numbers == after.numbers
	image.prerelease(after.variant)
	not image.prerelease(before.variant)
}

# Numbers that both have are compared: 17 and 17.2 differ in nothing that is known.
_lower(left, right) if {
	shared := min([count(left), count(right)])
	array.slice(left, 0, shared) < array.slice(right, 0, shared)
}
