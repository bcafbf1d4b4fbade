package stateward.rules.identity["headless-service_test"]

import data.stateward.rules.identity["headless-service"] as rule

_empty := concat(" ", [
	"[headless-service] spec.serviceName: is empty, so the pods get no DNS names.",
	"Fix: name a Service with `clusterIP: None` in the StatefulSet's namespace.",
])

_missing := concat(" ", [
	"[headless-service] spec.serviceName: Service \"nginx\" does not exist in namespace default.",
	"Fix: create, or add to the checked files, a Service \"nginx\" with `clusterIP: None`.",
])

_missing_in_cluster := concat(" ", [
	"[headless-service] spec.serviceName: Service \"nginx\" does not exist in namespace default.",
	"Fix: first create a Service \"nginx\" with `clusterIP: None`.",
])

test_empty_service_name_is_denied[spec] if {
	some spec in [{"replicas": 2}, {"replicas": 2, "serviceName": ""}, {"replicas": 2, "serviceName": null}]
	{[finding.msg, finding.severity] | some finding in rule.report} == {[_empty, "deny"]} with input as _sts(spec)
}

test_name_that_the_mutation_fills_in_is_fine_in_a_manifest if {
	service := _service({"clusterIP": "None", "selector": {"app": "nginx"}})
	labelled := object.union(_names(""), {"spec": {"template": {"metadata": {"labels": {"app": "nginx"}}}}})
	rule.report == set() with input as _files([service, labelled])
	{finding.msg | some finding in rule.report} == {_empty} with input as _files([service, labelled])
		with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "default-service-name", "action": "off"}]
	{finding.msg | some finding in rule.report} == {_empty}
		with input as {"request": {"operation": "CREATE", "object": labelled}}
		with data.cluster as {"known": {"services": true}, "services": {"default": {"nginx": service}}}
}

test_headless_service_is_fine[spec] if {
	some spec in [{"clusterIP": "None"}, {"clusterIP": "None", "type": "ClusterIP"}]
	rule.report == set() with input as _files([_service(spec), _names("nginx")])
}

test_service_that_is_not_headless_is_denied[has] if {
	some has, spec in {
		_leads("a cluster IP"): {},
		_external: {"type": "ExternalName", "externalName": "db.example.com"},
		_leads("clusterIP 10.96.0.10"): {"clusterIP": "10.96.0.10"},
	}
	messages := {finding.msg | some finding in rule.report} with input as _files([_service(spec), _names("nginx")])
	messages == {_not_headless(has)}
}

test_service_without_an_address_gets_one[spec] if {
	some spec in [{"clusterIP": ""}, {"clusterIP": null}, {"type": "NodePort"}, {"type": "LoadBalancer"}]
	messages := {finding.msg | some finding in rule.report} with input as _files([_service(spec), _names("nginx")])
	messages == {_not_headless(_leads("a cluster IP"))}
}

test_external_name_is_not_headless_even_without_an_address if {
	service := _service({"type": "ExternalName", "clusterIP": "None"})
	{finding.msg | some finding in rule.report} == {_not_headless(_external)}
		with input as _files([service, _names("nginx")])
}

test_missing_service_is_denied_in_a_set_of_manifests if {
	{finding.msg | some finding in rule.report} == {_missing} with input as _files([_names("nginx")])
}

test_service_of_another_namespace_does_not_count if {
	elsewhere := object.union(_service({"clusterIP": "None"}), {"metadata": {"namespace": "prod"}})
	{finding.msg | some finding in rule.report} == {_missing} with input as _files([elsewhere, _names("nginx")])
}

test_missing_service_is_denied_where_services_are_known if {
	{finding.msg | some finding in rule.report} == {_missing_in_cluster} with input as _request("CREATE", {})
		with data.cluster.known as {"services": true}
}

test_missing_service_is_no_evidence_where_services_are_unknown if {
	rule.report == set() with input as _names("nginx")
	rule.report == set() with input as _request("CREATE", {})
	rule.report == set() with input as _request("CREATE", {})
		with data.cluster.known as {"statefulsets": true}
}

test_service_of_the_world_is_judged_even_where_services_are_unknown if {
	{finding.msg | some finding in rule.report} == {_not_headless(_leads("clusterIP 10.96.0.10"))}
		with input as _request("CREATE", {})
		with data.cluster.services as {"default": {"nginx": _service({"clusterIP": "10.96.0.10"})}}
}

test_headless_service_of_the_world_is_fine if {
	rule.report == set() with input as _request("CREATE", {})
		with data.cluster.known as {"services": true}
		with data.cluster.services as {"default": {"nginx": _service({"clusterIP": "None"})}}
}

test_missing_service_is_denied_by_default if {
	some finding in rule.report with input as _files([_names("nginx")])
	not finding.advice
	finding.existing == false
}

test_missing_service_is_a_warning_where_guardrails_say_so if {
	{[finding.msg, finding.advice] | some finding in rule.report} == {[_missing, true]}
		with input as _files([_names("nginx")])
		with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "headless-service", "params": {"missing": "warn"}}]
}

test_missing_service_is_denied_where_guardrails_say_so if {
	{[finding.msg, finding.existing] | some finding in rule.report} == {[_missing, false]}
		with input as _files([_names("nginx")])
		with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "headless-service", "params": {"missing": "deny"}}]
}

test_parameter_softens_only_what_is_missing if {
	{finding.msg | some finding in rule.report; not finding.advice} == {_empty}
		with input as _files([_names("")])
		with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "headless-service", "params": {"missing": "warn"}}]
}

test_update_that_leaves_the_name_alone_is_let_through if {
	{[finding.msg, finding.existing] | some finding in rule.report} == {[_missing_in_cluster, true]}
		with input as _request("UPDATE", {"serviceName": "nginx", "replicas": 2})
		with data.cluster.known as {"services": true}
}

test_update_to_another_name_is_judged if {
	{[finding.msg, finding.existing] | some finding in rule.report} == {[_missing_in_cluster, false]}
		with input as _request("UPDATE", {"serviceName": "other"})
		with data.cluster.known as {"services": true}
}

test_deletion_is_not_judged if {
	rule.report == set() with input as {"request": {"operation": "DELETE", "oldObject": _names("")}}
}

test_other_kinds_need_no_service if {
	rule.report == set() with input as object.union(_names(""), {"kind": "Deployment"})
}

test_service_name_of_another_type_names_no_service[name] if {
	some name in [5, true, ["nginx"]]
	rule.report == set() with input as _names(name) with data.cluster as {"services": {"default": {}}}
}

test_null_service_name_is_empty if {
	{finding.what | some finding in rule.report} == {"is empty, so the pods get no DNS names"} with input as _names(null)
}

test_empty_service_name_of_one_pod_is_a_warning[replicas] if {
	some replicas in [null, 0, 1]
	[finding.advice | some finding in rule.report] == [true] with input as _sts({"replicas": replicas})
}

test_parameters_soften_what_they_name[name] if {
	some name, document in {
		"empty": _sts({"replicas": 2}),
		"notHeadless": _files([_service({}), _names("nginx")]),
	}
	[finding.advice | some finding in rule.report] == [true] with input as document
		with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "headless-service", "params": {name: "warn"}}]
}

test_dry_run_of_a_creation_is_a_warning if {
	document := object.union(_request("CREATE", {}), {"request": {"dryRun": true}})
	[finding.advice | some finding in rule.report] == [true] with input as document
		with data.cluster.known as {"services": true}
}

test_auto_warns_automation_and_denies_people[user] if {
	some user, advice in {"system:serviceaccount:velero:velero": true, "alice": false}
	document := object.union(_request("CREATE", {}), {"request": {"userInfo": {"username": user}}})
	[object.get(finding, "advice", false) | some finding in rule.report] == [advice] with input as document
		with data.cluster.known as {"services": true}
		with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "headless-service", "params": {"missing": "auto"}}]
}

_external := "type ExternalName: its name leads elsewhere and the pods get no DNS names"

_leads(has) := concat(" ", [
	sprintf("%s: its name leads to one address and not to the pods,", [has]),
	"whose own names resolve with some DNS servers only",
])

_not_headless(has) := sprintf(
	"[headless-service] spec.serviceName: Service \"nginx\" has %s. %s",
	[has, "Fix: recreate that Service with `clusterIP: None`, or name another that has it."],
)

_sts(spec) := {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"}, "spec": spec}

_names(service) := _sts({"serviceName": service, "replicas": 3})

_service(spec) := {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "nginx"}, "spec": spec}

_files(documents) := [{"path": "all.yaml", "contents": documents}]

_request(operation, old_spec) := {"request": {
	"operation": operation,
	"object": _names("nginx"),
	"oldObject": _old(operation, old_spec),
}}

_old("CREATE", _) := null

_old("UPDATE", spec) := _sts(spec)
