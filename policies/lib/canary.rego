# METADATA
# title: Canaries
# description: |
#   The canaries that Stateward starts, and the hold by which it keeps them. A hold is the annotation
#   `stateward.dev/canary-hold` with the partition and the images of the StatefulSet as Stateward left them. Images
#   identify the rollout: its revision has no name before the controller has seen the template, and defaults that a
#   newer API server adds to the template must not end a hold.
package stateward.lib.canary

import data.stateward.lib.config
import data.stateward.lib.defaults
import data.stateward.lib.image
import data.stateward.lib.marks
import data.stateward.lib.rollout
import data.stateward.lib.scope

# METADATA
# title: Begins
# description: True for a request whose new image Stateward limits to the last pod.
begins(entry) if {
	_new_images(entry)
	defaults.partition(entry.object) == 0
	defaults.replicas(entry.object) > 1
}

# METADATA
# title: Partition
# description: The partition after a request, which a canary that begins or is held may raise.
# scope: document
partition(entry) := defaults.replicas(entry.object) - 1 if {
	begins(entry)
} else := max([wanted, min([defaults.partition(entry.old), defaults.replicas(entry.object) - 1])]) if {
	_continues(entry)
	is_automation(entry)
	wanted := defaults.partition(entry.object)
} else := defaults.partition(entry.object)

# METADATA
# title: Hold
# description: The value of `stateward.dev/canary-hold` after a request; "" if nothing is held.
# scope: document
default hold(_) := ""

hold(entry) := _text(entry.object, after) if {
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

_continues(entry) if {
	_held(entry.old)
	_may_hold(entry.object)
	not _goes_back(entry)
}

# A set that anything else has changed since is not held, whatever the annotation says.
_held(sts) if {
	is_object(sts)
	defaults.partition(sts) > 0
	_marked(sts)
	_rolls_out(sts)
}

_marked(sts) if marks.annotation(sts, marks.canary_hold) == _text(sts, defaults.partition(sts))

_rolls_out(sts) if rollout.under_way(sts)

_rolls_out(sts) if rollout.unseen(sts)

_may_hold(sts) if {
	marks.begins_with_canary(sts)
	defaults.update_strategy(sts) == "RollingUpdate"
}

_new_images(entry) if {
	_may_hold(entry.object)
	rollout.new_images(entry)
}

_goes_back(entry) if {
	image.changed(entry)
	not rollout.new_images(entry)
}

_text(sts, partition) := sprintf("%d/%s", [partition, concat(",", [sprintf("%v=%v", [name, reference]) |
	some item in image.containers(sts)
	name := object.get(item.container, "name", "")
	reference := object.get(item.container, "image", "")
])])
