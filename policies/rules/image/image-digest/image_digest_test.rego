package stateward.rules.image["image-digest_test"]

import data.stateward.rules.image["image-digest"] as rule

_digest := "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

test_image_without_a_digest_is_a_finding[image] if {
	some image in ["nginx", "nginx:1.27.4", "nginx:latest", "registry:5000/db", "registry:5000/db:17.2"]
	{finding.msg | some finding in rule.report} == {_message(sprintf("%q has no digest: its tag can be moved", [image]))}
		with input as _sts([_container(image)])
}

test_digest_is_fine[image] if {
	some image in ["nginx", "nginx:1.27.4", "nginx:latest", "registry:5000/db", "registry:5000/db:17.2"]
	rule.report == set() with input as _sts([_container(concat("@", [image, _digest]))])
}

test_what_is_no_reference_is_a_finding[what] if {
	some what, container in {
		`"nginx@sha256:0123" is not an image reference`: _container("nginx@sha256:0123"),
		`"Nginx:1" is not an image reference`: _container("Nginx:1"),
		"5 is not an image reference": _container(5),
		"null is not an image reference": _container(null),
		"there is none": {"name": "db"},
	}
	{finding.msg | some finding in rule.report} == {_message(what)} with input as _sts([container])
}

test_container_of_a_wrong_type_has_no_image if {
	{finding.what | some finding in rule.report} == {"there is none"} with input as _sts(["nginx:1"])
}

test_is_off_and_a_warning_where_it_is_strict if {
	some finding in rule.report with input as _sts([_container("nginx:1.27.4")])
	finding.path == ["spec", "template", "spec", "containers", 0, "image"]
	finding.severity == "off"
	finding.profile == {"strict": "warn"}
	finding.existing == false
	not finding.advice
}

test_every_container_is_judged if {
	init := {"spec": {"template": {"spec": {"initContainers": [_container("busybox:1")]}}}}
	{finding.field | some finding in rule.report} == {
		"spec.template.spec.containers[1].image",
		"spec.template.spec.initContainers[0].image",
	} with input as object.union(_sts([_container(concat("@", ["a", _digest])), _container("nginx:1")]), init)
}

test_update_that_brings_such_an_image_is_news[change] if {
	some change, containers in {
		"another tag": [_container("nginx:1.27.3")],
		"the digest is dropped": [_container(concat("@", ["nginx:1.27.4", _digest]))],
		"there was none": [],
		"there was no set": null,
	}
	{finding.existing | some finding in rule.report} == {false}
		with input as _update(_sts(containers), _sts([_container("nginx:1.27.4")]))
}

test_update_that_keeps_such_an_image_is_no_news[change] if {
	some change, containers in {
		"in its place": [_container("nginx:1.27.4")],
		"elsewhere": [_container("busybox:1"), _container("nginx:1.27.4")],
	}
	{finding.existing | some finding in rule.report} == {true}
		with input as _update(_sts(containers), object.union(_sts([_container("nginx:1.27.4")]), {"spec": {"replicas": 5}}))
}

test_create_is_judged if {
	{finding.existing | some finding in rule.report} == {false}
		with input as {"request": {"operation": "CREATE", "object": _sts([_container("nginx:1.27.4")])}}
}

test_deletion_is_not_judged if {
	rule.report == set() with input as {"request": {"operation": "DELETE", "oldObject": _sts([_container("nginx:1")])}}
}

test_other_kinds_are_not_judged if {
	rule.report == set() with input as object.union(_sts([_container("nginx:1")]), {"kind": "Deployment"})
}

_message(what) := concat(" ", [
	sprintf("[image-digest] spec.template.spec.containers[0].image: %s.", [what]),
	"Fix: append the digest that you tested, as in nginx:1.27.4@sha256:(64 digits).",
])

_container(image) := {"name": "web", "image": image}

_sts(containers) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web"},
	"spec": {"template": {"spec": {"containers": containers}}},
}

_update(before, after) := {"request": {"operation": "UPDATE", "oldObject": before, "object": after}}
