# METADATA
# title: Containers
# description: Which container after an update is which before it, and which of them hold data.
package stateward.lib.containers

import data.stateward.lib.image
import data.stateward.lib.mounts

# METADATA
# title: Pairs
# description: |
#   The containers before and after an update, as {old, new, by}, each with its path: paired by name, then by a claim
#   that both find at one place, then by a claim that both use, then by repository, then by position. Containers that
#   have no counterpart are left out.
pairs(entry) := _by_name(entry) if {
	count(_by_name(entry)) == max([count(image.containers(entry.object)), count(image.containers(entry.old))])
} else := array.flatten([by_name, by_place, by_claim, by_repository, by_position]) if {
	by_name := _by_name(entry)
	by_place := _more(entry, by_name, "place")
	by_claim := _more(entry, array.concat(by_name, by_place), "claim")
	by_repository := _more(entry, array.flatten([by_name, by_place, by_claim]), "repository")
	by_position := _more(entry, array.flatten([by_name, by_place, by_claim, by_repository]), "position")
}

# METADATA
# title: Main pairs
# description: |
#   The pairs of containers that may hold data: none that end before the others start, and none that have only their
#   position in common.
main_pairs(entry) := [pair |
	some pair in pairs(entry)
	pair.by != "position"
	image.keeps_running(pair.old)
	image.keeps_running(pair.new)
]

# METADATA
# title: Lost
# description: |
#   What containers found before an update and do not find after it, as {container, claim, at, now, path}: now is where
#   the claim is found instead, "" for nowhere.
lost(entry) := array.concat(
	[loss |
		known := main_pairs(entry)
		some pair in known
		after := mounts.uses(entry.object, pair.new.container)
		some use in mounts.uses(entry.old, pair.old.container)
		not use in after
		not _stays(entry, known, pair, use)
		loss := {
			"container": pair.new.container.name,
			"claim": use.claim,
			"at": use.at,
			"now": concat(", ", sort([other.at | some other in after; other.claim == use.claim])),
			"path": array.concat(pair.new.path, ["volumeMounts"]),
		}
	],
	[loss |
		known := main_pairs(entry)
		some item in image.containers(entry.old)
		image.keeps_running(item)
		"template" in item.path
		old := item.container
		not old in [pair.old.container | some pair in known]
		some use in mounts.uses(entry.old, old)
		not use in _anywhere(entry.object)
		not _shared(entry, known, old, use)
		loss := {
			"container": old.name,
			"claim": use.claim,
			"at": use.at,
			"now": "",
			"path": ["spec", "template", "spec", "containers"],
		}
	],
)

# A container that another one takes the place of takes nothing with it while the data has its container.
_stays(entry, known, pair, use) if {
	pair.old.container.name != pair.new.container.name
	_shared(entry, known, pair.old.container, use)
}

_stays(entry, _, pair, use) if {
	pair.old.container.name != pair.new.container.name
	use in _anywhere(entry.object)
}

_anywhere(sts) := {use |
	some item in image.containers(sts)
	image.keeps_running(item)
	some use in mounts.uses(sts, item.container)
}

# A sidecar that goes takes nothing with it while the container of the data stays: one that writes, if this one does.
_shared(entry, known, old, use) if {
	some pair in known
	pair.old.container.name != old.name
	some other in mounts.uses(entry.old, pair.old.container)
	other.claim == use.claim
	not use.claim in (mounts.writable(entry.old, old) - mounts.writable(entry.old, pair.old.container))
}

# METADATA
# title: Holds data
# description: |
#   True for a container that uses a claim; where the set has no claims, for every container but init containers.
# scope: document
holds_data(value, item) if count(mounts.uses(value, item.container)) > 0

holds_data(value, item) if {
	"containers" in item.path
	count(mounts.claims(value)) == 0
}

_by_name(entry) := [{"old": old, "new": new, "by": "name"} |
	some new in image.containers(entry.object)
	some old in image.containers(entry.old)
	old.container.name == new.container.name
]

_more(entry, known, by) := [{"old": old, "new": new, "by": by} |
	some new in image.containers(entry.object)
	not new.path in {pair.new.path | some pair in known}
	some old in image.containers(entry.old)
	not old.path in {pair.old.path | some pair in known}
	_alike(by, entry, old, new)
]

_alike("place", entry, old, new) if {
	count(mounts.uses(entry.old, old.container) & mounts.uses(entry.object, new.container)) > 0
}

_alike("claim", entry, old, new) if {
	claims := {use.claim | some use in mounts.uses(entry.old, old.container)}
	count(claims & {use.claim | some use in mounts.uses(entry.object, new.container)}) > 0
}

_alike("repository", _, old, new) if {
	image.parse(old.container.image).repository == image.parse(new.container.image).repository
}

_alike("position", _, old, new) if old.path == new.path
