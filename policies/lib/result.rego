# METADATA
# title: Results
# description: |
#   How a rule says what it found. The rule's id, severity, way out and so on come from its package's METADATA,
#   which every function here takes as `rego.metadata.chain()`; `found` says the rest:
#
#   - path: the field, as an array of keys and indexes
#   - what: what is wrong with it, with the offending value
#   - fix: the way out, where the metadata's `fix` is too general
#   - fields: the paths that make it wrong (default: only path). An UPDATE that leaves all of them alone is
#     grandfathered: an existing problem does not stop it
#   - touched: says the same outright, where comparing fields is not enough
#   - severity: the level of this one where no Guardrails give the rule another, whatever the metadata say
#   - others: further objects that it is about, each with kind, namespace and name
#   - scoped: true where the rule has looked by itself at what the Guardrails select
#   - confirm: false where no confirmation may let this one through, though the rule's others can be confirmed
package stateward.lib.result

import data.stateward.lib.config
import data.stateward.lib.confirmation
import data.stateward.lib.scope

# METADATA
# title: Violation
# description: What the rule exists to stop; its way out ends with the command to confirm it, where that is possible.
violation(chain, entry, found) := _message(object.union_n([
	finding,
	{"fix": _fix(confirmable, entry, finding, rule)},
	_confirmation(confirmable, entry, finding, rule),
])) if {
	finding := object.union(_finding(chain, entry, found), {"existing": _existing(entry, found)})
	custom := _package(chain).annotations.custom
	confirmable := object.get(found, "confirm", object.get(custom, "confirm", false))
	rule := {"id": finding.rule, "names": _called(finding), "data_loss": object.get(custom, "dataLoss", false)}
}

# METADATA
# title: Advice
# description: What the rule mentions and never denies.
advice(chain, entry, found) := _message(object.union(_finding(chain, entry, found), {"advice": true}))

# METADATA
# title: At a level
# description: A violation where a parameter says "deny", an advice where it says "warn".
# scope: document
at("deny", chain, entry, found) := violation(chain, entry, found)

at("warn", chain, entry, found) := advice(chain, entry, found)

# METADATA
# title: Mutation
# description: |
#   A change that Stateward makes; found.patch is an array of JSON Patch (RFC 6902) operations. Where found.silent is
#   true, the client is not warned of it.
mutation(chain, entry, found) := _message(object.union(_finding(chain, entry, found), {
	"patch": found.patch,
	"silent": object.get(found, "silent", false),
}))

_finding(chain, entry, found) := object.union_n([
	_scope(called, entry, found), _actor(called, entry), _aliases(custom), {
		"rule": called[0],
		"severity": object.get(found, "severity", object.get(custom, "severity", "warn")),
		"profile": _profile(custom, found),
		"path": found.path,
		"field": field(found.path),
		"what": found.what,
		"fix": sprintf("%s.", [object.get(found, "fix", custom.fix)]),
		"object": {"kind": entry.kind, "namespace": entry.namespace, "name": entry.name},
	},
	_others(found),
]) if {
	rule := _package(chain)
	custom := rule.annotations.custom
	called := config.names(rule)
}

# What is set for who acts.
_actor(called, entry) := object.union(
	{"action": level | level := scope.action(called, entry)},
	{"channel": channel | channel := scope.channel(entry)},
) if {
	config.by_actor
} else := {}

_aliases(custom) := {"aliases": custom.aliases} if {
	custom.aliases
} else := {}

_profile(custom, found) := {} if {
	found.severity
} else := object.get(custom, "profile", {})

_others(found) := {"others": found.others} if {
	found.others
} else := {}

_scope(called, entry, found) := {"outside": true} if {
	not found.scoped
	scope.outside(called, entry)
} else := {"exception": scope.exception(called, entry)} if {
	scope.exception(called, entry)
} else := {}

_package(chain) := link if {
	some link in chain
	link.annotations.scope == "package"
}

_message(finding) := object.union(finding, {"msg": sprintf("[%s] %s%s. Fix: %s", [
	finding.rule,
	_place(finding.field),
	finding.what,
	finding.fix,
])})

_place("") := ""

_place(place) := sprintf("%s: ", [place]) if place != ""

# A command ends the sentence without a full stop, which would be pasted with it. Only what is stored can be marked.
_fix(true, entry, finding, rule) := sprintf("%s, or %s", [
	trim_suffix(finding.fix, "."),
	confirmation.way(entry, rule),
]) if {
	confirmation.possible(entry)
} else := finding.fix

_fix(false, _, finding, _) := finding.fix

_confirmation(true, entry, finding, rule) := {"confirmed": true, "confirmation": confirmation.record(entry)} if {
	confirmation.valid(entry, rule)
}

# Confirmations are looked up at the API server, so only where it matters.
else := {"confirmed": true, "confirmation": covered} if {
	config.level(finding) == "deny"
	covered := confirmation.covered(entry, rule.names)
} else := {"confirmed": false}

_confirmation(false, _, _, _) := {"confirmed": false}

_called(finding) := array.concat([finding.rule], object.get(finding, "aliases", []))

default _existing(_, _) := false

_existing(entry, found) if {
	entry.operation == "UPDATE"
	is_object(entry.old)
	not _touched(entry, found)
}

_touched(_, found) := found.touched

_touched(entry, found) if {
	object.get(found, "touched", null) == null
	some path in object.get(found, "fields", [found.path])
	object.get(entry.object, path, null) != object.get(entry.old, path, null)
}

# METADATA
# title: Field
# description: A path as people write it, for example `spec.template.spec.containers[0].image`.
field(path) := trim_prefix(concat("", [_step(element) | some element in path]), ".")

_step(element) := sprintf("[%d]", [element]) if is_number(element)

else := sprintf(".%s", [element]) if regex.match("^[A-Za-z][A-Za-z0-9]*$", element)

else := sprintf("[%q]", [element])
