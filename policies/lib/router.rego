# METADATA
# title: Router
# description: |
#   Asks every rule and mutation of the library, wherever its folder stands, and decides the level of what they
#   say. The only place where a level is decided.
package stateward.lib.router

import data.stateward.lib.config

# METADATA
# title: Findings
# description: What the rules found, each with its level; findings that are off are not among them.
# scope: document
# entrypoint: true
findings contains object.union(finding, {"level": level}) if {
	# regal ignore:mixed-iteration
	some finding in data.stateward.rules[_][_].report
	level := config.level(finding)
	level != "off"
}

# Users' own rules have a root of their own.
findings contains object.union(finding, {"level": level}) if {
	# regal ignore:mixed-iteration
	some finding in data.stateward.custom.rules[_][_].report
	level := config.level(finding)
	level != "off"
}

# METADATA
# title: Notices
# description: |
#   What rules say at the mutating door, of what the API server refuses by itself before it asks the validating one:
#   never more than a warning.
# scope: document
# entrypoint: true
notices contains object.union(finding, {"level": level}) if {
	# regal ignore:mixed-iteration
	some finding in data.stateward.rules[_][_].notice
	level := config.level(finding)
	level != "off"
}

# METADATA
# title: Mutations
# description: What the mutations change.
# scope: document
# entrypoint: true
mutations contains object.union(finding, {"level": "warn"}) if {
	# regal ignore:mixed-iteration
	some finding in data.stateward.mutations[_].report
	not finding.exception
	config.level(finding) != "off"
}
