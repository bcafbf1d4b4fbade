# METADATA
# title: Containers
# description: Which container after an update is which before it, and which of them hold data.
package stateward.lib.containers

import data.stateward.lib.image
import data.stateward.lib.mounts

# METADATA
# title: Pairs
# description: |
#   The containers before and after an update, as {old, new}, each with its path: paired by name, then by the claim that
#   both use, then by repository, then by position. Containers that have no counterpart are left out.
pairs(entry) := array.flatten([by_name, by_claim, by_repository, by_position]) if {
	by_name := [{"old": old, "new": new} |
		some new in image.containers(entry.object)
		some old in image.containers(entry.old)
		old.container.name == new.container.name
	]
	by_claim := _more(entry, by_name, "claim")
	by_repository := _more(entry, array.concat(by_name, by_claim), "repository")
	by_position := _more(entry, array.flatten([by_name, by_claim, by_repository]), "position")
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

_more(entry, known, by) := [{"old": old, "new": new} |
	some new in image.containers(entry.object)
	not new.path in {pair.new.path | some pair in known}
	some old in image.containers(entry.old)
	not old.path in {pair.old.path | some pair in known}
	_alike(by, entry, old, new)
]

_alike("claim", entry, old, new) if {
	claims := {use.claim | some use in mounts.uses(entry.old, old.container)}
	count(claims & {use.claim | some use in mounts.uses(entry.object, new.container)}) > 0
}

_alike("repository", _, old, new) if {
	image.parse(old.container.image).repository == image.parse(new.container.image).repository
}

_alike("position", _, old, new) if old.path == new.path
