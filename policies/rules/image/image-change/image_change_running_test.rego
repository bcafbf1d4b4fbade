# Images that pods run, and that no stored template shows.
package stateward.rules.image["image-change_test"]

import data.stateward.rules.image["image-change"] as rule

test_set_that_is_created_over_pods_updates_them if {
	[[finding.msg, finding.severity] | some finding in rule.report] == [[
		concat(" ", [
			"[image-change] spec.template.spec.containers[0].image: a lower major version,",
			`from "postgres:17" of pod web-0 to "postgres:16".`,
			`Fix: create it with "postgres:17" first, then change the image by an update.`,
		]),
		"deny",
	]] with input as _recreate("postgres:16") with data.cluster.pods as _left(["postgres:17", "postgres:17"])
}

test_rollout_goes_on_over_its_pods[images] if {
	some images in [["postgres:17", "postgres:16"], ["postgres:16", "postgres:17"]]
	some index, "postgres:17" in images
	[[finding.what, finding.advice] | some finding in rule.report] == [[
		sprintf(`takes the image that other pods run already, from "postgres:17" of pod web-%d to "postgres:16"`, [index]),
		true,
	]] with input as _recreate("postgres:16") with data.cluster.pods as _left(images)
}

test_set_may_be_created_again[images] if {
	some images in [
		[],
		["postgres:16", "postgres:16"],
		["registry.example.com/library/postgres:16"],
		["postgres:16.1"],
	]
	rule.report == set() with input as _recreate("postgres:16") with data.cluster.pods as _left(images)
}

test_danger_within_the_major_version_is_a_warning_over_pods_too if {
	[[finding.what, finding.advice] | some finding in rule.report] == [[
		`a lower version, from "postgres:16.2" of pod web-0 to "postgres:16.1"`,
		true,
	]] with input as _recreate("postgres:16.1") with data.cluster.pods as _left(["postgres:16.2"])
}

test_container_that_was_put_into_the_pod_has_no_counterpart if {
	injected := [_container("proxy", "envoy:1.30.1"), _container("db", "postgres:16")]
	rule.report == set()
		with input as json.patch(_recreate("postgres:16"), [{
			"op": "add",
			"path": "/request/object/spec/template/spec/containers/0",
			"value": _container("exporter", "exporter:0.15"),
		}])
		with data.cluster.pods as {"default": {"web-0": object.union(_orphan(0, ""), {"spec": {"containers": injected}})}}
}

test_pods_that_on_delete_kept_are_judged_when_they_are_let_go if {
	[[finding.what, finding.confirmed, finding.existing] | some finding in rule.report] == [[
		`a new major version, from "postgres:16" of pod web-0 to "postgres:17"`,
		false,
		false,
	]] with input as _let_go("postgres:17") with data.cluster.pods as _left(["postgres:16"])
	rule.report == set() with input as _let_go("postgres:17") with data.cluster.pods as _left(["postgres:17"])
}

test_major_version_in_a_variable_counts_over_pods_too if {
	request := json.patch(_recreate("spilo:1"), [{
		"op": "add",
		"path": "/request/object/spec/template/spec/containers/0/env",
		"value": [{"name": "PGVERSION", "value": "17"}],
	}])
	pod := json.patch(_orphan(0, "spilo:1"), [{
		"op": "add",
		"path": "/spec/containers/0/env",
		"value": [{"name": "PGVERSION", "value": "16"}],
	}])
	[[finding.what, finding.existing] | some finding in rule.report] == [[
		"PGVERSION goes from 16 to 17: another major version",
		false,
	]] with input as request with data.cluster.pods as {"default": {"web-0": pod}}
}

_recreate(reference) := {
	"stateward": {"time": "2026-11-23T12:00:00Z"},
	"request": {
		"operation": "CREATE",
		"kind": {"group": "apps", "kind": "StatefulSet"},
		"namespace": "default",
		"object": object.union(_sts([_container("db", reference)]), {"spec": _selecting}),
	},
}

_let_go(reference) := object.union(
	_update(
		object.union(_sts([_container("db", reference)]), {"spec": {"replicas": 2, "updateStrategy": {"type": "OnDelete"}}}),
		object.union(_sts([_container("db", reference)]), {"spec": {"replicas": 2}}),
	),
	{"request": {"namespace": "default"}},
)

_selecting := {
	"replicas": 2,
	"selector": {"matchLabels": {"app": "web"}},
	"template": {"metadata": {"labels": {"app": "web"}}},
}

_left(images) := {"default": {sprintf("web-%d", [index]): _orphan(index, reference) | some index, reference in images}}

_orphan(index, reference) := {
	"metadata": {"name": sprintf("web-%d", [index]), "labels": {"app": "web"}},
	"spec": {"hostname": sprintf("web-%d", [index]), "containers": [_container("db", reference)]},
}
