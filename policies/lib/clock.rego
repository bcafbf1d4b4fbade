# METADATA
# title: Clock
# description: |
#   Times as people write them. Nothing here knows what time it is: that is in the review, or unknown.
package stateward.lib.clock

# A time that parses: a bad one is undefined, and must not stop the evaluation.
_rfc3339 := concat("", [
	`^(?:20\d\d-(?:`,
	`(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8]))`,
	`|20(?:[02468][048]|[13579][26])-02-29)`,
	`T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$`,
])

# METADATA
# title: Hour
# description: The longest that a confirmation lasts, in nanoseconds.
hour := 3600000000000

# METADATA
# title: Within the hour
# description: True for a time after now and at most an hour away, as the end of a confirmation that counts.
within_the_hour(until, now) if {
	left := nanoseconds(until) - nanoseconds(now)
	left > 0
	left <= hour
}

# METADATA
# title: Nanoseconds
# description: An RFC 3339 time of this century as nanoseconds since 1970; undefined for what is none.
nanoseconds(text) := time.parse_rfc3339_ns(text) if {
	is_string(text)
	regex.match(_rfc3339, text)
}

# METADATA
# title: Duration
# description: A duration such as 24h or 1h30m, as policies/param.go accepts them, in nanoseconds; otherwise undefined.
duration(text) := time.parse_duration_ns(text) if regex.match(`^([0-9]{1,5}(\.[0-9]{1,3})?[smh]){1,3}$`, text)
