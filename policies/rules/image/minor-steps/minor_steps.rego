# METADATA
# title: Some systems are upgraded one minor version at a time
# description: |
#   The images of the table below take the data of the minor version before theirs, and of no older one: a skipped minor
#   version can leave members that do not start, or do not talk to each other. Parameter `images` adds others by the
#   last part of their name.
# related_resources:
#   - ref: https://etcd.io/docs/v3.6/upgrades/upgrade_3_6/
#   - ref: https://www.rabbitmq.com/docs/upgrade
#   - ref: https://www.mongodb.com/docs/manual/release-notes/
#   - ref: https://qdrant.tech/documentation/operations/upgrade/
#   - ref: https://www.cockroachlabs.com/docs/stable/upgrade-cockroach-version
# custom:
#   severity: warn
#   on:
#     statefulsets: [UPDATE]
#   changes:
#     statefulsets: [spec.template.spec]
#   params:
#     images:
#       type: array
#       default: []
#       description: More images that are upgraded one minor version at a time, by the last part of their name
#   fix: upgrade to each minor version in between first
#   since: v0.1.0
package stateward.rules.image["minor-steps"]

import data.stateward.lib.config
import data.stateward.lib.image
import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {
	"path": array.concat(item.path, ["image"]),
	"what": sprintf("%s goes from %s to %s and skips a minor version", [name, _minor(before), _minor(after)]),
	"touched": true,
}) if {
	more := config.param(rego.metadata.chain(), "images")
	some entry in review.statefulsets
	entry.operation == "UPDATE"
	some item in image.containers(entry.object)
	item.path[3] == "containers"
	[name, after] := _release(item.container)
	name in (_stepwise | {one | some one in more})
	before := _before(entry.old, name)
	_skips(name, before, after)
}

_release(container) := [name, release] if {
	reference := image.parse(container.image)
	parts := split(reference.repository, "/")
	name := parts[count(parts) - 1]
	release := image.version(reference.tag).numbers
	count(release) > 1
}

_before(old, name) := [release |
	some item in image.containers(old)
	item.path[3] == "containers"
	[name, release] = _release(item.container)
][0]

_minor(release) := sprintf("%v.%v", [release[0], release[1]])

_skips(_, before, after) if {
	before[0] == after[0]
	after[1] > before[1] + 1
}

# Releases that are called by the year have so many minor versions, and the first of the next year follows on the last.
_skips(name, before, after) if {
	minors := _yearly[name]
	before[0] < after[0]
	((after[0] * minors) + after[1]) - ((before[0] * minors) + before[1]) > 1
}

# Sources: the upgrade pages above.
_stepwise := {"etcd", "rabbitmq", "mongo", "mongodb", "qdrant", "cockroach", "gitlab-ce", "gitlab-ee", "kube-apiserver"}

_yearly := {"cockroach": 4}
