# METADATA
# title: Configuration
# description: |
#   The Guardrails object (stateward.dev/v1alpha1), handed over at the root of `data`, as conftest's `--data`
#   does with the same file. Without one, every rule has the level and parameters of its own metadata.
package stateward.lib.config

# METADATA
# title: Level
# description: |
#   What becomes of a finding: deny, warn, event (an Event about the object in the place of a warning), audit (recorded
#   only) or off. An advice is never more than a warning, and so is an existing problem, a confirmed operation, and an
#   exception whose expiry cannot be checked without the time.
# scope: document
level(finding) := "off" if {
	finding.outside
} else := "audit" if {
	_action(finding) != "off"
	finding.exception.dated
} else := finding.channel if {
	finding.channel
	_is_warning(finding)
} else := "warn" if {
	_action(finding) == "deny"
	_softened(finding)
} else := _action(finding)

# METADATA
# title: Parameter
# description: The parameter of the rule whose metadata chain is given; its default comes from that metadata.
# scope: document
param(chain, name) := value if {
	some link in chain
	link.annotations.scope == "package"
	value := _set(names(link), "params")[name]
} else := value if {
	some link in chain
	link.annotations.scope == "package"
	value := link.annotations.custom.params[name].default
}

# METADATA
# title: Names
# description: The id of the rule to whose package a link of a metadata chain belongs, and those that it once had.
names(link) := array.concat([link.path[count(link.path) - 1]], object.get(link.annotations.custom, "aliases", []))

# METADATA
# title: Four eyes
# description: True if one user must confirm and another one act.
# scope: document
default four_eyes := false

four_eyes if spec.fourEyes == true

# METADATA
# title: Off
# description: True for a rule or mutation that the Guardrails switch off.
off(id) if _set([id], "action") == "off"

_is_warning(finding) if _action(finding) == "warn"

_is_warning(finding) if {
	_action(finding) == "deny"
	_softened(finding)
}

_action(finding) := finding.action

_action(finding) := _action_for_all(finding) if not finding.action

_action_for_all(finding) := action if {
	action := _set(array.concat([finding.rule], object.get(finding, "aliases", [])), "action")
} else := finding.profile[_profile] if {
	finding.profile[_profile]
} else := finding.severity

_set(called, key) := [rule[key] | some rule in _rules; rule.id in called][0]

_softened(finding) if finding.advice

_softened(finding) if finding.existing

_softened(finding) if finding.confirmed

_softened(finding) if finding.exception

# METADATA
# title: Matches
# description: What must select a review for a rule of these names to judge it, as an array.
matches(called) := array.concat(_everywhere, [rule.match |
	some rule in _rules
	rule.id in called
	rule.match
])

# METADATA
# title: Matched rules
# description: The settings of rules that have a match of their own, as an array.
matched_rules := [rule | some rule in _rules; rule.match]

# METADATA
# title: Settings
# description: What is set for the rule of these names, as an array.
settings(called) := [rule | some rule in _rules; rule.id in called]

# METADATA
# title: Actors
# description: The actors of the Guardrails, as an array.
# scope: document
default actors := []

actors := spec.actors

# METADATA
# title: Promoters
# description: The names of the actors that may lower the partition of a canary that Stateward holds, as an array.
# scope: document
default promoters := []

promoters := spec.promoters

# METADATA
# title: Rollout groups
# description: The groups of StatefulSets across namespaces of which only one at a time may roll, as an array.
# scope: document
default rollout_groups := []

rollout_groups := spec.rolloutGroups

# METADATA
# title: Parents
# description: The custom resources of the Guardrails that own StatefulSets, as an array.
# scope: document
default parents := []

parents := spec.parents

# METADATA
# title: Automation
# description: Names of actors that count as automation, as an array.
# scope: document
default automation := []

automation := spec.automation

# METADATA
# title: Advice
# description: Where warnings go, by who acts.
# scope: document
advice := spec.advice

# METADATA
# title: By actor
# description: True where anything is set for single actors.
# scope: document
by_actor if spec.advice

by_actor if {
	some rule in _rules
	rule.actions
}

# METADATA
# title: Exceptions
# description: The exceptions of the Guardrails, as an array.
# scope: document
default exceptions := []

exceptions := spec.exceptions

default _everywhere := []

_everywhere := [spec.match]

default _profile := "baseline"

_profile := spec.profile

default _rules := []

_rules := spec.rules

# METADATA
# title: Spec
# description: What the Guardrails set; undefined without any.
# scope: document
spec := data.spec if data.kind == "Guardrails"
