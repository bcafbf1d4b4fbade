package stateward.rules.audit["claim-drift_test"]

import data.stateward.rules.audit["claim-drift"] as rule

test_claims_of_one_fault_are_listed_together if {
	{finding.msg | some finding in rule.report} == {concat(" ", [
		"[claim-drift] spec.volumeClaimTemplates[0]: www-web-0, www-web-1: size 5Gi, the template requests 10Gi.",
		"Fix: resize the claims that are too small; to change a template, recreate the set with --cascade=orphan.",
	])} with input as _set
		with data.cluster as _cluster({
			"www-web-0": _claim("5Gi", "fast"),
			"www-web-1": _claim("5Gi", "fast"),
			"www-web-2": _claim("10Gi", "fast"),
		})
}

test_larger_claim_and_other_class_are_said if {
	{finding.what | some finding in rule.report} == {
		"www-web-0: size 20Gi, the template requests 10Gi",
		`www-web-0: class "slow", the template requests "fast"`,
	} with input as _set with data.cluster as _cluster({"www-web-0": _claim("20Gi", "slow")})
}

test_claim_as_requested_is_fine[size] if {
	some size in ["10Gi", "10240Mi"]
	rule.report == set() with input as _set with data.cluster as _cluster({"www-web-0": _claim(size, "fast")})
}

test_set_that_is_created_is_not_compared if {
	rule.report == set() with input.request as object.union(_set.request, {"operation": "CREATE"})
		with data.cluster as _cluster({"www-web-0": _claim("5Gi", "fast")})
}

_cluster(claims) := {"persistentvolumeclaims": {"default": {name: object.union({"metadata": {"name": name}}, claim) |
	some name, claim in claims
}}}

_claim(size, class) := {"spec": {"storageClassName": class, "resources": {"requests": {"storage": size}}}}

_set := _audit("StatefulSet", "apps", {
	"metadata": {"name": "web"},
	"spec": {"replicas": 3, "volumeClaimTemplates": [object.union({"metadata": {"name": "www"}}, _claim("10Gi", "fast"))]},
})

_audit(kind, group, value) := {
	"stateward": {"time": "2026-11-23T12:00:00Z"},
	"request": {"operation": "AUDIT", "kind": {"group": group, "kind": kind}, "namespace": "default", "object": value},
}
