package stateward.lib.topology_test

import data.stateward.lib.topology

test_pods_are_kept_apart_by_each_way_to_say_so[way] if {
	some way, spec in {
		"constraint": {"topologySpreadConstraints": [_own]},
		"required": {"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [_own]}}},
		"preferred": {"affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{
			"weight": 1,
			"podAffinityTerm": _own,
		}]}}},
	}
	topology.spread_keys(_sts(spec)) == {"kubernetes.io/hostname"}
}

test_pods_are_not_kept_apart_otherwise[way] if {
	some way, spec in {
		"nothing": {},
		"null": {"topologySpreadConstraints": null, "affinity": null},
		"affinity": {"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [_own]}}},
		"others": {"topologySpreadConstraints": [object.union(_own, {"labelSelector": {"matchLabels": {"app": "db"}}})]},
		"nobody": {"topologySpreadConstraints": [object.remove(_own, ["labelSelector"])]},
	}
	topology.spread_keys(_sts(spec)) == set()
}

test_keys_add_up if {
	zone := object.union(_own, {"topologyKey": "topology.kubernetes.io/zone"})
	spec := {
		"topologySpreadConstraints": [zone],
		"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [_own]}},
	}
	topology.spread_keys(_sts(spec)) == {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}
	topology.zone_keys & topology.spread_keys(_sts(spec)) == {"topology.kubernetes.io/zone"}
}

_own := {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "nginx"}}}

_sts(spec) := {"spec": {"template": {"metadata": {"labels": {"app": "nginx"}}, "spec": spec}}}
