package stateward.rules.image["image-registry_test"]

import data.stateward.rules.image["image-registry"] as rule

_digest := "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

_list := ["docker.io/library", "registry.example.com/team", "registry:5000"]

test_says_nothing_without_a_list[image] if {
	some image in ["nginx:1", "quay.io/x/y:1", "", "not an image"]
	rule.report == set() with input as _sts([_container(image)])
	rule.report == set() with input as _sts([_container(image)])
		with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "image-registry", "action": "deny", "params": {"allow": []}}]
}

test_is_off_by_default if {
	{finding.severity | some finding in rule.report} == {"off"}
		with input as _sts([_container("quay.io/x/y:1")])
		with data.kind as "Guardrails"
		with data.spec.rules as _rules(_list)
}

test_image_below_an_entry_is_fine[image] if {
	some image in {
		"nginx",
		"nginx:1.27.4",
		"library/nginx:1.27.4",
		"docker.io/nginx:1.27.4",
		"index.docker.io/library/nginx:1.27.4",
		"registry.example.com/team/db:17.2",
		"registry.example.com/team/db/server:17.2",
		"registry.example.com/team:1",
		"registry:5000/db",
		concat("@", ["registry:5000/any/where", _digest]),
	}
	rule.report == set() with input as _sts([_container(image)])
		with data.kind as "Guardrails"
		with data.spec.rules as _rules(_list)
}

test_image_from_elsewhere_is_a_finding[image] if {
	some image, repository in {
		"quay.io/x/db:1": "quay.io/x/db",
		"bitnami/etcd:3.5.21": "docker.io/bitnami/etcd",
		"docker.io/libraryx/nginx:1": "docker.io/libraryx/nginx",
		"registry.example.com/team-evil/db:1": "registry.example.com/team-evil/db",
		"registry.example.com/db:1": "registry.example.com/db",
		"registry.example.com:5000/team/db:1": "registry.example.com:5000/team/db",
		"evil.example/registry.example.com/team/db:1": "evil.example/registry.example.com/team/db",
		"registry/db:1": "docker.io/registry/db",
		"registry:50000/db:1": "registry:50000/db",
	}
	{finding.msg | some finding in rule.report} == {_message(sprintf("%s is not allowed", [repository]))}
		with input as _sts([_container(image)])
		with data.kind as "Guardrails"
		with data.spec.rules as _rules(_list)
}

test_half_a_host_is_another_host if {
	{finding.what | some finding in rule.report} == {"gcr.io.evil.com/x is not allowed"}
		with input as _sts([_container("gcr.io.evil.com/x:1")])
		with data.kind as "Guardrails"
		with data.spec.rules as _rules(["gcr.io"])
	rule.report == set() with input as _sts([_container("gcr.io/x:1")])
		with data.kind as "Guardrails"
		with data.spec.rules as _rules(["gcr.io"])
}

test_slash_at_the_end_means_the_same if {
	rule.report == set() with input as _sts([_container("gcr.io/team/x:1")])
		with data.kind as "Guardrails"
		with data.spec.rules as _rules(["gcr.io/team/"])
}

test_empty_entry_allows_nothing[entry] if {
	some entry in ["", "/"]
	count(rule.report) == 1 with input as _sts([_container("nginx:1")])
		with data.kind as "Guardrails"
		with data.spec.rules as _rules([entry])
}

test_list_of_a_wrong_type_allows_nothing[allow] if {
	some allow in ["docker.io/library", [5]]
	count(rule.report) == 1 with input as _sts([_container("nginx:1")])
		with data.kind as "Guardrails"
		with data.spec.rules as _rules(allow)
}

test_what_is_no_reference_is_a_finding[what] if {
	some what, container in {
		`"Nginx:1" is not an image reference`: _container("Nginx:1"),
		`"registry:5000.evil.example/db:1" is not an image reference`: _container("registry:5000.evil.example/db:1"),
		`"https://registry:5000/nginx:1" is not an image reference`: _container("https://registry:5000/nginx:1"),
		"5 is not an image reference": _container(5),
		"null is not an image reference": _container(null),
		`["nginx:1"] is not an image reference`: _container(["nginx:1"]),
		"there is none": {"name": "db"},
	}
	{finding.msg | some finding in rule.report} == {_message(what)}
		with input as _sts([container])
		with data.kind as "Guardrails"
		with data.spec.rules as _rules(_list)
}

test_container_of_a_wrong_type_has_no_image if {
	{finding.what | some finding in rule.report} == {"there is none"}
		with input as _sts(["nginx:1"])
		with data.kind as "Guardrails"
		with data.spec.rules as _rules(_list)
}

test_every_container_is_judged if {
	init := {"spec": {"template": {"spec": {"initContainers": [_container("quay.io/b:1"), _container("busybox:1")]}}}}
	{finding.field | some finding in rule.report} == {
		"spec.template.spec.containers[1].image",
		"spec.template.spec.initContainers[0].image",
	}
		with input as object.union(_sts([_container("nginx:1"), _container("quay.io/a:1")]), init)
		with data.kind as "Guardrails"
		with data.spec.rules as _rules(_list)
}

test_update_that_brings_a_foreign_image_is_news[change] if {
	some change, containers in {
		"another image": [_container("nginx:1")],
		"another version": [_container("quay.io/a:0")],
		"there was none": [],
		"there was no set": null,
	}
	{finding.existing | some finding in rule.report} == {false}
		with input as _update(_sts(containers), _sts([_container("quay.io/a:1")]))
		with data.kind as "Guardrails"
		with data.spec.rules as _rules(_list)
}

test_update_that_keeps_a_foreign_image_is_no_news[change] if {
	some change, containers in {
		"in its place": [_container("quay.io/a:1")],
		"elsewhere": [_container("nginx:1"), _container("quay.io/a:1")],
	}
	{finding.existing | some finding in rule.report} == {true}
		with input as _update(_sts(containers), _sts([_container("quay.io/a:1"), _container("nginx:2")]))
		with data.kind as "Guardrails"
		with data.spec.rules as _rules(_list)
}

test_create_is_judged if {
	{finding.existing | some finding in rule.report} == {false}
		with input as {"request": {"operation": "CREATE", "object": _sts([_container("quay.io/a:1")])}}
		with data.kind as "Guardrails"
		with data.spec.rules as _rules(_list)
}

test_deletion_is_not_judged if {
	rule.report == set() with input as {"request": {"operation": "DELETE", "oldObject": _sts([_container("quay.io/a:1")])}}
		with data.kind as "Guardrails"
		with data.spec.rules as _rules(_list)
}

test_other_kinds_are_not_judged if {
	rule.report == set() with input as object.union(_sts([_container("quay.io/a:1")]), {"kind": "Deployment"})
		with data.kind as "Guardrails"
		with data.spec.rules as _rules(_list)
}

_message(what) := concat(" ", [
	sprintf("[image-registry] spec.template.spec.containers[0].image: %s.", [what]),
	`Fix: use an image from one of ["docker.io/library", "registry.example.com/team", "registry:5000"].`,
])

_rules(allow) := [{"id": "image-registry", "params": {"allow": allow}}]

_container(image) := {"name": "web", "image": image}

_sts(containers) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web"},
	"spec": {"template": {"spec": {"containers": containers}}},
}

_update(before, after) := {"request": {"operation": "UPDATE", "oldObject": before, "object": after}}
