package stateward.lib.identity_test

import data.stateward.lib.identity

test_controllers_of_kubernetes_finish_deletions[username] if {
	some username in {
		"system:kube-controller-manager",
		"system:serviceaccount:kube-system:generic-garbage-collector",
		"system:serviceaccount:kube-system:namespace-controller",
		"system:serviceaccount:kube-system:statefulset-controller",
	}
	identity.finishes_deletions({"username": username})
}

test_anybody_else_starts_deletions[username] if {
	some username in {
		"",
		"alice",
		"system:apiserver",
		"system:serviceaccount:default:generic-garbage-collector",
		"system:serviceaccount:kube-system:generic-garbage-collector2",
		"SYSTEM:kube-controller-manager",
	}
	not identity.finishes_deletions({"username": username})
}

test_groups_make_no_controller if {
	not identity.finishes_deletions({"username": "alice", "groups": ["system:kube-controller-manager"]})
}

test_nobody_known_is_no_controller if {
	not identity.finishes_deletions({})
}
