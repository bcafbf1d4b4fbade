package stateward.lib.identity_test

import data.stateward.lib.identity

test_everybody_has_a_class[username] if {
	some username, class in {
		"system:serviceaccount:kube-system:statefulset-controller": "statefulset-controller",
		"system:serviceaccount:kube-system:generic-garbage-collector": "garbage-collector",
		"system:serviceaccount:kube-system:namespace-controller": "namespace-controller",
		"system:serviceaccount:kube-system:horizontal-pod-autoscaler": "horizontal-pod-autoscaler",
		"system:kube-controller-manager": "controllers",
		"system:kube-scheduler": "controller",
		"system:apiserver": "controller",
		"system:serviceaccount:kube-system:pod-garbage-collector": "controller",
		"system:serviceaccount:kube-system:node-controller": "controller",
		"system:serviceaccount:kube-system:ttl-after-finished-controller": "controller",
		"system:serviceaccount:kube-system:persistent-volume-binder": "controller",
		"system:serviceaccount:keda:keda-operator": "automation",
		"system:serviceaccount:argocd:argocd-application-controller": "automation",
		"system:serviceaccount:kube-system:coredns": "automation",
		"alice": "person",
		"admin": "person",
		"system:anonymous": "person",
	}
	identity.class({"username": username, "groups": ["system:authenticated"]}) == class
}

test_nobody_is_what_another_is_called[username] if {
	some username, class in {
		"system:serviceaccount:default:generic-garbage-collector": "automation",
		"system:serviceaccount:kube-system-2:namespace-controller": "automation",
		"system:serviceaccount:kube-system:generic-garbage-collector2": "automation",
		"system:serviceaccount:horizontal-pod-autoscaler:kube-system": "automation",
		"SYSTEM:kube-controller-manager": "person",
		"kube-controller-manager": "person",
		"generic-garbage-collector": "person",
		"statefulset-controller": "person",
	}
	user := {"username": username, "groups": ["system:kube-controller-manager", "system:serviceaccounts:kube-system"]}
	identity.class(user) == class
	not identity.is_controller(user)
	not identity.finishes_deletions(user)
}

test_node_is_in_the_group_of_nodes if {
	identity.class({"username": "system:node:node-0", "groups": ["system:nodes", "system:authenticated"]}) == "node"
	identity.class({"username": "system:node:node-0", "groups": ["system:authenticated"]}) == "person"
	identity.class({"username": "system:node:node-0"}) == "person"
	identity.class({"username": "alice", "groups": ["system:nodes"]}) == "person"
}

test_who_is_not_named_is_unknown[user] if {
	some user in [{}, {"username": ""}, {"username": null}, {"username": 3}, {"groups": ["system:nodes"]}]
	identity.class(user) == "unknown"
	not identity.is_controller(user)
	not identity.finishes_deletions(user)
}

test_controllers_are_controllers_under_either_setting[username] if {
	some username in {
		"system:kube-controller-manager",
		"system:kube-scheduler",
		"system:serviceaccount:kube-system:generic-garbage-collector",
		"system:serviceaccount:kube-system:horizontal-pod-autoscaler",
		"system:serviceaccount:kube-system:job-controller",
		"system:serviceaccount:kube-system:statefulset-controller",
	}
	identity.is_controller({"username": username})
}

test_nodes_people_and_automation_are_no_controllers[username] if {
	some username in {"alice", "system:node:node-0", "system:serviceaccount:keda:keda-operator"}
	not identity.is_controller({"username": username, "groups": ["system:nodes"]})
}

test_controllers_of_kubernetes_finish_deletions[username] if {
	some username in {
		"system:kube-controller-manager",
		"system:serviceaccount:kube-system:generic-garbage-collector",
		"system:serviceaccount:kube-system:namespace-controller",
		"system:serviceaccount:kube-system:pod-garbage-collector",
		"system:serviceaccount:kube-system:statefulset-controller",
	}
	identity.finishes_deletions({"username": username})
}

test_anybody_else_starts_deletions[username] if {
	some username in {
		"alice",
		"system:apiserver",
		"system:node:node-0",
		"system:serviceaccount:kube-system:horizontal-pod-autoscaler",
	}
	not identity.finishes_deletions({"username": username})
}

test_protection_controllers_end_protections[username] if {
	some username in [
		"system:kube-controller-manager",
		"system:serviceaccount:kube-system:pv-protection-controller",
		"system:serviceaccount:kube-system:pvc-protection-controller",
	]
	identity.ends_protections({"username": username})
}

test_people_end_no_protections if {
	not identity.ends_protections({"username": "alice"})
}
