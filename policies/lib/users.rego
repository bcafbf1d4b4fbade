# METADATA
# title: Users
# description: |
#   Under which users and groups the containers that hold data run. What a container says itself counts, whatever its
#   pod says.
package stateward.lib.users

import data.stateward.lib.containers
import data.stateward.lib.mounts

# METADATA
# title: Changes
# description: The changes that an update makes to them, as a set of {path, what}.
changes(entry) := _of_pods(entry) | _of_containers(entry)

_of_pods(entry) := {{
	"path": ["spec", "template", "spec", "securityContext", field],
	"what": sprintf("changes from %v to %v", [_or(before), _or(after)]),
} |
	count(mounts.claims(entry.old)) > 0
	some field in ["runAsUser", "runAsGroup", "fsGroup"]
	before := _pod(entry.old, field)
	after := _pod(entry.object, field)
	before != after
	not _is_up_to_containers(entry, field)
}

_of_containers(entry) := {{
	"path": array.concat(pair.new.path, ["securityContext", field]),
	"what": sprintf("%s of container %q changes from %v to %v", [field, pair.new.container.name, _or(before), _or(after)]),
} |
	some pair in _using(entry)
	some field in ["runAsUser", "runAsGroup"]
	_container(pair.old, field) != _container(pair.new, field)
	before := _effective(entry.old, pair.old, field)
	after := _effective(entry.object, pair.new, field)
	before != after
}

# A change of a container's own field is a finding of its own.
_is_up_to_containers(entry, field) if {
	field != "fsGroup"
	count(_using(entry)) > 0
	every pair in _using(entry) {
		_is_apart(entry, pair, field)
	}
}

_is_apart(entry, pair, field) if _effective(entry.object, pair.new, field) == _effective(entry.old, pair.old, field)

_is_apart(_, pair, field) if _container(pair.new, field) != _container(pair.old, field)

_using(entry) := [pair |
	some pair in containers.main_pairs(entry)
	count(mounts.uses(entry.old, pair.old.container)) > 0
]

_effective(sts, item, field) := value if {
	value := _container(item, field)
	value != null
} else := _pod(sts, field)

_pod(sts, field) := object.get(sts, ["spec", "template", "spec", "securityContext", field], null)

_container(item, field) := object.get(item.container, ["securityContext", field], null)

_or(null) := "nothing"

_or(value) := value if value != null
