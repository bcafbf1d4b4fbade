package stateward.rules.storage["data-path_test"]

import data.stateward.rules.storage["data-path"] as rule

test_user_that_a_container_has_in_the_end_counts[change] if {
	some change, said in {
		"the container says what the pod said": [{"runAsUser": 5}, {}, {}, {"runAsUser": 5}],
		"both say it": [{"runAsUser": 5}, {}, {"runAsUser": 5}, {"runAsUser": 5}],
		"the pod's is not used": [{"runAsUser": 5}, {"runAsUser": 7}, {"runAsUser": 6}, {"runAsUser": 7}],
	}
	before := {"pod": said[0], "container": said[1]}
	rule.report == set() with input as _users(before, {"pod": said[2], "container": said[3]})
}

test_user_of_a_container_is_compared_with_that_of_its_pod[what] if {
	some what, expected in {
		`runAsUser of container "db" changes from 5 to 7: existing files may become unreadable`: [
			{"pod": {"runAsUser": 5}, "container": {}},
			{"pod": {"runAsUser": 5}, "container": {"runAsUser": 7}},
		],
		`runAsUser of container "db" changes from 7 to 6: existing files may become unreadable`: [
			{"pod": {"runAsUser": 5}, "container": {"runAsUser": 7}},
			{"pod": {"runAsUser": 6}, "container": {}},
		],
		"changes from 5 to 6: existing files may become unreadable": [
			{"pod": {"runAsGroup": 5}, "container": {}},
			{"pod": {"runAsGroup": 6}, "container": {}},
		],
	}
	{finding.what | some finding in rule.report} == {what} with input as _users(expected[0], expected[1])
}

_users(before, after) := json.patch(
	_update([_db([_mount("data", "/data", {})])], [_db([_mount("data", "/data", {})])], {}),
	[{"op": "add", "path": concat("/", ["/request", version, place]), "value": value} |
		some version, said in {"oldObject/spec/template/spec": before, "object/spec/template/spec": after}
		some place, value in {"securityContext": said.pod, "containers/0/securityContext": said.container}
	],
)

test_one_folder_has_several_names[text] if {
	some text, containers in {
		"mount": [_db([_mount("data", "/data", {})]), _db([_mount("data", "//./data/.", {})])],
		"subPath": [_db([_mount("data", "/data", {"subPath": "a"})]), _db([_mount("data", "/data", {"subPath": "./a/"})])],
		"no subPath": [_db([_mount("data", "/data", {})]), _db([_mount("data", "/data", {"subPath": "."})])],
		"null": [_db([_mount("data", "/data", {})]), _db([_mount("data", "/data", {"subPath": null})])],
		"variable": [
			object.union(_db([_mount("data", "/data", {})]), {"env": [{"name": "PGDATA", "value": "/data/a"}]}),
			object.union(_db([_mount("data", "/data", {})]), {"env": [{"name": "PGDATA", "value": "/data//a/"}]}),
		],
		"option": [
			object.union(_db([_mount("data", "/data", {})]), {"args": ["--data-dir=/data/a"]}),
			object.union(_db([_mount("data", "/data", {})]), {"args": ["--data-dir", "/data/./a/"]}),
		],
		"working directory": [
			object.union(_db([_mount("data", "/data", {})]), {"workingDir": "/data/a"}),
			object.union(_db([_mount("data", "/data", {})]), {"workingDir": "/data/a/"}),
		],
	}
	rule.report == set() with input as _update([containers[0]], [containers[1]], {})
}
