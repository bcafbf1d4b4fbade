package stateward.lib.pods_test

import data.stateward.lib.pods

test_set_of_a_pod_is_its_owner_or_in_its_name[case] if {
	some case in [
		{"pod": _pod({"ownerReferences": [_owner("apps/v1", "StatefulSet")]}, {}), "set": "db"},
		{"pod": _pod({"labels": _named("web-0")}, {}), "set": "web"},
		{"pod": _pod({}, {"hostname": "web-0"}), "set": "web"},
		{"pod": _pod({"labels": _named("other-0")}, {"hostname": "web-0"}), "set": "web"},
	]
	pods.set_of(case.pod) == case.set
	pods.is_of_a_set(case.pod)
}

test_other_pods_are_of_no_set[why] if {
	some why, pod in {
		"no sign": _pod({}, {}),
		"another's": _pod({"ownerReferences": [_owner("apps/v1", "ReplicaSet")]}, {"hostname": "web-0"}),
		"another group's": _pod({"ownerReferences": [_owner("example.com/v1", "StatefulSet")]}, {"hostname": "web-0"}),
		"another hostname": _pod({}, {"hostname": "web"}),
		"no ordinal": {"metadata": {"name": "web"}, "spec": {"hostname": "web"}},
	}
	not pods.set_of(pod)
	not pods.is_of_a_set(pod)
}

# Other kinds of sets label their pods in the same way.
test_labelled_pod_of_another_controller_is_of_a_set if {
	pod := _pod({"labels": _named("web-0"), "ownerReferences": [_owner("apps.kruise.io/v1beta1", "StatefulSet")]}, {})
	pods.is_of_a_set(pod)
	not pods.set_of(pod)
}

_named(name) := {"statefulset.kubernetes.io/pod-name": name}

_owner(version, kind) := {"apiVersion": version, "kind": kind, "name": "db", "controller": true}

_pod(metadata, spec) := {"metadata": object.union({"name": "web-0"}, metadata), "spec": spec}
