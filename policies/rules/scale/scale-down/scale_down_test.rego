package stateward.rules.scale["scale-down_test"]

import data.stateward.rules.scale["scale-down"] as rule

test_scale_down_names_pods_and_claims[door] if {
	some door, document in {
		"update": _update(_sts("nginx:1.27.4", 5), _sts("nginx:1.27.4", 4)),
		"scale": _scale(5, 4, _alice),
	}
	{[finding.what, finding.advice] | some finding in rule.report} == {["5 to 4 stops web-4; their claims www stay", true]}
		with input as document
		with data.cluster.statefulsets as {"default": {"web": _sts("nginx:1.27.4", 5)}}
}

test_half_of_the_pods_and_more_is_said if {
	{finding.what | some finding in rule.report} == {concat(" ", [
		"9 to 1 stops web-1, web-2, web-3 and 5 more;",
		"half of the pods or more go at once, their claims www stay",
	])} with input as _update(_sts("nginx:1.27.4", 9), _sts("nginx:1.27.4", 1))
	deleting := {"spec": {"persistentVolumeClaimRetentionPolicy": {"whenScaled": "Delete"}}}
	rule.report == set() with input as _update(_sts("nginx:1.27.4", 9), object.union(_sts("nginx:1.27.4", 1), deleting))
}

test_replicas_that_vanish_become_one if {
	after := json.remove(_sts("nginx:1.27.4", 3), ["/spec/replicas"])
	some finding in rule.report with input as _update(_sts("nginx:1.27.4", 3), after)
	startswith(finding.what, "replicas is gone, and the API server makes it 1: 3 to 1 stops web-1, web-2; ")
}

test_members_that_vote_are_told_of_each_time[what] if {
	some what, sizes in {
		"5 to 2 stops web-2, web-3, web-4 of etcd, whose members vote: less than the 3 that are a majority stay": [5, 2],
		"5 to 4 stops web-4 of etcd, whose members vote: an even number survives no more failures than one less": [5, 4],
		"5 to 3 stops web-3, web-4 of etcd, whose members vote: each must be voted out before its pod goes": [5, 3],
	}
	wanted := [what, "warn", {"strict": "deny"}]
	{[finding.what, finding.severity, finding.profile] | some finding in rule.report} == {wanted}
		with input as _update(_sts("quay.io/coreos/etcd:v3.5.1", sizes[0]), _sts("quay.io/coreos/etcd:v3.5.1", sizes[1]))
}

test_autoscalers_are_told_of_members_that_vote_only if {
	hpa := {"username": "system:serviceaccount:kube-system:horizontal-pod-autoscaler"}
	rule.report == set() with input as _scale(5, 4, hpa)
		with data.cluster.statefulsets as {"default": {"web": _sts("nginx:1.27.4", 5)}}
	count(rule.report) == 1 with input as _scale(5, 4, hpa)
		with data.cluster.statefulsets as {"default": {"web": _sts("consul:1.20.1", 5)}}
}

test_systems_that_vote_are_found_by_their_program[reference] if {
	some reference, name in {
		"registry.k8s.io/kubernetes-zookeeper:1.0-3.4.10": "zookeeper",
		"apache/kafka-native:3.8.0": "kafka",
		"hashicorp/vault-enterprise:1.17-ent": "vault",
		"mongodb/mongodb-enterprise-server:7.0": "mongodb",
		"percona/percona-server-mongodb:7.0": "mongodb",
		"qdrant/qdrant:v1.9.0": "qdrant",
	}
	some finding in rule.report with input as _update(_sts(reference, 5), _sts(reference, 3))
	contains(finding.what, sprintf("of %s, whose members vote", [name]))
}

test_companions_of_a_system_do_not_vote[reference] if {
	some reference in ["bitnami/zookeeper-exporter:1", "hashicorp/vault-k8s:1.4", "prom/consul-exporter:0.12"]
	some finding in rule.report with input as _update(_sts(reference, 5), _sts(reference, 3))
	not contains(finding.what, "vote")
}

test_more_systems_are_a_parameter if {
	some finding in rule.report with input as _update(_sts("example.com/voters:1.0", 5), _sts("example.com/voters:1.0", 3))
		with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "scale-down", "params": {"quorums": ["voters"]}}]
	contains(finding.what, "of voters, whose members vote")
}

test_what_others_speak_of_is_left_to_them if {
	labelled := {"metadata": {"labels": {"stateward.dev/quorum": "true"}}}
	rule.report == set()
		with input as _update(object.union(_sts("etcd:v3.5.1", 5), labelled), object.union(_sts("etcd:v3.5.1", 3), labelled))
	rule.report == set() with input as _update(_sts("nginx:1.27.4", 5), _sts("nginx:1.27.4", 0))
	rule.report == set() with input as _update(_sts("nginx:1.27.4", 3), _sts("nginx:1.27.4", 5))
	claimless := json.remove(_sts("nginx:1.27.4", 3), ["/spec/volumeClaimTemplates"])
	rule.report == set() with input as _update(_sts("nginx:1.27.4", 5), claimless)
}

_alice := {"username": "alice"}

_update(before, after) := {"request": {
	"operation": "UPDATE",
	"userInfo": _alice,
	"oldObject": before,
	"object": after,
}}

_scale(from, to, user) := {"request": {
	"operation": "UPDATE",
	"kind": {"group": "autoscaling", "version": "v1", "kind": "Scale"},
	"resource": {"group": "apps", "version": "v1", "resource": "statefulsets"},
	"subResource": "scale",
	"namespace": "default",
	"name": "web",
	"userInfo": user,
	"oldObject": {"kind": "Scale", "metadata": {"name": "web"}, "spec": {"replicas": from}},
	"object": {"kind": "Scale", "metadata": {"name": "web"}, "spec": {"replicas": to}},
}}

_sts(reference, replicas) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web"},
	"spec": {
		"replicas": replicas,
		"template": {"spec": {"containers": [{"name": "a", "image": reference}]}},
		"volumeClaimTemplates": [{"metadata": {"name": "www"}}],
	},
}

test_pods_that_a_new_set_has_no_place_for_are_named if {
	after := object.union(_sts("nginx:1.27.4", 1), {"spec": {"selector": {"matchLabels": {"app": "nginx"}}}})
	{[finding.what, finding.advice] | some finding in rule.report} == {[
		"this stops web-1, which a former StatefulSet of this name left",
		true,
	]} with input as {"request": {"operation": "CREATE", "object": after}}
		with data.cluster.pods as {"default": {name: pod |
			some name in ["web-0", "web-1"]
			pod := {"metadata": {"name": name, "labels": {"app": "nginx"}}, "spec": {"hostname": name}}
		}}
}
