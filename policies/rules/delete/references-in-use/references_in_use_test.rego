package stateward.rules.delete["references-in-use_test"]

import data.stateward.rules.delete["references-in-use"] as rule

test_what_a_set_names_is_kept if {
	[finding.msg | some finding in rule.report] == [concat(" ", [
		`[references-in-use] metadata.name: StatefulSet "db" names this ConfigMap: without it its pods cannot start again.`,
		"Fix: let the StatefulSet name another one first, and wait until its rollout has finished, or confirm it:",
		"stateward confirm configmap/settings delete -n data --rules references-in-use",
	])] with input as _delete("ConfigMap", "settings", {}) with data.cluster as _world({})
}

test_every_kind_is_kept[kind] if {
	some kind, name in {"Secret": "password", "ServiceAccount": "db", "PriorityClass": "high", "StorageClass": "fast"}
	[[false, _says[kind]]] == [[object.get(finding, "advice", false), finding.what] |
		some finding in rule.report with input as _delete(kind, name, {}) with data.cluster as _world({})
	]
}

_says := {
	"Secret": `StatefulSet "db" names this Secret: without it its pods cannot start again`,
	"ServiceAccount": `StatefulSet "db" names this ServiceAccount: without it its pods cannot start again`,
	"PriorityClass": `StatefulSet "db" names this PriorityClass: without it its pods cannot start again`,
	"StorageClass": `StatefulSet "db" names this StorageClass: without it no claim is made for new pods`,
}

test_optional_is_a_warning if {
	[[true, `StatefulSet "db" names this Secret: its pods start without it, and may then do something else`]] == [[
		finding.advice, finding.what,
	] |
		some finding in rule.report with input as _delete("Secret", "maybe", {}) with data.cluster as _world({})
	]
}

test_what_is_needed_once_is_needed if {
	world := _with_template({"imagePullSecrets": [{"name": "maybe"}]})
	[false] == [object.get(finding, "advice", false) |
		some finding in rule.report with input as _delete("Secret", "maybe", {}) with data.cluster as world
	]
}

test_set_at_0_is_a_warning if {
	idle := {"statefulsets": {"data": {"db": {"spec": {"replicas": 0}}}}}
	[true] == [finding.advice |
		some finding in rule.report with input as _delete("ConfigMap", "settings", {}) with data.cluster as _world(idle)
	]
}

test_operator_that_replaces_its_own_is_warned if {
	change := {
		"userInfo": {"username": "system:serviceaccount:operators:db"},
		"oldObject": {"metadata": {"ownerReferences": [{"kind": "Database", "name": "db", "controller": true}]}},
	}
	[true] == [finding.advice |
		some finding in rule.report with input as _delete("ConfigMap", "settings", change) with data.cluster as _world({})
	]
}

test_hook_of_helm_is_a_warning if {
	change := {"oldObject": {"metadata": {"annotations": {"helm.sh/hook": "pre-upgrade"}}}}
	[true] == [finding.advice |
		some finding in rule.report with input as _delete("ConfigMap", "settings", change) with data.cluster as _world({})
	]
}

test_pods_of_an_earlier_revision_are_a_warning[why] if {
	some why, pod in {"of the set": {}, "left behind by it": {"metadata": {"ownerReferences": null}}}
	world := _world({"pods": {"data": {"db-0": object.union(_pod, pod)}}})
	[[true, `pods of an earlier revision use this ConfigMap and cannot start again without it: db-0`]] == [[
		finding.advice, finding.what,
	] |
		some finding in rule.report with input as _delete("ConfigMap", "former", {}) with data.cluster as world
	]
}

test_pods_of_the_revision_in_force_are_told_once if {
	pod := object.union(_pod, {"spec": {"volumes": [{"configMap": {"name": "settings"}}]}})
	[`StatefulSet "db" names this ConfigMap: without it its pods cannot start again`] == [finding.what |
		some finding in rule.report
			with input as _delete("ConfigMap", "settings", {})
			with data.cluster as _world({"pods": {"data": {"db-0": pod}}})
	]
}

test_pods_that_need_nothing_are_no_reason[why] if {
	some why, pod in {
		"ended": {"status": {"phase": "Succeeded"}},
		"terminating": {"metadata": {"deletionTimestamp": "2026-11-23T12:00:00Z"}},
		"another map": {"spec": {"volumes": [{"configMap": {"name": "other"}}]}},
		"optional": {"spec": {"volumes": [{"configMap": {"name": "former", "optional": true}}]}},
		"of no set": {"metadata": {"labels": null}},
	}
	rule.report == set() with input as _delete("ConfigMap", "former", {})
		with data.cluster as _world({"pods": {"data": {"db-0": object.union(_pod, pod)}}})
}

test_set_that_terminates_needs_nothing if {
	gone := {"statefulsets": {"data": {"db": {"metadata": {"deletionTimestamp": "2026-11-23T12:00:00Z"}}}}}
	rule.report == set() with input as _delete("ConfigMap", "settings", {}) with data.cluster as _world(gone)
}

test_what_no_set_names_may_go[kind] if {
	some kind in ["ConfigMap", "Secret", "ServiceAccount", "PriorityClass", "StorageClass"]
	rule.report == set() with input as _delete(kind, "another", {}) with data.cluster as _world({})
}

test_what_kubernetes_makes_again_may_go[kind] if {
	some kind, name in {"ConfigMap": "kube-root-ca.crt", "ServiceAccount": "default"}
	rule.report == set() with input as _delete(kind, name, {}) with data.cluster as _with_template({
		"serviceAccountName": "default",
		"volumes": [{"configMap": {"name": "kube-root-ca.crt"}}],
	})
}

test_kubernetes_is_never_asked[username] if {
	some username in ["system:serviceaccount:kube-system:namespace-controller", "system:kube-controller-manager"]
	rule.report == set() with input as _delete("Secret", "password", {"userInfo": {"username": username}})
		with data.cluster as _world({})
}

_with_template(spec) := _world({"statefulsets": {"data": {"db": {"spec": {"template": {"spec": spec}}}}}})

_world(change) := object.union(
	{"statefulsets": {"data": {"db": _set}}, "pods": {"data": {"db-0": object.remove(_pod, ["spec"])}}},
	change,
)

_set := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "db", "namespace": "data"},
	"spec": {
		"replicas": 1,
		"volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"storageClassName": "fast"}}],
		"template": {"spec": {
			"serviceAccountName": "db",
			"priorityClassName": "high",
			"containers": [{
				"name": "db",
				"env": [{"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "password", "key": "p"}}}],
				"envFrom": [{"secretRef": {"name": "maybe", "optional": true}}],
			}],
			"volumes": [{"name": "settings", "configMap": {"name": "settings"}}],
		}},
	},
}

_pod := {
	"kind": "Pod",
	"metadata": {
		"name": "db-0",
		"namespace": "data",
		"labels": {"statefulset.kubernetes.io/pod-name": "db-0"},
		"ownerReferences": [{"kind": "StatefulSet", "name": "db", "controller": true}],
	},
	"spec": {"volumes": [{"name": "settings", "configMap": {"name": "former"}}]},
}

_delete(kind, name, change) := {
	"stateward": {"time": "2026-11-23T12:00:00Z"},
	"request": object.union(
		{
			"operation": "DELETE",
			"kind": {"group": _group[kind], "kind": kind},
			"namespace": "data",
			"name": name,
			"userInfo": {"username": "alice"},
			"oldObject": {"kind": kind, "metadata": {"name": name, "uid": "u1"}},
		},
		change,
	),
}

_group := {
	"ConfigMap": "",
	"Secret": "",
	"ServiceAccount": "",
	"PriorityClass": "scheduling.k8s.io",
	"StorageClass": "storage.k8s.io",
}
