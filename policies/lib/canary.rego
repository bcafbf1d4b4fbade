# METADATA
# title: Canaries
# description: |
#   The canaries that Stateward starts, and the updates that wait for other sets of a rollout group: which partition a
#   request gets while one is held, and which hold (lib/hold.rego) is recorded.
package stateward.lib.canary

import data.stateward.lib.config
import data.stateward.lib.defaults
import data.stateward.lib.group
import data.stateward.lib.hold as record
import data.stateward.lib.image
import data.stateward.lib.metadata
import data.stateward.lib.rollout
import data.stateward.lib.scope

# METADATA
# title: Begins
# description: True for a request whose new image Stateward limits to the last pod.
begins(entry) if {
	_new_images(entry)
	defaults.partition(entry.object) == 0
	defaults.replicas(entry.object) > 1
	not _waits(entry)
}

# METADATA
# title: Partition
# description: The partition after a request, which a canary that begins or is held may raise.
# scope: document
partition(entry) := defaults.replicas(entry.object) - 1 if {
	begins(entry)
} else := max([wanted, _kept(entry)]) if {
	_continues(entry)
	is_automation(entry)
	wanted := defaults.partition(entry.object)
} else := defaults.partition(entry.object)

# A partition that keeps an update from every pod does so after a change of the replicas too.
_kept(entry) := defaults.replicas(entry.object) if {
	_reaches_none(entry.old)
} else := min([defaults.partition(entry.old), defaults.replicas(entry.object) - 1])

# METADATA
# title: Hold
# description: The value of `stateward.dev/canary-hold` after a request; "" if nothing is held.
# scope: document
default hold(_) := ""

hold(entry) := record.text(entry.object, after) if {
	_holds(entry)
	after := partition(entry)
	after > 0
}

# METADATA
# title: Is automation
# description: True for a service account that the Guardrails do not name as a promoter.
is_automation(entry) if {
	scope.acts_as("automation", entry.user)
	not _promotes(entry.user)
}

_promotes(user) if {
	some name in config.promoters
	scope.acts_as(name, user)
}

_holds(entry) if begins(entry)

_holds(entry) if _continues(entry)

# The API server may call the webhook again for one request, with what the first call made of it.
_holds(entry) if {
	_new_images(entry)
	_marked(entry.object)
}

_holds(entry) if {
	_may_hold(entry)
	rollout.changes(entry)
	_reaches_none(entry.object)
	_marked(entry.object)
}

# An update that waits for a rollout group waits with another image too.
_waits(entry) if {
	_continues(entry)
	is_automation(entry)
	_reaches_none(entry.old)
}

_reaches_none(sts) if defaults.partition(sts) >= defaults.replicas(sts)

_continues(entry) if {
	_held(entry.old)
	_may_hold(entry)
	not _goes_back(entry)
}

# A set that anything else has changed since is not held, whatever the annotation says.
_held(sts) if {
	is_object(sts)
	defaults.partition(sts) > 0
	_marked(sts)
	_rolls_out(sts)
}

_marked(sts) if metadata.annotation(sts, metadata.canary_hold) == record.text(sts, defaults.partition(sts))

_rolls_out(sts) if rollout.under_way(sts)

_rolls_out(sts) if rollout.unseen(sts)

_may_hold(entry) if _begins_with_canary(entry)

_may_hold(entry) if {
	defaults.update_strategy(entry.object) == "RollingUpdate"
	group.is_grouped(entry)
}

_begins_with_canary(entry) if {
	metadata.begins_with_canary(entry.object)
	defaults.update_strategy(entry.object) == "RollingUpdate"
}

_new_images(entry) if {
	_begins_with_canary(entry)
	rollout.new_images(entry)
}

_goes_back(entry) if {
	image.changed(entry)
	not rollout.new_images(entry)
}

_goes_back(entry) if rollout.back(entry)
