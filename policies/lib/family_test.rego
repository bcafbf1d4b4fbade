package stateward.lib.family_test

import data.stateward.lib.family

test_origins_are_all_that_a_name_may_mean if {
	family.origins("data-my-db-0") == [{"template": "data", "set": "my-db"}, {"template": "data-my", "set": "db"}]
}

test_name_of_another_form_has_no_origin[name] if {
	some name in ["data", "db-0", "data-db", "data-db-01", "data-db-x", ""]
	family.origins(name) == []
}

test_claims_are_those_of_the_replicas if {
	names := [found.claim.metadata.name | some found in family.claims("default", _set(2))] with data.cluster as _cluster
	names == ["data-db-5", "data-db-6"]
}

test_set_without_replicas_has_no_claims if {
	family.claims("default", _set(0)) == [] with data.cluster as _cluster
}

_set(replicas) := {"metadata": {"name": "db"}, "spec": {
	"replicas": replicas,
	"ordinals": {"start": 5},
	"volumeClaimTemplates": [{"metadata": {"name": "data"}}],
}}

_cluster := {"persistentvolumeclaims": {"default": {name: {"metadata": {"name": name}} |
	some name in ["data-db-4", "data-db-5", "data-db-6", "data-db-7"]
}}}
