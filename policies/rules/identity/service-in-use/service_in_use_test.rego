package stateward.rules.identity["service-in-use_test"]

import data.stateward.rules.identity["service-in-use"] as rule

_confirm := concat(" ", [
	"or confirm it: kubectl annotate service nginx -n default --overwrite --field-manager=stateward-confirm",
	"stateward.dev/confirm=%s stateward.dev/confirm-rules=service-in-use stateward.dev/confirm-for=10m",
])

test_deletion_of_a_governing_service_is_denied if {
	{finding.msg | some finding in rule.report} == {_deletion_message("web-0.nginx.default.svc.cluster.local")}
		with input as _delete
		with data.cluster.statefulsets as _stored({"replicas": 1})
}

test_finding_is_a_denial_of_its_own if {
	some finding in rule.report with input as _delete with data.cluster.statefulsets as _stored({"replicas": 1})
	finding.severity == "deny"
	finding.path == ["metadata", "name"]
	finding.object == {"kind": "Service", "namespace": "default", "name": "nginx"}
	finding.existing == false
	finding.confirmed == false
}

test_absent_replicas_are_one if {
	{finding.msg | some finding in rule.report} == {_deletion_message("web-0.nginx.default.svc.cluster.local")}
		with input as _delete
		with data.cluster.statefulsets as _stored({})
}

test_up_to_three_names_are_listed if {
	names := "web-0.nginx.default.svc.cluster.local, web-1.nginx.default.svc.cluster.local"
	{finding.msg | some finding in rule.report} == {_deletion_message(names)} with input as _delete
		with data.cluster.statefulsets as _stored({"replicas": 2})
	three := concat(", ", [names, "web-2.nginx.default.svc.cluster.local"])
	{finding.msg | some finding in rule.report} == {_deletion_message(three)} with input as _delete
		with data.cluster.statefulsets as _stored({"replicas": 3})
}

test_more_than_three_names_are_counted if {
	names := concat(", ", [
		"web-0.nginx.default.svc.cluster.local",
		"web-1.nginx.default.svc.cluster.local",
		"web-2.nginx.default.svc.cluster.local",
	])
	four := concat(" ", [names, "and 1 more"])
	{finding.msg | some finding in rule.report} == {_deletion_message(four)} with input as _delete
		with data.cluster.statefulsets as _stored({"replicas": 4})
}

test_names_start_at_the_first_ordinal if {
	names := "web-5.nginx.default.svc.cluster.local, web-6.nginx.default.svc.cluster.local"
	{finding.msg | some finding in rule.report} == {_deletion_message(names)} with input as _delete
		with data.cluster.statefulsets as _stored({"replicas": 2, "ordinals": {"start": 5}})
}

test_cluster_domain_is_a_parameter if {
	{finding.msg | some finding in rule.report} == {_deletion_message("web-0.nginx.default.svc.example.com")}
		with input as _delete
		with data.cluster.statefulsets as _stored({"replicas": 1})
		with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "service-in-use", "params": {"clusterDomain": "example.com"}}]
}

test_every_governed_set_is_named if {
	sets := {"default": {"web": _sts("web", {"replicas": 1}), "db": _sts("db", {"replicas": 1})}}
	governed := {finding.what | some finding in rule.report} with input as _delete with data.cluster.statefulsets as sets
	governed == {
		`Service "nginx" governs StatefulSet "web": web-0.nginx.default.svc.cluster.local would vanish from DNS`,
		`Service "nginx" governs StatefulSet "db": db-0.nginx.default.svc.cluster.local would vanish from DNS`,
	}
}

test_set_beside_the_review_is_governed_too if {
	{finding.msg | some finding in rule.report} == {_deletion_message("web-0.nginx.default.svc.cluster.local")}
		with input as [{"path": "all.yaml", "contents": [_delete, _sts("web", {"replicas": 1})]}]
}

test_deletecollection_is_read_from_the_old_object if {
	request := object.remove(_delete.request, ["name"])
	count(rule.report) == 1 with input as {"request": request}
		with data.cluster.statefulsets as _stored({"replicas": 1})
}

test_service_without_running_pods_may_go[why] if {
	some why, set in {
		"scaled to zero": _sts("web", {"replicas": 0}),
		"terminating": object.union(_sts("web", {}), {"metadata": {"deletionTimestamp": "2026-11-23T12:00:00Z"}}),
		"another service": _sts("web", {"serviceName": "other"}),
		"no service": _sts("web", {"serviceName": ""}),
	}
	rule.report == set() with input as _delete with data.cluster.statefulsets as {"default": {"web": set}}
}

test_service_of_another_namespace_may_go if {
	rule.report == set() with input as _delete with data.cluster.statefulsets as {"prod": {"web": _sts("web", {})}}
}

test_nothing_is_said_where_no_set_is_known if {
	rule.report == set() with input as _delete
}

test_change_of_the_selector_is_denied[selector] if {
	some selector in [{"app": "web"}, {"app": "nginx", "tier": "front"}, {"tier": "front"}]
	{finding.msg | some finding in rule.report} == {_update_message("spec.selector")}
		with input as _update({"selector": {"app": "nginx"}}, {"selector": selector})
		with data.cluster.statefulsets as _stored({"replicas": 1})
}

test_change_to_an_external_name_is_denied if {
	{finding.msg | some finding in rule.report} == {_update_message("spec.type")}
		with input as _update({"selector": {"app": "nginx"}}, {"type": "ExternalName", "selector": {"app": "nginx"}})
		with data.cluster.statefulsets as _stored({"replicas": 1})
}

test_denied_change_is_no_old_fault if {
	{[finding.path, finding.existing] | some finding in rule.report} == {[["spec", "selector"], false]}
		with input as _update({"selector": {"app": "nginx"}}, {"selector": {"app": "web"}})
		with data.cluster.statefulsets as _stored({"replicas": 1})
}

test_change_that_keeps_the_pods_is_fine[change] if {
	some change, specs in {
		"another port": [{"selector": {"app": "nginx"}}, {"selector": {"app": "nginx"}, "ports": [{"port": 80}]}],
		"a wider selector": [{"selector": {"app": "nginx", "tier": "db"}}, {"selector": {"app": "nginx"}}],
		"a narrower selector that still matches": [
			{"selector": {"app": "nginx"}},
			{"selector": {"app": "nginx", "tier": "db"}},
		],
		"to what matches": [{"selector": {"app": "web"}}, {"selector": {"app": "nginx"}}],
	}
	rule.report == set() with input as _update(specs[0], specs[1])
		with data.cluster.statefulsets as _stored({"replicas": 1})
}

test_service_that_selected_no_pods_may_change[before] if {
	some before in [{"selector": {"app": "web"}}, {"type": "ExternalName"}]
	rule.report == set() with input as _update(before, {"selector": {"app": "other"}})
		with data.cluster.statefulsets as _stored({"replicas": 1})
}

test_service_without_running_pods_may_change if {
	rule.report == set() with input as _update({"selector": {"app": "nginx"}}, {"selector": {"app": "web"}})
		with data.cluster.statefulsets as _stored({"replicas": 0})
}

test_created_service_governs_nothing_yet if {
	rule.report == set() with input as {"request": {"operation": "CREATE", "object": _service({"selector": {"app": "x"}})}}
		with data.cluster.statefulsets as _stored({"replicas": 1})
}

test_manifest_changes_nothing_yet if {
	rule.report == set() with input as _service({"selector": {"app": "x"}})
		with data.cluster.statefulsets as _stored({"replicas": 1})
}

test_confirmed_operation_is_marked[operation] if {
	some operation, review in {
		"delete": _delete,
		"update": _update({"selector": {"app": "nginx"}}, {"selector": {"app": "web"}}),
	}
	{finding.confirmed | some finding in rule.report} == {true}
		with input as _marked(review, operation)
		with data.cluster.statefulsets as _stored({"replicas": 1})
}

test_confirmation_of_the_other_operation_is_none[operation] if {
	some operation, review in {
		"update": _delete,
		"delete": _update({"selector": {"app": "nginx"}}, {"selector": {"app": "web"}}),
	}
	{finding.confirmed | some finding in rule.report} == {false}
		with input as _marked(review, operation)
		with data.cluster.statefulsets as _stored({"replicas": 1})
}

test_namespace_controller_may_finish if {
	controller := {"userInfo": {"username": "system:serviceaccount:kube-system:namespace-controller"}}
	rule.report == set() with input as object.union(_delete, {"request": controller})
		with data.cluster.statefulsets as _stored({"replicas": 1})
}

test_selector_that_goes_is_denied[after] if {
	some after in [{"clusterIP": "None"}, {"clusterIP": "None", "selector": {}}, {"clusterIP": "None", "selector": null}]
	{finding.field | some finding in rule.report} == {"spec.selector"}
		with input as _update({"clusterIP": "None", "selector": {"app": "nginx"}}, after)
		with data.cluster.statefulsets as _stored({"replicas": 1})
}

test_service_that_never_selected_loses_nothing if {
	rule.report == set() with input as _update({"clusterIP": "None"}, {"clusterIP": "None", "selector": {"app": "other"}})
		with data.cluster.statefulsets as _stored({"replicas": 1})
}

_deletion_message(names) := concat(" ", [
	`[service-in-use] metadata.name: Service "nginx" governs StatefulSet "web":`,
	sprintf("%s would vanish from DNS.", [names]),
	"Fix: scale the StatefulSet to 0 or delete it first,",
	sprintf(_confirm, ["delete"]),
])

_update_message(field) := concat(" ", [
	sprintf("[service-in-use] %s: this change stops selecting the pods of StatefulSet \"web\":", [field]),
	"web-0.nginx.default.svc.cluster.local would vanish from DNS.",
	"Fix: keep this Service, and create the new one under another name,",
	sprintf(_confirm, ["update"]),
])

test_service_may_go_with_a_set_whose_deletion_is_confirmed if {
	marks := {
		"stateward.dev/confirm": "delete",
		"stateward.dev/confirm-rules": "cascade-delete",
		"stateward.dev/confirm-until": "2026-11-23T12:10:00Z",
		"stateward.dev/confirmed-by": "alice",
	}
	sets := {"default": {"web": object.union(_sts("web", {}), {"metadata": {"annotations": marks}})}}
	rule.report == set() with input as _delete with data.cluster.statefulsets as sets
}

_service(spec) := {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "nginx"}, "spec": spec}

_sts(name, spec) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": name},
	"spec": object.union(
		{"serviceName": "nginx", "template": {"metadata": {"labels": {"app": "nginx", "tier": "db"}}}},
		spec,
	),
}

_stored(spec) := {"default": {"web": _sts("web", spec)}}

_delete := {
	"stateward": {"time": "2026-11-23T12:00:00Z"},
	"request": {
		"operation": "DELETE",
		"kind": {"group": "", "kind": "Service"},
		"name": "nginx",
		"namespace": "default",
		"userInfo": {"username": "alice"},
		"oldObject": _service({"clusterIP": "None", "selector": {"app": "nginx"}}),
	},
}

_update(before, after) := {
	"stateward": {"time": "2026-11-23T12:00:00Z"},
	"request": {
		"operation": "UPDATE",
		"kind": {"group": "", "kind": "Service"},
		"name": "nginx",
		"namespace": "default",
		"userInfo": {"username": "alice"},
		"object": _service(after),
		"oldObject": _service(before),
	},
}

_marked(review, operation) := object.union(review, {"request": {"oldObject": {"metadata": {"annotations": {
	"stateward.dev/confirm": operation,
	"stateward.dev/confirm-until": "2026-11-23T12:10:00Z",
	"stateward.dev/confirmed-by": "alice",
}}}}})

test_port_that_a_container_declares_is_kept[name] if {
	some name, case in {
		"by name": [
			{"name": "db", "port": 5432, "targetPort": "db"},
			[],
			`"db" (5432/TCP to db)`,
		],
		"by number": [
			{"port": 5432},
			[{"name": "other", "port": 1}],
			"5432 (5432/TCP to 5432)",
		],
		"to nowhere": [
			{"port": 5432, "targetPort": "db"},
			[{"port": 5432, "targetPort": "elsewhere"}],
			"5432 (5432/TCP to db)",
		],
	}
	{[finding.what, finding.severity, finding.field] | some finding in rule.report} == {[
		sprintf(`without port %s clients that look up ports no longer find container "main" of StatefulSet "web"`, [case[2]]),
		"deny",
		"spec.ports",
	]}
		with input as _ports([case[0]], case[1])
		with data.cluster.statefulsets as _stored(_declaring)
}

test_port_of_a_service_with_an_address_is_said_otherwise if {
	review := _update(
		{"clusterIP": "10.0.0.1", "selector": {"app": "nginx"}, "ports": [{"port": 5432}]},
		{"clusterIP": "10.0.0.1", "selector": {"app": "nginx"}, "ports": [{"port": 1}]},
	)
	{finding.what | some finding in rule.report} == {concat(" ", [
		"without port 5432 (5432/TCP to 5432) clients of this Service",
		`no longer reach container "main" of StatefulSet "web"`,
	])} with input as review
		with data.cluster.statefulsets as _stored(object.union(_declaring, {"serviceName": "another"}))
}

test_other_changes_of_ports_are_mentioned[becomes] if {
	some becomes, case in {
		"port 80 (80/TCP to 80) of StatefulSet \"web\" is removed": [{"port": 80}, []],
		"port \"db\" (5432/TCP to db) of StatefulSet \"web\" becomes \"db\" (5433/TCP to db)": [
			{"name": "db", "port": 5432, "targetPort": "db"},
			[{"name": "db", "port": 5433, "targetPort": "db"}],
		],
		"port \"db\" (5432/TCP to db) of StatefulSet \"web\" becomes \"db\" (5432/TCP to 80)": [
			{"name": "db", "port": 5432, "targetPort": "db"},
			[{"name": "db", "port": 5432, "targetPort": 80}],
		],
		"port \"db\" (80/TCP to 80) of StatefulSet \"web\" becomes \"db\" (80/UDP to 80)": [
			{"name": "db", "port": 80},
			[{"name": "db", "port": 80, "protocol": "UDP"}],
		],
		"port \"db\" (80/TCP to 80) of StatefulSet \"web\" becomes 80 (80/TCP to 80)": [
			{"name": "db", "port": 80},
			[{"port": 80}],
		],
	}
	{[finding.what, finding.advice] | some finding in rule.report} == {[
		sprintf("%s: clients that use it as it was must change", [becomes]),
		true,
	]} with input as _ports([case[0]], case[1])
		with data.cluster.statefulsets as _stored(_declaring)
}

test_port_that_leads_where_it_did_is_fine[name] if {
	some name, case in {
		"an addition": [[{"port": 5432}], [{"port": 5432}, {"name": "new", "port": 1}]],
		"a name for the first time": [[{"port": 5432}], [{"name": "db", "port": 5432}]],
		"the name of the same port": [[{"port": 5432, "targetPort": "db"}], [{"port": 5432, "targetPort": 5432}]],
		"what led nowhere": [[{"port": 1, "targetPort": "no"}], [{"port": 1, "targetPort": "none"}]],
		"another field": [[{"port": 5432}], [{"port": 5432, "appProtocol": "tcp"}]],
	}
	rule.report == set() with input as _ports(case[0], case[1])
		with data.cluster.statefulsets as _stored(_declaring)
}

test_ports_of_what_does_not_run_may_go if {
	review := _ports([{"port": 5432}], [])
	rule.report == set() with input as review
	rule.report == set() with input as review
		with data.cluster.statefulsets as _stored(object.union(_declaring, {"replicas": 0}))
	rule.report == set() with input as _update(
		{"selector": {"app": "else"}, "ports": [{"port": 5432}]},
		{"selector": {"app": "else"}},
	)
		with data.cluster.statefulsets as _stored(object.union(_declaring, {"serviceName": "another"}))
}

_ports(before, after) := _update(
	{"clusterIP": "None", "selector": {"app": "nginx"}, "ports": before},
	{"clusterIP": "None", "selector": {"app": "nginx"}, "ports": after},
)

_declaring := {"replicas": 3, "template": {"spec": {"containers": [{
	"name": "main",
	"ports": [{"name": "db", "containerPort": 5432}],
}]}}}

test_pods_without_their_set_keep_their_names if {
	{finding.what | some finding in rule.report} == {
		`Service "nginx" names web-0, web-1, which run on without their StatefulSet`,
	} with input as _delete
		with data.cluster.pods as {"default": {"web-0": _orphan("web-0", {}), "web-1": _orphan("web-1", {})}}
}

test_pods_without_their_set_are_selected_as_before[path] if {
	some path, spec in {
		"spec.selector": {"selector": {"app": "other"}},
		"spec.type": {"type": "ExternalName", "selector": {"app": "nginx"}},
	}
	{[finding.field, finding.what] | some finding in rule.report} == {[
		path,
		"this change stops selecting web-0, which run on without their StatefulSet",
	]} with input as _update({"selector": {"app": "nginx"}}, spec)
		with data.cluster.pods as {"default": {
			"web-0": _orphan("web-0", {"metadata": {"labels": {"app": "nginx"}}}),
			"web-1": _orphan("web-1", {"metadata": {"labels": {"app": "else"}}}),
		}}
}

test_other_pods_need_no_names[why] if {
	some why, change in {
		"owned": {"metadata": {"ownerReferences": [{"kind": "StatefulSet", "name": "web", "uid": "1"}]}},
		"going": {"metadata": {"deletionTimestamp": "2026-11-23T12:00:00Z"}},
		"ended": {"status": {"phase": "Succeeded"}},
		"another Service": {"spec": {"subdomain": "other"}},
		"of no set": {"metadata": {"labels": {"statefulset.kubernetes.io/pod-name": false}}},
	}
	rule.report == set() with input as _delete
		with data.cluster.pods as {"default": {"web-0": _orphan("web-0", change)}}
}

_orphan(name, change) := object.union(
	{
		"metadata": {"name": name, "labels": {"statefulset.kubernetes.io/pod-name": name}},
		"spec": {"subdomain": "nginx"},
		"status": {"phase": "Running"},
	},
	change,
)
