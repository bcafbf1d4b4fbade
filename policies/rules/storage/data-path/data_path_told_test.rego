package stateward.rules.storage["data-path_told_test"]

import data.stateward.rules.storage["data-path"] as rule

test_option_that_leads_elsewhere_is_denied[form] if {
	some form, change in {
		"one word": [["--data-dir=/data/a"], ["--data-dir=/data/b"]],
		"two words": [["--data-dir", "/data/a"], ["--data-dir", "/data/b"]],
	}
	some finding in rule.report with input as _update({"args": change[0]}, {"args": change[1]})
	finding.what == `option data-dir changes from "/data/a" to "/data/b": the container looks for its data elsewhere`
	[finding.field, finding.existing] == ["spec.template.spec.containers[0].args", false]
	not finding.advice
}

test_commands_and_scripts_are_read[name] if {
	some name, change in {
		"dbpath": [["mongod", "--dbpath", "/data/a"], ["mongod", "--dbpath", "/data/b"]],
		"D": [["postgres", "-D", "/data/a"], ["postgres", "-D", "/data/b"]],
		"data_directory": [["postgres", "-c", "data_directory=/data/a"], ["postgres", "-c", "data_directory=/data/b"]],
		"data-dir": [["sh", "-c", "exec etcd --data-dir=/data/a -v"], ["sh", "-c", "exec etcd --data-dir=/data/b -v"]],
		"store": [["cockroach", "--store=path=/data/a"], ["cockroach", "--store=path=/data/b"]],
	}
	[finding.field | some finding in rule.report] == ["spec.template.spec.containers[0].command"]
		with input as _update({"command": change[0]}, {"command": change[1]})
	some finding in rule.report with input as _update({"command": change[0]}, {"command": change[1]})
	startswith(finding.what, sprintf("option %s changes from ", [name]))
}

test_option_that_goes_is_a_warning if {
	[[finding.what, finding.advice] | some finding in rule.report] == [[
		`option data-dir is gone, which was "/data/a": the container may look for its data elsewhere`,
		true,
	]] with input as _update({"args": ["--data-dir=/data/a"]}, {"args": ["--name=x"]})
}

test_the_same_folder_in_another_form_is_fine[form] if {
	some form, change in {
		"slash at the end": [{"args": ["--data-dir=/data/a"]}, {"args": ["--data-dir=/data/a/"]}],
		"another dash": [{"args": ["--data-dir=/data/a"]}, {"args": ["-data-dir", "/data/a"]}],
		"from arguments to the command": [{"args": ["--data-dir=/data/a"]}, {"command": ["x", "--data-dir=/data/a"]}],
		"a variable": [{"args": ["--data-dir=/data/a"]}, {"env": [{"name": "X_DATA", "value": "/data/a"}]}],
		"an argument": [{"env": [{"name": "X_DATA", "value": "/data/a"}]}, {"args": ["--data-dir=/data/a"]}],
		"of no claim": [{"args": ["--data-dir=/tmp/a"]}, {"args": ["--data-dir=/tmp/b"]}],
		"of another option": [{"args": ["--backup=/data/a"]}, {"args": ["--backup=/data/b"]}],
	}
	rule.report == set() with input as _update(change[0], change[1])
}

test_variable_with_a_folder_of_a_claim_is_a_warning if {
	[[finding.what, finding.field, finding.advice] | some finding in rule.report] == [[
		`X_DATA changes from "/data/a" to "/data/b": what lies in this folder of a claim may no longer be found`,
		"spec.template.spec.containers[0].env",
		true,
	]] with input as _update(
		{"env": [{"name": "X_DATA", "value": "/data/a"}, {"name": "LEVEL", "value": "info"}]},
		{"env": [{"name": "X_DATA", "value": "/data/b"}, {"name": "LEVEL", "value": "debug"}]},
	)
}

test_slashes_do_not_move_a_mount[path] if {
	some path in ["/data/", "//data"]
	rule.report == set() with input as _update({}, {"volumeMounts": [{"name": "data", "mountPath": path}]})
}

test_sidecar_among_init_containers_holds_data_too[what] if {
	some what, after in {
		`container "db" no longer finds claim template "data" at /data, it finds it at /b`: [object.union(
			_container,
			{"restartPolicy": "Always", "volumeMounts": [{"name": "data", "mountPath": "/b"}]},
		)],
		`container "db" no longer finds claim template "data" at /data`: [],
	}
	[finding.what | some finding in rule.report] == [what]
		with input as {"request": {
			"operation": "UPDATE",
			"oldObject": _sts({"initContainers": [object.union(_container, {"restartPolicy": "Always"})]}),
			"object": _sts({"initContainers": after}),
		}}
}

test_images_made_from_postgres_18_keep_its_folder[image] if {
	some image in [
		"postgres:18-alpine", "postgis/postgis:18-3.6", "pgvector/pgvector:pg18", "pgvector/pgvector:0.8.1-pg18",
		"timescale/timescaledb:2.23.0-pg18", "ghcr.io/immich-app/postgres:18-vectorchord0.5.3-pgvectors0.3.0",
		"public.ecr.aws/docker/library/postgres:18.0", "harbor.example.com/hub/library/postgres:18.1",
		"registry.example.com:5000/postgres:18.1",
	]
	[finding.field | some finding in rule.report] == ["spec.template.spec.containers[0].volumeMounts"]
		with input as _postgres(image)
}

test_other_images_of_postgres_are_not_judged[image] if {
	some image in [
		"postgres:17.2", "pgvector/pgvector:pg17", "timescale/timescaledb:2.23.0-pg17", "bitnami/postgresql:18.0.0",
		"ghcr.io/cloudnative-pg/postgresql:18.0", "supabase/postgres:18.1.0", "postgis/postgis:17-3.5",
	]
	rule.report == set() with input as _postgres(image)
}

_postgres(image) := _sts({"containers": [{
	"name": "db",
	"image": image,
	"volumeMounts": [{"name": "data", "mountPath": "/var/lib/postgresql/data"}],
}]})

_container := {"name": "db", "image": "db:1", "volumeMounts": [{"name": "data", "mountPath": "/data"}]}

_update(before, after) := {"request": {
	"operation": "UPDATE",
	"oldObject": _sts({"containers": [object.union(_container, before)]}),
	"object": _sts({"containers": [object.union(_container, after)]}),
}}

_sts(spec) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web"},
	"spec": {"template": {"spec": spec}, "volumeClaimTemplates": [{"metadata": {"name": "data"}}]},
}

test_option_counts_more_than_a_variable if {
	told := [{"name": "X_DATA", "value": "/data/a"}]
	{[finding.what, object.get(finding, "advice", false)] | some finding in rule.report} == {[
		`option data-dir changes from "/data/a" to "/data/b": the container looks for its data elsewhere`,
		false,
	]} with input as _update(
		{"args": ["--data-dir=/data/a"], "env": told},
		{"args": ["--data-dir=/data/b"], "env": told},
	)
}

test_working_directory_in_a_claim_is_kept[after] if {
	some after in [{"workingDir": "/tmp"}, {}]
	{[finding.what, finding.field, object.get(finding, "advice", false)] | some finding in rule.report} == {[
		`the container no longer works in "/data/a": it finds nothing of what it keeps there`,
		"spec.template.spec.containers[0].workingDir",
		false,
	]} with input as _update({"workingDir": "/data/a"}, after)
}

test_working_directory_elsewhere_may_change[before] if {
	some before in [{"workingDir": "/srv"}, {}, {"workingDir": "/data/a"}]
	rule.report == set() with input as _update(before, {"workingDir": "/data/a"})
}
