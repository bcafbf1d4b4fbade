# METADATA
# title: Ages
# description: How long ago something was, by the clock of the review.
package stateward.lib.age

import data.stateward.lib.clock

# METADATA
# title: Seconds
# description: The seconds since a time; undefined where either is unknown.
seconds(entry, since) := round((clock.nanoseconds(entry.time) - clock.nanoseconds(since)) / 1000000000)

# METADATA
# title: Text
# description: Seconds in the unit that people think in.
# scope: document
text(seconds) := sprintf("%d days", [floor(seconds / 86400)]) if {
	seconds >= 172800
} else := sprintf("%d hours", [floor(seconds / 3600)]) if {
	seconds >= 7200
} else := "1 minute" if {
	floor(seconds / 60) == 1
} else := sprintf("%d minutes", [floor(seconds / 60)])
