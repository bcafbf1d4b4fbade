package stateward.rules.identity["service-selector_test"]

import data.stateward.rules.identity["service-selector"] as rule

_fix := "Fix: give the pod template and the Service's selector the same labels."

_no_selector := concat(" ", [
	"[service-selector] spec.serviceName: Service \"nginx\" has no selector:",
	"pods get DNS names only from EndpointSlices created by hand.",
	"Fix: give it a selector that matches the pod template's labels.",
])

test_matching_selector_is_fine[labels] if {
	some labels in [{"app": "nginx"}, {"app": "nginx", "tier": "front"}]
	rule.report == set() with input as _files(_service({"selector": {"app": "nginx"}}), _sts(labels))
}

test_other_value_is_denied if {
	messages := {finding.msg | some finding in rule.report}
		with input as _files(_service({"selector": {"app": "nginx"}}), _sts({"app": "web"}))
	messages == {_message("it requires app=nginx, but the pods have app=web")}
}

test_missing_label_is_denied[labels] if {
	some labels in [{}, {"tier": "front"}]
	messages := {finding.msg | some finding in rule.report}
		with input as _files(_service({"selector": {"app": "nginx"}}), _sts(labels))
	messages == {_message("it requires app=nginx, but the pods have no app")}
}

test_selector_of_a_wrong_type_is_denied[selector] if {
	some selector in ["app=nginx", 7, true, ["app"]]
	"the selector of Service \"nginx\" must be a map of labels" in {finding.what | some finding in rule.report}
		with input as _files(_service({"selector": selector}), _sts({"app": "nginx"}))
}

test_every_difference_is_named_in_order if {
	messages := {finding.msg | some finding in rule.report}
		with input as _files(_service({"selector": {"tier": "front", "app": "nginx", "zone": "a"}}), _sts({
			"tier": "back",
			"zone": "a",
		}))
	messages == {_message(concat(", ", [
		"it requires app=nginx, but the pods have no app",
		"it requires tier=front, but the pods have tier=back",
	]))}
}

test_finding_is_a_denial_at_the_labels if {
	some finding in rule.report
		with input as _files(_service({"selector": {"app": "nginx"}}), _sts({"app": "web"}))
	finding.path == ["spec", "template", "metadata", "labels"]
	finding.severity == "deny"
	finding.existing == false
	not finding.advice
}

test_template_without_labels_is_denied if {
	bare := {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"}, "spec": {"serviceName": "nginx"}}
	messages := {finding.msg | some finding in rule.report}
		with input as _files(_service({"selector": {"app": "nginx"}}), bare)
	messages == {_message("it requires app=nginx, but the pods have no app")}
}

test_label_of_a_wrong_type_is_another_value if {
	count(rule.report) == 1 with input as _files(_service({"selector": {"version": "1"}}), _sts({"version": 1}))
}

test_service_without_selector_is_mentioned[spec] if {
	some spec in [{}, {"selector": {}}, {"selector": null}]
	{[finding.msg, finding.advice] | some finding in rule.report} == {[_no_selector, true]}
		with input as _files(_service(spec), _sts({"app": "nginx"}))
}

test_external_name_has_no_use_for_a_selector[spec] if {
	some spec in [{"type": "ExternalName"}, {"type": "ExternalName", "selector": {"app": "other"}}]
	rule.report == set() with input as _files(_service(spec), _sts({"app": "nginx"}))
}

test_cluster_ip_is_none_of_its_business[type] if {
	some type in ["ClusterIP", "NodePort", "LoadBalancer"]
	count(rule.report) == 1
		with input as _files(_service({"type": type, "selector": {"app": "x"}}), _sts({"app": "nginx"}))
}

test_unknown_service_is_not_judged if {
	rule.report == set() with input as _sts({"app": "nginx"})
	rule.report == set() with input as [{"path": "a.yaml", "contents": _sts({"app": "nginx"})}]
}

test_set_without_service_name_is_not_judged if {
	nameless := {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"}, "spec": {}}
	rule.report == set() with input as _files(_service({"selector": {"app": "nginx"}}), nameless)
}

test_service_of_the_world_is_judged if {
	{finding.existing | some finding in rule.report} == {false} with input as _create({"app": "web"})
		with data.cluster.services as {"default": {"nginx": _service({"selector": {"app": "nginx"}})}}
	rule.report == set() with input as _create({"app": "nginx"})
		with data.cluster.services as {"default": {"nginx": _service({"selector": {"app": "nginx"}})}}
}

test_service_of_another_namespace_is_not_judged if {
	rule.report == set() with input as _create({"app": "web"})
		with data.cluster.services as {"prod": {"nginx": _service({"selector": {"app": "nginx"}})}}
}

test_update_is_let_through_where_it_touches_neither_labels_nor_name[change] if {
	some change, case in {
		"something else": {"old": {"spec": {"replicas": 2}}, "existing": true},
		"the labels": {"old": {"spec": {"template": {"metadata": {"labels": {"app": "nginx"}}}}}, "existing": false},
		"the Service's name": {"old": {"spec": {"serviceName": "other"}}, "existing": false},
	}
	{finding.existing | some finding in rule.report} == {case.existing}
		with input as {"request": {
			"operation": "UPDATE",
			"object": _sts({"app": "web"}),
			"oldObject": object.union(_sts({"app": "web"}), case.old),
		}}
		with data.cluster.services as {"default": {"nginx": _service({"selector": {"app": "nginx"}})}}
}

test_other_kinds_are_not_judged if {
	deployment := object.union(_sts({"app": "web"}), {"kind": "Deployment"})
	rule.report == set() with input as _files(_service({"selector": {"app": "nginx"}}), deployment)
}

test_null_labels_are_no_labels if {
	{finding.what | some finding in rule.report} == {
		`Service "nginx" does not select these pods: it requires app=nginx, but the pods have no app`,
	} with input as _files(_service({"clusterIP": "None", "selector": {"app": "nginx"}}), _sts(null))
}

_message(differences) := sprintf(
	"[service-selector] spec.template.metadata.labels: Service \"nginx\" does not select these pods: %s. %s",
	[differences, _fix],
)

_service(spec) := {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "nginx"}, "spec": spec}

_sts(labels) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web"},
	"spec": {"serviceName": "nginx", "template": {"metadata": {"labels": labels}}},
}

_files(service, sts) := [{"path": "service.yaml", "contents": service}, {"path": "sts.yaml", "contents": sts}]

_create(labels) := {"request": {"operation": "CREATE", "object": _sts(labels)}}

test_pods_that_another_service_loses_are_said[what] if {
	some what, after in {
		"it requires tier=api, but the pods have no tier": {"app": "nginx"},
		"it requires tier=api, but the pods have tier=db": {"app": "nginx", "tier": "db"},
	}
	{[finding.what, finding.advice] | some finding in rule.report} == {[
		sprintf(`clients of Service "api" lose these pods: %s`, [what]),
		true,
	]}
		with input as _relabelled({"app": "nginx", "tier": "api"}, after)
		with data.cluster.services as _others({"selector": {"tier": "api"}})
}

test_pods_of_another_service_stay[text] if {
	some text, expected in {
		"same labels": [{"tier": "api"}, {"tier": "api"}, {"selector": {"tier": "api"}}],
		"more labels": [{"tier": "api"}, {"tier": "api", "a": "b"}, {"selector": {"tier": "api"}}],
		"not selected before": [{"a": "b"}, {}, {"selector": {"tier": "api"}}],
		"no selector": [{"tier": "api"}, {}, {}],
		"elsewhere": [{"tier": "api"}, {}, {"selector": {"tier": "api"}, "type": "ExternalName"}],
	}
	rule.report == set() with input as _relabelled(expected[0], expected[1])
		with data.cluster.services as _others(expected[2])
}

_relabelled(before, after) := {"request": {
	"operation": "UPDATE",
	"namespace": "default",
	"oldObject": _sts(before),
	"object": _sts(after),
}}

_others(spec) := {"default": {"api": {"metadata": {"name": "api"}, "spec": spec}}}
