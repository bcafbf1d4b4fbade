package stateward.rules.rollout["on-delete_test"]

import data.stateward.rules.rollout["on-delete"] as rule

_next := "and delete the next once that pod is Ready again."

test_change_of_the_template_is_mentioned[replicas] if {
	some replicas, names in {
		2: "web-1, web-0",
		3: "web-2, web-1, web-0",
		4: "web-3, web-2, web-1 and 1 more",
		12: "web-11, web-10, web-9 and 9 more",
	}
	last := sprintf("web-%d", [replicas - 1])
	{finding.msg | some finding in rule.report} == {_message(names, last)}
		with input as _change({"replicas": replicas})
}

test_only_pod_has_no_next[spec] if {
	some spec in [{"replicas": 1}, {"replicas": null}, {}]
	{finding.msg | some finding in rule.report} == {concat(" ", [
		"[on-delete] spec.template: OnDelete: a pod changes only when it is deleted: web-0.",
		"Fix: `kubectl delete pod web-0 -n default`.",
	])} with input as _change(spec)
}

test_ordinals_are_counted_from_their_start if {
	{finding.msg | some finding in rule.report} == {_message("web-14, web-13, web-12 and 2 more", "web-14")}
		with input as _change({"replicas": 5, "ordinals": {"start": 10}})
}

test_finding_is_a_warning_at_the_template if {
	some finding in rule.report with input as _change({"replicas": 3})
	finding.path == ["spec", "template"]
	finding.severity == "warn"
	finding.existing == false
	not finding.advice
}

test_message_is_not_cut_in_a_warning if {
	some finding in rule.report with input as _change({"replicas": 12})
	count(finding.field) + count(finding.what) <= 120 - count("[on-delete] : ")
}

test_namespace_is_in_the_command if {
	request := json.patch(_change({"replicas": 3}), [
		{"op": "add", "path": "/request/object/metadata/namespace", "value": "prod"},
		{"op": "add", "path": "/request/oldObject/metadata/namespace", "value": "prod"},
	])
	some finding in rule.report with input as request
	contains(finding.fix, "`kubectl delete pod web-2 -n prod`")
}

test_any_change_of_the_template_counts[what] if {
	some what, template in {
		"labels": {"metadata": {"labels": {"app": "web"}}},
		"restart": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "2026-11-23T06:23:36Z"}}},
		"resources": {"spec": {"containers": [{"name": "web", "image": "nginx:1.27.4", "resources": {}}]}},
		"all of it": null,
	}
	count(rule.report) == 1
		with input as _update(_on_delete({"template": _template("1.27.4")}), _on_delete({"template": template}))
}

test_other_strategies_replace_pods_themselves[strategy] if {
	some strategy in [null, {}, {"type": ""}, {"type": "RollingUpdate"}, {"type": "Recreate"}]
	before := json.patch(_template_only("1.27.4"), [{"op": "add", "path": "/spec/updateStrategy", "value": strategy}])
	after := json.patch(_template_only("1.27.5"), [{"op": "add", "path": "/spec/updateStrategy", "value": strategy}])
	rule.report == set() with input as _update(before, after)
}

test_strategy_after_the_update_counts if {
	count(rule.report) == 1
		with input as _update(_template_only("1.27.4"), _on_delete({"template": _template("1.27.5")}))
	rule.report == set()
		with input as _update(_on_delete({"template": _template("1.27.5")}), _template_only("1.27.4"))
}

test_set_without_pods_is_fine if {
	rule.report == set() with input as _change({"replicas": 0})
}

test_update_that_leaves_the_template_alone_is_fine if {
	before := _on_delete({"replicas": 3, "template": _template("1.27.4")})
	rule.report == set() with input as _update(before, object.union(before, {"spec": {"replicas": 5}}))
	rule.report == set() with input as _update(_on_delete({"replicas": 3}), _on_delete({"replicas": 5}))
}

test_nothing_but_an_update_is_judged if {
	sts := _on_delete({"replicas": 3, "template": _template("1.27.4")})
	rule.report == set() with input as sts
	rule.report == set() with input as {"request": {"operation": "CREATE", "object": sts}}
	rule.report == set() with input as {"request": {"operation": "DELETE", "oldObject": sts}}
}

test_other_kinds_are_not_judged if {
	request := _change({"replicas": 3}).request
	deployments := {"oldObject": {"kind": "Deployment"}, "object": {"kind": "Deployment"}}
	rule.report == set() with input as {"request": object.union(request, deployments)}
}

test_pods_that_waited_are_named_when_they_are_restarted[case] if {
	some case in [
		{"to": "1.27.5", "with": `"nginx:1.27.5"`},
		{"to": "1.27.4", "with": "the last template"},
	]
	{finding.msg | some finding in rule.report} == {concat(" ", [
		"[on-delete] spec.updateStrategy.type: RollingUpdate restarts web-1, web-0 with",
		sprintf("%s, which OnDelete kept from them.", [case["with"]]),
		"Fix: keep OnDelete until they may restart, or set a partition that lets only the last one begin.",
	])} with input as _let_go(case.to) with data.cluster.pods as _waiting(case.to)
}

test_strategy_that_restarts_nothing_is_fine if {
	rule.report == set() with input as _let_go("1.27.5")
	rule.report == set()
		with input as object.union(_let_go("1.27.5"), {"request": {"oldObject": {"spec": {"updateStrategy": {"type": ""}}}}})
		with data.cluster.pods as _waiting("1.27.5")
}

_let_go(tag) := _update(
	object.union(_on_delete({"replicas": 3, "template": _template(tag)}), {"status": {"updateRevision": "web-b"}}),
	_sts({"replicas": 3, "updateStrategy": {"type": "RollingUpdate"}, "template": _template(tag)}),
)

_waiting(tag) := {"default": {
	"web-0": _pod("web-a"),
	"web-1": _pod("web-a"),
	"web-2": object.union(_pod("web-b"), {"spec": _template(tag).spec}),
}}

_pod(revision) := {"metadata": {"labels": {"controller-revision-hash": revision}}, "spec": _template("1.27.4").spec}

_message(names, last) := concat(" ", [
	sprintf("[on-delete] spec.template: OnDelete: a pod changes only when it is deleted: %s.", [names]),
	sprintf("Fix: start with `kubectl delete pod %s -n default`, %s", [last, _next]),
])

_template(tag) := {"spec": {"containers": [{"name": "web", "image": sprintf("nginx:%s", [tag])}]}}

_sts(spec) := {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"}, "spec": spec}

_template_only(tag) := _sts({"replicas": 3, "template": _template(tag)})

_on_delete(spec) := _sts(object.union({"updateStrategy": {"type": "OnDelete"}}, spec))

_update(before, after) := {"request": {"operation": "UPDATE", "oldObject": before, "object": after}}

_change(spec) := _update(
	_on_delete(object.union(spec, {"template": _template("1.27.4")})),
	_on_delete(object.union(spec, {"template": _template("1.27.5")})),
)
