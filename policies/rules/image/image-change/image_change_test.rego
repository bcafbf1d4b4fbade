package stateward.rules.image["image-change_test"]

import data.stateward.rules.image["image-change"] as rule

_digest := "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

_other_digest := "sha256:fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

_confirm := concat(" ", [
	"or confirm it: kubectl annotate statefulset web -n default --overwrite --field-manager=stateward-confirm",
	"stateward.dev/confirm=update stateward.dev/confirm-rules=image-change stateward.dev/confirm-for=10m",
])

test_change_is_denied_with_its_danger[danger] if {
	some danger, images in {
		"another repository": ["postgres:17.2", "mysql:17.2"],
		"a lower major version": ["postgres:17.2", "postgres:16.9"],
		"a lower version, whose data format may differ": ["mysql:8.4.1", "mysql:8.0.40"],
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
		"on another registry": ["nginx:1.9.1", "registry.example.com/apache:1.9.1"],
		"of others on another registry": ["nginx:1.9.1", "quay.io/bitnami/nginx:1.9.1"],
		"another path": ["bitnami/etcd:1", "coreos/etcd:1"],
		"with the same digest": [concat("@", ["a", _digest]), concat("@", ["b", _digest])],
		"before the version": ["postgres:17", "mysql:16"],
	}
	_dangers == {"another repository"} with input as _change(images[0], images[1])
}

test_lower_major_version[change] if {
	some change, images in {
		"major": ["db:17.2", "db:16.9"],
		"where one is shorter": ["db:17.2.1", "db:16"],
		"before PostgreSQL 10": ["postgres:9.6", "postgres:9.5"],
		"by the year": ["mssql/server:2022-latest", "mssql/server:2019-latest"],
	}
	_dangers == {"a lower major version"} with input as _change(images[0], images[1])
}

test_lower_version_within_the_major_is_a_warning[change] if {
	some change, images in {
		"minor": ["db:17.10", "db:17.9"],
		"patch": ["db:v3.5.21", "db:v3.5.20"],
		"with a variant": ["db:17.2-alpine", "db:17.1-alpine"],
		"with a digest": [concat("@", ["db:17.2", _digest]), concat("@", ["db:17.1", _other_digest])],
		"calendar, in the same month": ["db:2024.10.02", "db:2024.10.01"],
		"date": ["db:20241001", "db:20240930"],
		"the number of a package": ["postgis:16-3.5-alpine", "postgis:16-3.4-alpine"],
		"a build of a package": ["postgresql:16.4.0-debian-12-r14", "postgresql:16.4.0-debian-12-r1"],
	}
	{[split(finding.what, ", from ")[0], finding.advice] | some finding in rule.report} == {["a lower version", true]}
		with input as _change(images[0], images[1])
}

test_step_back_that_the_data_cannot_take_is_denied[change] if {
	some change, images in {
		"etcd": ["quay.io/coreos/etcd:v3.5.1", "quay.io/coreos/etcd:v3.4.20"],
		"before 1.0": ["db:0.9.1", "db:0.8.7"],
		"calendar": ["db:2024.10.01", "db:2024.09.30"],
		"with another name of its repository": ["confluentinc/cp-kafka:7.8.0", "confluentinc/cp-kafka:7.4.0"],
		"of several words": ["percona/percona-xtradb-cluster:8.4.0", "percona/percona-xtradb-cluster:8.0.36-28.1"],
	}
	_dangers == {"a lower version, whose data format may differ"} with input as _change(images[0], images[1])
}

test_new_major_version[change] if {
	some change, images in {
		"next": ["db:16.4", "db:17.2"],
		"with a variant": ["db:16.4-alpine", "db:17.2-alpine"],
		"from 9 to 10": ["db:9.6", "db:10"],
		"from 0 to 1": ["db:0.9", "db:1.0"],
		"by the year": ["mssql/server:2019-latest", "mssql/server:2022-latest"],
		"after a word": ["crunchy-postgres:ubi8-15.3-0", "crunchy-postgres:ubi8-16.1-0"],
		"after several words": ["db:enterprise_beta-6.6.0", "db:enterprise_beta-7.0.1"],
	}
	_dangers == {"a new major version"} with input as _change(images[0], images[1])
}

test_tag_that_cannot_be_compared[change] if {
	some change, images in {
		"from latest": ["db:latest", "db:17"],
		"to latest": ["db:17", "db:latest"],
		"to no tag": ["db:17", "db"],
		"from no tag": ["db", "db:17"],
		"two digests without tags": [concat("@", ["db", _digest]), concat("@", ["db", _other_digest])],
		"from tag to digest": ["db:17", concat("@", ["db", _digest])],
		"the version of something else": ["db:ubuntu-22.04", "db:ubuntu-24.04"],
	}
	{finding.advice | some finding in rule.report} == {true} with input as _change(images[0], images[1])
	_dangers == {"a tag that cannot be compared"} with input as _change(images[0], images[1])
}

test_harmless_change[change] if {
	some change, images in {
		"patch": ["nginx:1.7.9", "nginx:1.7.10"],
		"minor": ["nginx:1.7.9", "nginx:1.9.1"],
		"calendar": ["db:2024.08.15", "db:2024.09.01"],
		"calendar of the next year": ["db:2024.12", "db:2025.01"],
		"date": ["db:20240930", "db:20241001"],
		"build": ["db:4711", "db:4712"],
		"releases with a date": ["minio:RELEASE.2024-01-01T00-00-00Z", "minio:RELEASE.2025-01-01T00-00-00Z"],
		"a known name of the same image": ["postgres:17.2", "public.ecr.aws/docker/library/postgres:17.2"],
		"the number of a package": ["bitnami/etcd:3.5.1-debian-12-r9", "bitnami/etcd:3.5.1-debian-12-r9"],
		"more numbers": ["postgres:17", "postgres:17.2"],
		"fewer numbers": ["postgres:17.2", "postgres:17"],
		"a leading v": ["etcd:3.5.20", "etcd:v3.5.21"],
		"a longer name of the same repository": ["nginx:1.7.9", "docker.io/library/nginx:1.7.10"],
		"a digest is added": ["db:17", concat("@", ["db:17", _digest])],
		"a rebuild": [concat("@", ["db:17", _digest]), concat("@", ["db:17", _other_digest])],
		"a rebuild of what is no version": [concat("@", ["db:blue", _digest]), concat("@", ["db:blue", _other_digest])],
		"a newer program in the suffix": ["db:0.40.0-kafka-3.6.1", "db:0.40.0-kafka-3.6.2"],
		"a newer build of the package": ["postgresql:16.4.0-debian-12-r1", "postgresql:16.4.0-debian-12-r14"],
		"a newer package": ["postgresql:16.2-5-bookworm", "postgresql:16.3-1-bookworm"],
		"a newer package of the same version": ["percona-xtradb-cluster:8.0.36-28.1", "percona-xtradb-cluster:8.0.36-28.2"],
		"words before the version": ["crunchy-postgres:ubi8-15.3-0", "crunchy-postgres:ubi8-15.4-0"],
		"an update of the same year": ["server:2022-CU13-ubuntu-22.04", "server:2022-CU14-ubuntu-22.04"],
		"a newer program, and nothing else": ["db:pg14.1", "db:pg14.2"],
		"the same variant": ["postgres:17.2-alpine", "postgres:17.3-alpine"],
	}
	_dangers == set() with input as _change(images[0], images[1])
}

test_new_series_is_mentioned[change] if {
	some change, images in {
		"mysql": ["mysql:8.0.36", "mysql:8.4.0"],
		"etcd": ["etcd:v3.5.9", "etcd:v3.6.0"],
		"in the suffix": ["db:0.40.0-kafka-3.6.1", "db:0.40.0-kafka-3.7.0"],
	}
	[[split(finding.what, ", from ")[0], finding.advice, finding.fix] | some finding in rule.report] == [[
		"a new release series, whose data the former one may not read",
		true,
		"take a backup first, and keep it until the new version has proved itself.",
	]] with input as _change(images[0], images[1])
}

test_prerelease_is_mentioned[change] if {
	some change, images in {"by the release": ["postgres:17rc1", "postgres:17"], "by the next": [
		"postgres:18beta1",
		"postgres:18beta3",
	]}
	_dangers == {"a pre-release is replaced, whose data format may differ"} with input as _change(images[0], images[1])
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
	_dangers == {"a lower major version"} with input as _change("postgres:17.2-alpine", "postgres:16.4-bookworm")
}

test_version_in_the_suffix_counts[what] if {
	some what, tags in {
		"a new major version of pg": ["2.11.0-pg14", "2.11.0-pg15"],
		"a lower major version of pg": ["2.11.0-pg15", "2.12.0-pg14"],
		"a new major version of kafka": ["0.40.0-kafka-3.7.0", "0.45.0-kafka-4.0.0"],
		"a lower version of kafka, whose data format may differ": ["0.40.0-kafka-3.7.0", "0.41.0-kafka-3.6.1"],
		"a lower version of pg": ["2.11.0-pg14.2", "2.11.0-pg14.1"],
		"a lower major version": ["2.11.0-pg14.2", "1.9.0-pg14.2"],
		"a new major version of postgres": ["postgres14-latest", "postgres15-latest"],
	}
	_dangers == {what} with input as _change(sprintf("db:%s", [tags[0]]), sprintf("db:%s", [tags[1]]))
}

test_number_of_the_repository_is_the_major_version[what] if {
	some what, images in {
		"a new major version": ["ghcr.io/zalando/spilo-17:4.0-p2", "ghcr.io/zalando/spilo-18:4.1-p1"],
		"a lower major version": ["ghcr.io/zalando/spilo-17:4.0-p2", "ghcr.io/zalando/spilo-16:3.3-p3"],
	}
	_dangers == {what} with input as _change(images[0], images[1])
}

test_older_builds_are_a_warning[change] if {
	some change, images in {
		"build": ["db:4712", "db:4711"],
		"with another number of digits": ["db:10000", "db:9999"],
		"release": ["minio:RELEASE.2025-01-01T00-00-00Z", "minio:RELEASE.2024-01-01T00-00-00Z"],
		"cumulative update": ["mssql/server:2022-CU12-ubuntu-22.04", "mssql/server:2022-CU9-ubuntu-22.04"],
	}
	{[split(finding.what, ", from ")[0], finding.advice] | some finding in rule.report} == {["an older build", true]}
		with input as _change(images[0], images[1])
}

test_mirror_is_a_warning[change] if {
	some change, images in {
		"another registry": ["nginx:1.9.1", "registry.example.com/nginx:1.9.2"],
		"another port": ["registry:5000/db:1", "registry:5001/db:1"],
		"below a path": ["docker.io/bitnami/etcd:3.5.1", "mirror.example.com/hub/bitnami/etcd:3.5.1"],
		"back again": ["mirror.example.com/hub/library/nginx:1.9.1", "nginx:1.9.1"],
		"of the same digest": [concat("@", ["a/db:1", _digest]), concat("@", ["mirror.example.com/b/db:1", _digest])],
	}
	{[split(finding.what, ", from ")[0], finding.advice] | some finding in rule.report} == {[
		"another registry, an image of the same name",
		true,
	]} with input as _change(images[0], images[1])
}

test_known_names_of_one_image_are_the_same[change] if {
	some change, images in {
		"newer": ["postgres:17.2", "public.ecr.aws/docker/library/postgres:17.2"],
		"official image that moved": ["vault:1.13.3", "hashicorp/vault:1.13.3"],
		"old registry": ["gcr.io/google_containers/etcd:3.4.3", "registry.k8s.io/etcd:3.4.3"],
		"own registry": ["elasticsearch:8.5.0", "docker.elastic.co/elasticsearch/elasticsearch:8.5.0"],
		"organisation": ["prom/prometheus:v2.50.0", "quay.io/prometheus/prometheus:v2.51.0"],
		"registry of Docker Hub": ["bitnami/redis:7.0", "registry-1.docker.io/bitnami/redis:7.0"],
	}
	rule.report == set() with input as _change(images[0], images[1])
}

test_another_repository_of_that_name_may_be_a_mirror if {
	[finding.fix | some finding in rule.report] == [sprintf("%s %s", [
		"if both hold the same image, list them in the parameter mirrors of this rule,",
		_confirm,
	])] with input as _change("harbor.example.com/proxy/postgres:17.2", "postgres:17.2")
}

test_mirror_hides_no_version if {
	_dangers == {"a new major version"}
		with input as _change("postgres:16.4", "mirror.example.com/library/postgres:17.0")
}

test_mirrors_of_the_guardrails_are_the_same if {
	rule.report == set() with input as _change("postgres:17.2", "mirror.example.com/hub/postgres:17.2")
		with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "image-change", "params": {"mirrors": {
			"docker.io/library": ["mirror.example.com/hub"],
		}}}]
}

test_parameters_say_how_tags_are_read if {
	some finding in rule.report with input as _change("db:20240930", "db:20241001")
		with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "image-change", "params": {"schemes": ["semver"], "incomparable": "deny"}}]
	startswith(finding.what, "a tag that cannot be compared")
	not finding.advice
}

test_variable_with_the_version_is_judged if {
	old := _sts([{"name": "db", "image": "spilo:1", "env": [{"name": "PGVERSION", "value": "17"}]}])
	new := _sts([{"name": "db", "image": "spilo:1", "env": [{"name": "PGVERSION", "value": "18"}]}])
	{[finding.field, finding.what] | some finding in rule.report} == {[
		"spec.template.spec.containers[0].env",
		"PGVERSION goes from 17 to 18: another major version",
	]} with input as _update(old, new)
}

test_containers_are_paired_by_name if {
	before := _sts([_container("db", "postgres:17.2"), _container("proxy", "envoy:1.30.1")])
	after := _sts([_container("proxy", "envoy:1.30.2"), _container("db", "postgres:17.3")])
	rule.report == set() with input as _update(before, after)
	swapped := _sts([_container("db", "envoy:1.30.1"), _container("proxy", "postgres:17.2")])
	count(rule.report) == 2 with input as _update(before, swapped)
}

test_renamed_container_is_found[by] if {
	some by, containers in {
		"claim": [[_mounting("db", "nginx:1"), _container("b", "x:1")], [_container("c", "x:1"), _mounting("d", "mysql:9")]],
		"position": [[_container("db", "nginx:1")], [_container("data", "mysql:9")]],
		"repository": [
			[_container("a", "nginx:1"), _container("b", "x:1")],
			[_container("c", "x:1"), _container("d", "nginx:2")],
		],
	}
	count(rule.report) == 1 with input as _update(_with_claim(containers[0]), _with_claim(containers[1]))
}

_denials contains finding if {
	some finding in rule.report
	not finding.advice
}

test_container_without_data_is_a_warning if {
	before := _with_claim([_mounting("db", "nginx:1"), _container("b", "x:1")])
	after := _with_claim([_mounting("db", "nginx:1"), _container("b", "x:2")])
	[finding.advice | some finding in rule.report] == [true] with input as _update(before, after)
	count(_denials) == 1 with input as _update(before, after)
		with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "image-change", "params": {"containers": "all"}}]
}

test_image_of_a_pod_is_judged if {
	pod := {"kind": "Pod", "metadata": {"name": "web-0", "labels": {"statefulset.kubernetes.io/pod-name": "web-0"}}}
	old := object.union(pod, {"spec": {"containers": [_container("db", "postgres:16")]}})
	new := object.union(pod, {"spec": {"containers": [_container("db", "postgres:17")]}})
	document := {"request": {"operation": "UPDATE", "oldObject": old, "object": new}}
	{finding.field | some finding in rule.report} == {"spec.containers[0].image"} with input as document
	rule.report == set()
		with input as json.patch(document, [{"op": "remove", "path": "/request/oldObject/metadata/labels"}])
}

_mounting(name, reference) := object.union(
	_container(name, reference),
	{"volumeMounts": [{"name": "data", "mountPath": "/data"}]},
)

_with_claim(containers) := object.union(
	_sts(containers),
	{"spec": {"volumeClaimTemplates": [{"metadata": {"name": "data"}}]}},
)

test_container_that_comes_or_goes_changes_no_image if {
	one := _sts([_container("db", "postgres:17.2")])
	two := _sts([_container("db", "postgres:17.2"), _container("proxy", "envoy:1.30.1")])
	rule.report == set() with input as _update(one, two)
	rule.report == set() with input as _update(two, one)
}

test_init_container_is_judged if {
	{[finding.field, finding.advice] | some finding in rule.report} == {[
		"spec.template.spec.initContainers[0].image",
		true,
	]}
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
		"stateward.dev/confirm-rules": "image-change",
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
		"stateward.dev/confirm-rules": "image-change",
		"stateward.dev/confirm-until": until,
		"stateward.dev/confirmed-by": "alice",
	}}}}},
)
