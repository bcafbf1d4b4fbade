package stateward.rules.image["image-tag_test"]

import data.stateward.rules.image["image-tag"] as rule

_digest := "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

test_image_without_a_tag_is_denied[image] if {
	some image in ["nginx", "bitnami/etcd", "registry:5000/db", "localhost/x"]
	messages := {finding.msg | some finding in rule.report} with input as _sts([_container(image)])
	messages == {_message(0, sprintf("%q has no tag, which means latest", [image]))}
}

test_latest_is_denied[image] if {
	some image in ["nginx:latest", "registry:5000/db:latest"]
	messages := {finding.msg | some finding in rule.report} with input as _sts([_container(image)])
	messages == {_message(0, sprintf("%q may be a different image tomorrow", [image]))}
}

test_what_is_no_reference_is_denied[image] if {
	some image in ["Nginx:1.27.4", "nginx:", "nginx: 1.27.4", "https://registry/nginx:1", "${IMAGE}"]
	messages := {finding.msg | some finding in rule.report} with input as _sts([_container(image)])
	messages == {_message(0, sprintf("%q is not an image reference", [image]))}
}

test_absent_image_is_denied[container] if {
	some container in [{"name": "db"}, {"name": "db", "image": ""}]
	messages := {finding.msg | some finding in rule.report} with input as _sts([container])
	messages == {_message(0, "there is none")}
}

test_reference_of_a_wrong_type_is_denied[image] if {
	some image in [null, 5, true, ["nginx:1"], {"name": "nginx"}]
	[finding.field | some finding in rule.report] == ["spec.template.spec.containers[0].image"]
		with input as _sts([_container(image)])
}

test_tag_or_digest_is_fine[image] if {
	some image in {
		"nginx:1.27.4",
		"nginx:stablediffusion",
		"nginx:Latest",
		"registry.example.com:5000/db:17.2",
		concat("@", ["nginx", _digest]),
		concat("@", ["nginx:latest", _digest]),
		concat("@", ["nginx:1.27.4", _digest]),
		concat("@", ["registry:5000/db", _digest]),
	}
	rule.report == set() with input as _sts([_container(image)])
}

test_finding_is_a_denial_at_the_container if {
	some finding in rule.report with input as _sts([_container("a:1"), _container("nginx")])
	finding.path == ["spec", "template", "spec", "containers", 1, "image"]
	finding.severity == "deny"
	finding.existing == false
}

test_every_container_is_judged if {
	{finding.msg | some finding in rule.report} == {
		_message(0, `"nginx" has no tag, which means latest`),
		_message(2, `"redis:latest" may be a different image tomorrow`),
	} with input as _sts([_container("nginx"), _container("a:1"), _container("redis:latest")])
}

test_init_containers_are_judged if {
	sts := object.union(_sts([]), {"spec": {"template": {"spec": {"initContainers": [_container("busybox")]}}}})
	{finding.field | some finding in rule.report} == {"spec.template.spec.initContainers[0].image"} with input as sts
}

test_set_without_containers_is_none_of_its_business[spec] if {
	some spec in [null, {}, {"template": null}, {"template": {"spec": {"containers": []}}}]
	rule.report == set() with input as {
		"apiVersion": "apps/v1",
		"kind": "StatefulSet",
		"metadata": {"name": "web"},
		"spec": spec,
	}
}

test_create_is_judged if {
	{finding.existing | some finding in rule.report} == {false}
		with input as {"request": {"operation": "CREATE", "object": _sts([_container("nginx")])}}
}

test_update_that_brings_a_bad_image_is_denied[change] if {
	some change, containers in {
		"another image": ["nginx:1.27.4"],
		"another bad image": ["nginx:latest"],
		"there was none": [],
	}
	before := _sts([_container(image) | some image in containers])
	{finding.existing | some finding in rule.report} == {false} with input as _update(before, _sts([_container("nginx")]))
}

test_update_that_keeps_a_bad_image_is_let_through if {
	before := _sts([_container("nginx")])
	after := object.union(before, {"spec": {"replicas": 5}})
	{finding.existing | some finding in rule.report} == {true} with input as _update(before, after)
}

test_containers_may_change_places if {
	before := _sts([_container("nginx"), _container("a:1")])
	after := _sts([_container("a:1"), _container("nginx")])
	{finding.existing | some finding in rule.report} == {true} with input as _update(before, after)
}

test_deletion_is_not_judged if {
	rule.report == set() with input as {"request": {"operation": "DELETE", "oldObject": _sts([_container("nginx")])}}
}

test_other_kinds_are_not_judged if {
	rule.report == set() with input as object.union(_sts([_container("nginx")]), {"kind": "Deployment"})
}

_message(index, what) := sprintf(
	"[image-tag] spec.template.spec.containers[%d].image: %s. %s",
	[index, what, "Fix: use a version tag, such as nginx:1.27.4, or a digest."],
)

_container(image) := {"name": "web", "image": image}

_sts(containers) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web"},
	"spec": {"template": {"spec": {"containers": containers}}},
}

_update(before, after) := {"request": {"operation": "UPDATE", "oldObject": before, "object": after}}

test_level_of_an_actor_goes_with_the_finding if {
	document := {"request": {
		"operation": "CREATE",
		"userInfo": {"username": "system:serviceaccount:a:b"},
		"object": _sts([{"name": "web", "image": "nginx"}]),
	}}
	[[finding.action, finding.channel] | some finding in rule.report] == [["warn", "audit"]] with input as document
		with data.kind as "Guardrails"
		with data.spec as {
			"rules": [{"id": "image-tag", "actions": {"automation": "warn"}}],
			"advice": {"automation": "audit"},
		}
	count(rule.report) == 1 with input as document with data.kind as "Guardrails"
		with data.spec as {"advice": {"automation": "warn"}}
}

test_moving_tags_are_denied[tag] if {
	some tag in {
		"latest-alpine", "latest-pg16", "latest_arm64", "2022-latest", "16.2-latest", "main", "main-arm64", "master",
		"stable-bookworm", "stable-alpine3.20", "edge", "alpine-edge", "nightly", "dev", "develop", "canary", "lts",
		"lts-jdk17", "alpine", "bookworm",
	}
	{finding.what | some finding in rule.report} == {sprintf(`"nginx:%s" may be a different image tomorrow`, [tag])}
		with input as {
			"apiVersion": "apps/v1",
			"kind": "StatefulSet",
			"metadata": {"name": "web"},
			"spec": {"template": {"spec": {"containers": [{"name": "a", "image": sprintf("nginx:%s", [tag])}]}}},
		}
}

test_tags_that_name_one_image_are_fine[tag] if {
	some tag in [
		"main-3f2a1bc", "main-2024-10-01-3f2a1bc", "master-161-gd5b7d35", "nightly-20241001", "nightly-2024-10-01",
		"stable-9646", "stable-1.27.4", "edge-v1.2", "bookworm-20240110", "1.2.3-dev", "1.2.3-stable", "devops",
	]
	rule.report == set() with input as _sts([_container(sprintf("a/b:%s", [tag]))])
}
