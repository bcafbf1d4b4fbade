package stateward.lib.clock_test

import data.stateward.lib.clock

test_a_time_is_read[text] if {
	some text, want in {
		"2026-11-23T12:00:00Z": 1795435200000000000,
		"2026-11-23T13:00:00+01:00": 1795435200000000000,
		"2026-11-23T12:00:00.5Z": 1795435200500000000,
		"2028-02-29T00:00:00Z": 1835395200000000000,
	}
	clock.nanoseconds(text) == want
}

test_what_is_no_time_is_undefined[text] if {
	some text in [
		"", "tomorrow", "2026-11-23", "2026-13-01T00:00:00Z", "2027-02-29T00:00:00Z",
		"2026-11-23T24:00:00Z", "2026-11-23T12:00:00", null, 7, {},
	]
	not clock.nanoseconds(text)
}

test_within_the_hour[case] if {
	now := "2026-11-23T12:00:00Z"
	some case in [
		{"until": "2026-11-23T12:00:01Z", "within": true},
		{"until": "2026-11-23T13:00:00Z", "within": true},
		{"until": "2026-11-23T12:00:00Z", "within": false},
		{"until": "2026-11-23T13:00:01Z", "within": false},
		{"until": "soon", "within": false},
	]
	count([true | clock.within_the_hour(case.until, now)]) == count([true | case.within])
}
