package stateward.lib.owners_test

import data.stateward.lib.owners

_a := {"apiVersion": "v1", "kind": "ConfigMap", "name": "a", "uid": "1"}

_b := {"apiVersion": "v1", "kind": "ConfigMap", "name": "b", "uid": "2"}

test_an_owner_that_was_none_is_gained[case] if {
	some case in [
		{"before": null, "after": [_a], "gained": {0}},
		{"before": [], "after": [_a, _b], "gained": {0, 1}},
		{"before": [_a], "after": [_a, _b], "gained": {1}},
		{"before": [_a], "after": [_b], "gained": {0}},
	]
	owners.gained(_update(case.before, case.after)) == case.gained
}

test_each_part_of_an_owner_counts[key] if {
	some key in ["apiVersion", "kind", "name", "uid"]
	owners.gained(_update([_a], [object.union(_a, {key: "other"})])) == {0}
}

test_an_owner_that_stays_or_goes_is_not_gained[case] if {
	some case in [
		{"before": null, "after": null},
		{"before": [_a], "after": null},
		{"before": [_a, _b], "after": [_b]},
		{"before": [_a, _b], "after": [_b, _a]},
		{"before": [_a], "after": [object.union(_a, {"controller": true, "blockOwnerDeletion": true})]},
	]
	owners.gained(_update(case.before, case.after)) == set()
}

test_every_owner_of_something_new_is_gained if {
	owners.gained({"object": _owned([_a]), "old": null}) == {0}
}

_update(before, after) := {"object": _owned(after), "old": _owned(before)}

_owned(null) := {"metadata": {"name": "web"}}

_owned(references) := {"metadata": {"name": "web", "ownerReferences": references}} if is_array(references)
