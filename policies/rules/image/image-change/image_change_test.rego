package stateward.rules.image["image-change_test"]

import data.stateward.rules.image["image-change"] as rule

_digest := "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

_other_digest := "sha256:fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

_confirm := concat(" ", [
	"or confirm it: kubectl annotate statefulset web -n default --overwrite",
	"stateward.dev/confirm=update stateward.dev/confirm-until=2026-11-23T12:10:00Z",
])

test_change_is_denied_with_its_danger[danger] if {
	some danger, images in {
		"another repository": ["postgres:17.2", "mysql:17.2"],
		"a tag that cannot be compared": ["db:blue", "db:green"],
		"a lower version": ["nginx:1.9.1", "nginx:1.7.9"],
		"a new major version": ["postgres:16.4", "postgres:17.2"],
	}
	{finding.msg | some finding in rule.report} == {concat(" ", [
		sprintf("[image-change] spec.template.spec.containers[0].image: %s, from %q to %q.", [danger, images[0], images[1]]),
		"Fix: upgrade within the major version, after a backup,",
		_confirm,
	])} with input as _change(images[0], images[1])
}

test_finding_is_a_denial_at_the_container if {
	some finding in rule.report with input as _change("postgres:16.4", "postgres:17.2")
	finding.path == ["spec", "template", "spec", "containers", 0, "image"]
	finding.severity == "deny"
	finding.existing == false
	finding.confirmed == false
	not finding.advice
}

test_another_repository[change] if {
	some change, images in {
		"another registry": ["nginx:1.9.1", "registry.example.com/nginx:1.9.2"],
		"another port": ["registry:5000/db:1", "registry:5001/db:1"],
		"another path": ["bitnami/etcd:1", "coreos/etcd:1"],
		"with the same digest": [concat("@", ["a", _digest]), concat("@", ["b", _digest])],
		"before the version": ["postgres:17", "mysql:16"],
	}
	_dangers == {"another repository"} with input as _change(images[0], images[1])
}

test_lower_version[change] if {
	some change, images in {
		"major": ["db:17.2", "db:16.9"],
		"minor": ["db:17.10", "db:17.9"],
		"patch": ["db:v3.5.21", "db:v3.5.20"],
		"calendar": ["db:2024.10.01", "db:2024.09.30"],
		"with a variant": ["db:17.2-alpine", "db:17.1-alpine"],
		"with a digest": [concat("@", ["db:17.2", _digest]), concat("@", ["db:17.1", _other_digest])],
		"where one is shorter": ["db:17.2.1", "db:16"],
	}
	_dangers == {"a lower version"} with input as _change(images[0], images[1])
}

test_new_major_version[change] if {
	some change, images in {
		"next": ["db:16.4", "db:17.2"],
		"with a variant": ["db:16.4-alpine", "db:17.2-alpine"],
		"calendar": ["db:2024.12", "db:2025.01"],
		"from 9 to 10": ["db:9.6", "db:10"],
		"from 0 to 1": ["db:0.9", "db:1.0"],
	}
	_dangers == {"a new major version"} with input as _change(images[0], images[1])
}

test_tag_that_cannot_be_compared[change] if {
	some change, images in {
		"from latest": ["db:latest", "db:17"],
		"to latest": ["db:17", "db:latest"],
		"releases with a date": ["minio:RELEASE.2024-01-01T00-00-00Z", "minio:RELEASE.2025-01-01T00-00-00Z"],
		"to no tag": ["db:17", "db"],
		"from no tag": ["db", "db:17"],
		"two digests without tags": [concat("@", ["db", _digest]), concat("@", ["db", _other_digest])],
		"from tag to digest": ["db:17", concat("@", ["db", _digest])],
	}
	_dangers == {"a tag that cannot be compared"} with input as _change(images[0], images[1])
}

test_harmless_change[change] if {
	some change, images in {
		"patch": ["nginx:1.7.9", "nginx:1.7.10"],
		"minor": ["nginx:1.7.9", "nginx:1.9.1"],
		"calendar": ["db:2024.08.15", "db:2024.09.01"],
		"more numbers": ["postgres:17", "postgres:17.2"],
		"fewer numbers": ["postgres:17.2", "postgres:17"],
		"a leading v": ["etcd:3.5.20", "etcd:v3.5.21"],
		"a longer name of the same repository": ["nginx:1.7.9", "docker.io/library/nginx:1.7.10"],
		"a digest is added": ["db:17", concat("@", ["db:17", _digest])],
		"a rebuild": [concat("@", ["db:17", _digest]), concat("@", ["db:17", _other_digest])],
		"a rebuild of what is no version": [concat("@", ["db:blue", _digest]), concat("@", ["db:blue", _other_digest])],
		"the same variant": ["postgres:17.2-alpine", "postgres:17.3-alpine"],
	}
	_dangers == set() with input as _change(images[0], images[1])
}

test_another_variant_is_mentioned if {
	some finding in rule.report with input as _change("postgres:17.2-alpine", "postgres:17.2-bookworm")
	finding.advice == true
	startswith(finding.msg, concat(" ", [
		"[image-change] spec.template.spec.containers[0].image: another variant of the same version (other libraries may",
		`sort text differently), from "postgres:17.2-alpine" to "postgres:17.2-bookworm".`,
		"Fix: check that indexes do not depend on the C library's collation",
	]))
}

test_another_variant[change] if {
	some change, images in {
		"added": ["postgres:17.2", "postgres:17.2-alpine"],
		"removed": ["postgres:17.2-alpine", "postgres:17.2"],
		"with a higher version": ["postgres:17.2-alpine", "postgres:17.3-bookworm"],
	}
	{finding.advice | some finding in rule.report} == {true} with input as _change(images[0], images[1])
}

test_variant_is_not_mentioned_beside_a_denial if {
	_dangers == {"a lower version"} with input as _change("postgres:17.2-alpine", "postgres:16.4-bookworm")
}

test_containers_are_paired_by_name if {
	before := _sts([_container("db", "postgres:17.2"), _container("proxy", "envoy:1.30.1")])
	after := _sts([_container("proxy", "envoy:1.30.2"), _container("db", "postgres:17.3")])
	rule.report == set() with input as _update(before, after)
	swapped := _sts([_container("db", "envoy:1.30.1"), _container("proxy", "postgres:17.2")])
	count(rule.report) == 2 with input as _update(before, swapped)
}

test_container_that_comes_or_goes_changes_no_image if {
	one := _sts([_container("db", "postgres:17.2")])
	two := _sts([_container("db", "postgres:17.2"), _container("proxy", "envoy:1.30.1")])
	rule.report == set() with input as _update(one, two)
	rule.report == set() with input as _update(two, one)
}

test_init_container_is_judged if {
	{finding.field | some finding in rule.report} == {"spec.template.spec.initContainers[0].image"}
		with input as _update(_with_init("tool:2.0"), _with_init("tool:1.0"))
}

test_sidecar_that_becomes_a_container_is_the_same if {
	sidecar := object.union(_with_init("tool:2.0"), {"spec": {"template": {"spec": {"containers": []}}}})
	{finding.field | some finding in rule.report} == {"spec.template.spec.containers[0].image"}
		with input as _update(sidecar, _sts([_container("prepare", "tool:1.0")]))
}

test_same_image_is_no_change if {
	before := _sts([_container("db", "db:blue")])
	rule.report == set() with input as _update(before, object.union(before, {"spec": {"replicas": 5}}))
}

test_only_an_update_changes_an_image if {
	request := _change("postgres:17.2", "postgres:16.4").request
	rule.report == set() with input as {"request": object.union(request, {"operation": "CREATE"})}
	rule.report == set() with input as {"request": object.union(request, {"operation": "DELETE"})}
	rule.report == set() with input as request.object
}

test_other_kinds_are_not_judged if {
	request := _change("postgres:17.2", "postgres:16.4").request
	rule.report == set() with input as {"request": object.union(request, {"kind": {"kind": "Deployment"}})}
}

test_confirmed_change_is_marked if {
	{finding.confirmed | some finding in rule.report} == {true} with input as _marked("update", "2026-11-23T13:00:00Z")
}

test_invalid_confirmation_is_none[why] if {
	some why, mark in {
		"another operation": ["delete", "2026-11-23T12:10:00Z"],
		"expired": ["update", "2026-11-23T12:00:00Z"],
		"too long": ["update", "2026-11-23T13:00:01Z"],
		"nonsense": ["update", "soon"],
	}
	{finding.confirmed | some finding in rule.report} == {false} with input as _marked(mark[0], mark[1])
}

test_change_cannot_confirm_itself if {
	marks := {"metadata": {"annotations": {
		"stateward.dev/confirm": "update",
		"stateward.dev/confirm-until": "2026-11-23T12:10:00Z",
		"stateward.dev/confirmed-by": "alice",
	}}}
	review := object.union(_change("postgres:16.4", "postgres:17.2"), {"request": {"object": marks}})
	{finding.confirmed | some finding in rule.report} == {false} with input as review
}

_dangers contains split(finding.what, ", from ")[0] if some finding in rule.report

test_prerelease_of_the_same_version_is_lower if {
	{finding.what | some finding in rule.report} == {`a lower version, from "db:1.2.0" to "db:1.2.0-rc1"`}
		with input as _change("db:1.2.0", "db:1.2.0-rc1")
}

test_release_after_its_prerelease_is_no_denial if {
	some finding in rule.report with input as _change("db:1.2.0-rc1", "db:1.2.0")
	finding.advice == true
}

test_commits_cannot_be_compared if {
	{finding.what | some finding in rule.report} == {
		`a tag that cannot be compared, from "db:3b2c1d0" to "db:3f00aaa"`,
	} with input as _change("db:3b2c1d0", "db:3f00aaa")
}

test_advice_needs_no_confirmation if {
	some finding in rule.report with input as _change("db:17.2-alpine", "db:17.2-bookworm")
	finding.fix == "check that indexes do not depend on the C library's collation."
}

_container(name, image) := {"name": name, "image": image}

_sts(containers) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web"},
	"spec": {"template": {"spec": {"containers": containers}}},
}

_with_init(image) := object.union(
	_sts([_container("db", "postgres:17.2")]),
	{"spec": {"template": {"spec": {"initContainers": [_container("prepare", image)]}}}},
)

test_the_way_back_is_only_mentioned if {
	some finding in rule.report with input as _taken_back("db:16.1") with data.cluster.pods as _pods("db:16.1")
	finding.advice == true
	finding.msg == concat(" ", [
		"[image-change] spec.template.spec.containers[0].image: returns to the image that other pods still run,",
		`from "db:17.2" to "db:16.1".`,
		`Fix: check that the pods that ran "db:17.2" can still read their data.`,
	])
}

test_the_way_to_something_else_is_denied if {
	some finding in rule.report with input as _taken_back("db:15.1") with data.cluster.pods as _pods("db:16.1")
	finding.severity == "deny"
	not finding.advice
}

test_the_way_back_is_denied_where_no_pod_shows_it[pods] if {
	some pods in [{}, {"default": {}}]
	some finding in rule.report with input as _taken_back("db:16.1") with data.cluster.pods as pods
	finding.severity == "deny"
	not finding.advice
}

# The image is taken back in the middle of a rollout.
_taken_back(image) := object.union(_change("db:17.2", image), {"request": {"oldObject": {"status": {
	"currentRevision": "web-a",
	"updateRevision": "web-b",
	"updatedReplicas": 1,
}}}})

_pods(image) := {"default": {"web-0": {
	"metadata": {"labels": {"controller-revision-hash": "web-a"}},
	"spec": {"containers": [_container("db", image)]},
}}}

_update(before, after) := {
	"stateward": {"time": "2026-11-23T12:00:00Z"},
	"request": {
		"operation": "UPDATE",
		"kind": {"group": "apps", "kind": "StatefulSet"},
		"oldObject": before,
		"object": after,
	},
}

_change(from, to) := _update(_sts([_container("db", from)]), _sts([_container("db", to)]))

_marked(operation, until) := object.union(
	_change("postgres:16.4", "postgres:17.2"),
	{"request": {"oldObject": {"metadata": {"annotations": {
		"stateward.dev/confirm": operation,
		"stateward.dev/confirm-until": until,
		"stateward.dev/confirmed-by": "alice",
	}}}}},
)
