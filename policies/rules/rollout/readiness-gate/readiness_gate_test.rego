package stateward.rules.rollout["readiness-gate_test"]

import data.stateward.rules.rollout["readiness-gate"] as rule

_message := concat(" ", [
	"[readiness-gate] spec.template.spec.containers:",
	"no readinessProbe, minReadySeconds 0: a bad image reaches all pods.",
	"Fix: add a readinessProbe to the main container, or at least set minReadySeconds.",
])

_probe := {"tcpSocket": {"port": 80}}

test_set_without_any_gate_is_said[spec] if {
	some spec in [
		{},
		{"minReadySeconds": 0},
		{"updateStrategy": {"type": "RollingUpdate"}},
		_pod({"containers": [{"name": "nginx", "readinessProbe": null}]}),
		_pod({"containers": [{"name": "nginx", "livenessProbe": _probe}]}),
		_pod({"readinessGates": []}),
		_pod({"initContainers": [{"name": "init", "startupProbe": _probe}]}),
	]
	{finding.msg | some finding in rule.report} == {_message} with input as _sts(spec)
}

test_set_with_a_gate_is_fine[gate] if {
	some gate, spec in {
		"minReadySeconds": {"minReadySeconds": 10},
		"OnDelete": {"updateStrategy": {"type": "OnDelete"}},
		"readiness probe": _pod({"containers": [{"name": "nginx"}, {"name": "proxy", "readinessProbe": _probe}]}),
		"startup probe": _pod({"containers": [{"name": "nginx", "startupProbe": _probe}]}),
		"sidecar": _pod({"initContainers": [{"name": "proxy", "restartPolicy": "Always", "readinessProbe": _probe}]}),
		"readiness gate": _pod({"readinessGates": [{"conditionType": "example.com/ready"}]}),
	}
	rule.report == set() with input as _sts(spec)
}

test_finding_is_a_warning_and_strict_denies_it if {
	some finding in rule.report with input as {"request": {"operation": "CREATE", "object": _sts({})}}
	finding.severity == "warn"
	finding.profile == {"strict": "deny"}
	finding.existing == false
	not finding.advice
}

test_update_is_told_where_it_changes_the_pods_or_their_replacement[change] if {
	some change, case in {
		"another image": {"before": _pod({"containers": [{"name": "nginx", "image": "nginx:1"}]}), "existing": true},
		"the probe goes": {"before": _pod({"containers": [{"readinessProbe": _probe}]}), "existing": false},
		"from OnDelete": {"before": {"updateStrategy": {"type": "OnDelete"}}, "existing": false},
		"no more waiting": {"before": {"minReadySeconds": 10}, "existing": false},
	}
	[finding.existing | some finding in rule.report] == [case.existing] with input as _update(case.before, {})
}

test_other_updates_are_left_alone[spec] if {
	some spec in [
		{"replicas": 5},
		{"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}},
		{"minReadySeconds": 0},
	]
	rule.report == set() with input as _update({}, spec)
}

test_deletion_is_not_judged if {
	rule.report == set() with input as {"request": {"operation": "DELETE", "oldObject": _sts({})}}
}

_pod(spec) := {"template": {"spec": spec}}

_sts(spec) := {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"}, "spec": object.union(
	_pod({"containers": [{"name": "nginx"}]}),
	spec,
)}

_update(before, after) := {"request": {"operation": "UPDATE", "oldObject": _sts(before), "object": _sts(after)}}

test_probe_of_a_sidecar_alone_is_said if {
	{finding.what | some finding in rule.report} == {
		"only a sidecar has a readinessProbe: a rollout goes on over a bad image of the others",
	} with input as _sts(_with_claim([_holder, {"name": "proxy", "readinessProbe": _probe}]))
	rule.report == set() with input as _sts(_with_claim([object.union(_holder, {"readinessProbe": _probe})]))
	[finding.existing | some finding in rule.report] == [true] with input as _update(
		_with_claim([_holder, {"name": "proxy", "readinessProbe": _probe}]),
		_with_claim([_holder, {"name": "proxy", "image": "b:2", "readinessProbe": _probe}]),
	)
}

test_probe_of_a_port_that_is_not_there_is_said[handler] if {
	some handler in ["httpGet", "tcpSocket"]
	container := {
		"name": "nginx",
		"ports": [{"name": "web", "containerPort": 80}],
		"readinessProbe": {handler: {"port": "http"}},
	}
	{[finding.field, finding.what] | some finding in rule.report} == {[
		sprintf("spec.template.spec.containers[0].readinessProbe.%s.port", [handler]),
		`no container has a port named "http", so the pod never gets ready`,
	]} with input as _sts(_pod({"containers": [container]}))
}

_holder := {"name": "db", "volumeMounts": [{"name": "data", "mountPath": "/d"}]}

_with_claim(containers) := object.union(
	_pod({"containers": containers}),
	{"volumeClaimTemplates": [{"metadata": {"name": "data"}}]},
)

test_probe_of_an_undeclared_port_is_mentioned[handler] if {
	some handler in ["httpGet", "tcpSocket", "grpc"]
	{[finding.field, finding.what, finding.advice] | some finding in rule.report} == {[
		sprintf("spec.template.spec.containers[0].readinessProbe.%s.port", [handler]),
		"no container declares port 81: without a listener on it the pod never gets ready",
		true,
	]} with input as _sts(_probing(handler, 81))
	rule.report == set() with input as _sts(_probing(handler, 80))
	rule.report == set() with input as _update(_probing(handler, 81), object.union(_probing(handler, 81), {"replicas": 5}))
}

test_probe_of_a_pod_that_declares_no_port_is_fine if {
	rule.report == set() with input as _sts(_pod({"containers": [{"readinessProbe": {"httpGet": {"port": 81}}}]}))
}

_probing(handler, port) := _pod({"containers": [{
	"name": "nginx",
	"ports": [{"name": "web", "containerPort": 80}],
	"readinessProbe": {handler: {"port": port}},
}]})
