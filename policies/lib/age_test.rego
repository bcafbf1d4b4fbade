package stateward.lib.age_test

import data.stateward.lib.age

test_seconds_are_those_since if {
	age.seconds({"time": "2026-11-23T12:00:00Z"}, "2026-11-23T11:59:00Z") == 60
}

test_unknown_time_has_no_age[now] if {
	some now in ["", "yesterday"]
	not age.seconds({"time": now}, "2026-11-23T11:59:00Z")
}

test_text_has_the_unit_that_fits if {
	[age.text(seconds) | some seconds in [0, 60, 7199, 7200, 172799, 172800]] == [
		"0 minutes", "1 minute", "119 minutes", "2 hours", "47 hours", "2 days",
	]
}
