# METADATA
# title: Some systems are upgraded one minor version at a time
# description: |
#   These programs take the data of the release before theirs, and of no older one: a skipped release can leave members
#   that do not start, or do not talk to each other. They are etcd, RabbitMQ before 4, MongoDB (releases such as 4.4 and
#   6.0), Qdrant, CockroachDB (innovation releases may be skipped), GitLab and kube-apiserver. Parameter `images` adds
#   others by the last part of their name.
# related_resources:
#   - ref: https://etcd.io/docs/v3.6/upgrades/upgrade_3_6/
#   - ref: https://www.rabbitmq.com/docs/upgrade
#   - ref: https://www.mongodb.com/docs/manual/release-notes/
#   - ref: https://qdrant.tech/documentation/operations/upgrade/
#   - ref: https://www.cockroachlabs.com/docs/stable/upgrade-cockroach-version
#   - ref: https://docs.gitlab.com/update/upgrade_paths/
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
#   fix: upgrade to each release in between first
#   since: v0.1.0
package stateward.rules.image["minor-steps"]

import data.stateward.lib.config
import data.stateward.lib.image
import data.stateward.lib.program
import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {
	"path": array.concat(item.path, ["image"]),
	"what": sprintf("%s goes from %s to %s and skips %s", [name, _text(before), _text(after), _text(skipped)]),
	"touched": true,
}) if {
	more := config.param(rego.metadata.chain(), "images")
	some entry in review.statefulsets
	entry.operation == "UPDATE"
	some item in image.containers(entry.object)
	image.keeps_running(item)
	image.is_new(entry, item.container.image)
	[name, after] := _release(item.container, more)
	before := _before(entry.old, name, more)
	skipped := sort(_between(name, before, after, more))[0]
}

_release(container, more) := [name, release] if {
	name := _name(program.base(container.image), more)
	_goes_by_steps(name, more)
	release := array.slice(image.version(image.parse(container.image).tag).numbers, 0, 2)
	count(release) == 2
}

_name(base, more) := base if {
	base in more
} else := program.name(base)

_goes_by_steps(name, _) if name in _planned

_goes_by_steps(name, _) if name in _stepwise

_goes_by_steps(name, more) if name in more

_before(old, name, more) := [release |
	some item in image.containers(old)
	image.keeps_running(item)
	[name, release] = _release(item.container, more)
][0]

_text(release) := sprintf("%v.%v", release)

# The releases between two that may not be left out.
_between(name, before, after, more) := {release |
	some release in _releases[name]
	release > before
	release < after
} if {
	name in _planned
} else := {[before[0], minor] |
	name in (_stepwise | {one | some one in more})
	before[0] == after[0]
	some minor in numbers.range(before[1], after[1])
	minor > before[1]
	minor < after[1]
}

# Programs for which each minor version counts, and those whose releases follow another plan. Sources: the upgrade pages
# above.
_stepwise := {"etcd", "gitlab", "kube-apiserver", "qdrant"}

_planned := {"cockroach", "mongodb", "rabbitmq"}

_releases := {"cockroach": _cockroach, "mongodb": _mongodb, "rabbitmq": _rabbitmq}

# Two releases a year, then four, of which the first and the third are innovation releases.
_cockroach := {[24, 1], [24, 3]} | {release |
	some years in [{"from": 19, "to": 23, "minors": [1, 2]}, {"from": 25, "to": 40, "minors": [2, 4]}]
	some year in numbers.range(years.from, years.to)
	some release in [[year, minor] | some minor in years.minors]
}

_mongodb := {[3, 0], [3, 2], [3, 4], [3, 6], [4, 0], [4, 2], [4, 4]} | {[major, 0] |
	some major in numbers.range(5, 20)
}

_rabbitmq contains [3, minor] if some minor in numbers.range(0, 13)
