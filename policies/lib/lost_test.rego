package stateward.lib.lost_test

import data.stateward.lib.lost

test_claims_that_go_with_a_set[name] if {
	some name, case in {
		"owned by it alone": {"policy": "Retain", "claims": ["www-web-8"]},
		"soon owned by it": {"policy": "Delete", "claims": ["www-web-0", "www-web-8"]},
	}
	lost.with_set(_set(case.policy)) == case.claims with data.cluster.persistentvolumeclaims as _claims
}

test_set_without_templates_takes_no_claims if {
	sts := object.remove(_set("Delete"), ["spec"])
	lost.with_set(sts) == [] with data.cluster.persistentvolumeclaims as _claims
}

test_claims_that_go_with_a_target[case] if {
	some case in [
		{"target": {"group": "apps", "kind": "StatefulSet", "object": _set("Retain")}, "claims": ["www-web-8"]},
		{
			"target": {"group": "", "kind": "Namespace", "object": {"metadata": {"name": "default"}}},
			"claims": ["www-web-1"],
		},
		{"target": {"group": "", "kind": "Pod", "object": {"metadata": {"name": "default"}}}, "claims": []},
	]
	lost.claims(case.target) == case.claims with data.cluster.persistentvolumeclaims as _claims
}

test_claim_that_a_template_names_holds_data if {
	volumes := [{"persistentVolumeClaim": {"claimName": "backup"}}, {"emptyDir": {}}]
	sets := {"default": {"web": {"spec": {"replicas": 0, "template": {"spec": {"volumes": volumes}}}}}}
	[claim.metadata.name | some claim in lost.in_namespace("default")] == ["backup", "www-web-1"]
		with data.cluster.persistentvolumeclaims as _claims
		with data.cluster.statefulsets as sets
}

_set(policy) := {
	"metadata": {"name": "web", "namespace": "default", "uid": "0c7a"},
	"spec": {
		"replicas": 1,
		"volumeClaimTemplates": [{"metadata": {"name": "www"}}],
		"persistentVolumeClaimRetentionPolicy": {"whenDeleted": policy},
	},
}

_claims := {"default": {
	"www-web-8": {"metadata": {"name": "www-web-8", "ownerReferences": [{"uid": "0c7a"}]}},
	"www-web-9": {"metadata": {"name": "www-web-9", "ownerReferences": [{"uid": "0c7a"}, {"uid": "1d8b"}]}},
	"www-web-0": {"metadata": {"name": "www-web-0"}},
	"www-web-1": {"metadata": {"name": "www-web-1"}, "status": {"phase": "Bound"}},
	"logs-web-0": {"metadata": {"name": "logs-web-0"}},
	"backup": {"metadata": {"name": "backup"}, "status": {"phase": "Bound"}},
}}
