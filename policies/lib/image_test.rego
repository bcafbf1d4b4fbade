package stateward.lib.image_test

import data.stateward.lib.image

_digest := "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

test_reference_is_taken_apart[reference] if {
	some reference, parts in {
		"nginx": ["docker.io/library/nginx", "", ""],
		"nginx:1.27.4": ["docker.io/library/nginx", "1.27.4", ""],
		"library/nginx": ["docker.io/library/nginx", "", ""],
		"docker.io/nginx": ["docker.io/library/nginx", "", ""],
		"docker.io/library/nginx:1": ["docker.io/library/nginx", "1", ""],
		"bitnami/etcd:3.5.21": ["docker.io/bitnami/etcd", "3.5.21", ""],
		"docker.io/bitnami/etcd": ["docker.io/bitnami/etcd", "", ""],
		"a/b/c:1": ["docker.io/a/b/c", "1", ""],
		"my_org/db__x/a--b": ["docker.io/my_org/db__x/a--b", "", ""],
		"my_registry.io/db:1": ["my_registry.io/db", "1", ""],
		"registry:5000/db": ["registry:5000/db", "", ""],
		"registry:5000/db:17.2": ["registry:5000/db", "17.2", ""],
		"registry.example.com:5000/team/db:17.2": ["registry.example.com:5000/team/db", "17.2", ""],
		"quay.io/coreos/etcd:v3.5.21": ["quay.io/coreos/etcd", "v3.5.21", ""],
		"localhost/x": ["localhost/x", "", ""],
		"localhost:5000/x:1": ["localhost:5000/x", "1", ""],
		"MyHost/x": ["MyHost/x", "", ""],
		"[2001:db8::1]:5000/x:1": ["[2001:db8::1]:5000/x", "1", ""],
		"127.0.0.1:5000/x": ["127.0.0.1:5000/x", "", ""],
		"localhost": ["docker.io/library/localhost", "", ""],
		"db:RELEASE.2024-01-01T00-00-00Z": ["docker.io/library/db", "RELEASE.2024-01-01T00-00-00Z", ""],
		"db:_x": ["docker.io/library/db", "_x", ""],
		concat("@", ["nginx", _digest]): ["docker.io/library/nginx", "", _digest],
		concat("@", ["nginx:1.27.4", _digest]): ["docker.io/library/nginx", "1.27.4", _digest],
		concat("@", ["registry:5000/db", _digest]): ["registry:5000/db", "", _digest],
	}
	image.parse(reference) == {"repository": parts[0], "tag": parts[1], "digest": parts[2]}
}

test_what_no_runtime_would_pull_is_no_reference[reference] if {
	some reference in {
		"",
		" nginx",
		"nginx ",
		"nginx\n",
		"Nginx:1.27.4",
		"docker.io/Nginx",
		"nginx:",
		"nginx:1:2",
		"nginx:-1",
		"nginx:.1",
		"nginx@",
		"nginx@sha256:0123",
		"nginx@0123456789abcdef0123456789abcdef",
		"/nginx",
		"nginx/",
		"a//b",
		"-nginx",
		"nginx-",
		"a..b",
		"a___b",
		"https://registry/nginx",
		"registry:port/db:1",
		"${IMAGE}",
		"[0]/db:1",
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		concat("", [text | some _ in numbers.range(1, 26); text := "0123456789"]),
	}
	not image.parse(reference)
}

test_tag_has_at_most_128_characters if {
	longest := concat("", [repeated | some _ in numbers.range(1, 16); repeated := "12345678"])
	count(longest) == 128
	image.parse(sprintf("db:%s", [longest])).tag == longest
	not image.parse(sprintf("db:%s9", [longest]))
}

test_what_is_no_text_is_no_reference[value] if {
	some value in [null, 5, true, ["nginx:1"], {"name": "nginx"}]
	not image.parse(value)
}

test_version_is_taken_apart[tag] if {
	some tag, version in {
		"17": [[17], ""],
		"17.2": [[17, 2], ""],
		"17.2-alpine": [[17, 2], "-alpine"],
		"v3.5.21": [[3, 5, 21], ""],
		"V3.5.21": [[3, 5, 21], ""],
		"2024.01.15": [[2024, 1, 15], ""],
		"1.27.4-alpine3.21": [[1, 27, 4], "-alpine3.21"],
		"8.0.40-0ubuntu": [[8, 0, 40], "-0ubuntu"],
		"1.2.3+build.5": [[1, 2, 3], "+build.5"],
		"1.2.3_5": [[1, 2, 3], "_5"],
		"7.4rc1": [[7, 4], "rc1"],
		"7.4.final": [[7, 4], ".final"],
		"20240115": [[20240115], ""],
		"0": [[0], ""],
	}
	image.version(tag) == {"numbers": version[0], "variant": version[1]}
}

test_tag_that_is_no_version[tag] if {
	some tag in {
		"",
		"latest",
		"stable-17",
		"RELEASE.2024-01-01T00-00-00Z",
		"main",
		"v",
		"vv1",
		"version1",
		".1",
		"1.",
		"1..2",
		"-1",
		"20240115103000",
	}
	not image.version(tag)
}

test_versions_compare_by_number if {
	image.version("1.10").numbers > image.version("1.9").numbers
	image.version("2024.10.01").numbers > image.version("2024.09.30").numbers
	image.version("10").numbers > image.version("9.9").numbers
}

test_containers_of_every_list_come_with_their_paths if {
	spec := {
		"initContainers": [{"name": "prepare"}, {"name": "sidecar", "restartPolicy": "Always"}],
		"containers": [{"name": "db"}],
		"volumes": [{"name": "data"}],
	}
	image.containers({"spec": {"template": {"spec": spec}}}) == [
		{"path": ["spec", "template", "spec", "initContainers", 0], "container": {"name": "prepare"}},
		{
			"path": ["spec", "template", "spec", "initContainers", 1],
			"container": {"name": "sidecar", "restartPolicy": "Always"},
		},
		{"path": ["spec", "template", "spec", "containers", 0], "container": {"name": "db"}},
	]
}

test_there_may_be_no_containers[shape] if {
	some shape, sts in {
		"null": null,
		"no spec": {},
		"no template": {"spec": {}},
		"no lists": {"spec": {"template": {"spec": {}}}},
		"null list": {"spec": {"template": {"spec": {"containers": null}}}},
		"empty list": {"spec": {"template": {"spec": {"containers": [], "initContainers": []}}}},
	}
	image.containers(sts) == []
}

test_docker_hub_has_two_names if {
	image.parse("index.docker.io/library/db:1") == image.parse("db:1")
	image.parse("index.docker.io/team/db:1") == image.parse("team/db:1")
}

test_commit_is_no_version if {
	not image.version("3b2c1d0")
}

test_prerelease[variant] if {
	some variant in ["-rc1", "rc2", "-beta.1", "-alpha", ".dev3", "-SNAPSHOT"]
	image.prerelease(variant)
}

test_variant_that_is_no_prerelease[variant] if {
	some variant in ["", "-alpine", "-bookworm", "-r4", "-management"]
	not image.prerelease(variant)
}

test_image_is_changed_where_a_container_runs_another[what] if {
	some what, spec in {
		"another tag": {"containers": [_runs("db", "db:2"), _runs("log", "log:1")]},
		"a new container": {"containers": [_runs("db", "db:1"), _runs("log", "log:1"), _runs("proxy", "proxy:1")]},
		"a new init container": {
			"initContainers": [_runs("prepare", "prepare:1")],
			"containers": [_runs("db", "db:1"), _runs("log", "log:1")],
		},
		"the images of each other": {"containers": [_runs("db", "log:1"), _runs("log", "db:1")]},
		"no image": {"containers": [{"name": "db"}]},
	}
	image.changed(_change(spec))
}

test_image_is_not_changed_by_anything_else[what] if {
	some what, spec in {
		"nothing": {"containers": [_runs("db", "db:1"), _runs("log", "log:1")]},
		"another order": {"containers": [_runs("log", "log:1"), _runs("db", "db:1")]},
		"a container less": {"containers": [_runs("db", "db:1")]},
		"another field": {"containers": [object.union(_runs("db", "db:1"), {"command": ["db"]})]},
	}
	not image.changed(_change(spec))
}

_runs(name, reference) := {"name": name, "image": reference}

_change(spec) := {
	"old": {"spec": {"template": {"spec": {"containers": [_runs("db", "db:1"), _runs("log", "log:1")]}}}},
	"object": {"spec": {"template": {"spec": spec}}},
}
