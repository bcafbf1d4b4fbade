# What pods run, and no stored template shows.
package stateward.rules.storage["data-path_test"]

import data.stateward.rules.storage["data-path"] as rule

test_claim_of_pods_that_run_is_found_where_it_was if {
	pods := {"default": {"web-0": _at("/data")}}
	{[finding.what, finding.fix] | some finding in rule.report} == {[
		`container "db" no longer finds claim template "data" of pod web-0 at /data, it finds it at /elsewhere`,
		"create it with the mount as it is first, then change it by an update.",
	]} with input as _mounting_at({"operation": "CREATE"}, "/elsewhere") with data.cluster.pods as pods
	rule.report == set() with input as _mounting_at({"operation": "CREATE"}, "/data") with data.cluster.pods as pods
}

test_claim_of_pods_that_are_let_go_is_found_where_it_was if {
	before := json.patch(_mounting_at({}, "/elsewhere").request.object, [{
		"op": "add",
		"path": "/spec/updateStrategy",
		"value": {"type": "OnDelete"},
	}])
	some finding in rule.report
		with input as _mounting_at({"operation": "UPDATE", "oldObject": object.union(before, _updated)}, "/elsewhere")
		with data.cluster.pods as {"default": {"web-0": object.union(_at("/data"), _older)}}
	startswith(finding.fix, "keep the mount as it is, or confirm it")
}

test_pods_that_run_are_told_of_the_same_folders[what] if {
	some what, said in {
		`PGDATA changes from "/data/a" of pod web-0 to "/data/b": the container looks for its data elsewhere`: [
			{"env": [{"name": "PGDATA", "value": "/data/a"}]},
			{"env": [{"name": "PGDATA", "value": "/data/b"}]},
		],
		`option data-dir changes from "/data/a" of pod web-0 to "/data/b": the container looks for its data elsewhere`: [
			{"args": ["--data-dir=/data/a"]},
			{"args": ["--data-dir=/data/b"]},
		],
		`the container no longer works in "/data/a" of pod web-0: it finds nothing of what it keeps there`: [
			{"workingDir": "/data/a"},
			{"workingDir": "/data/b"},
		],
	}
	document := _told(_mounting_at({"operation": "CREATE"}, "/data"), ["/request/object/spec/template/spec"], said[1])
	pods := _told({"default": {"web-0": _at("/data")}}, ["/default/web-0/spec"], said[0])
	[[finding.what, contains(finding.fix, "create it with")] | some finding in rule.report] == [[what, true]]
		with input as document
		with data.cluster.pods as pods
	rule.report == set()
		with input as document
		with data.cluster.pods as _told({"default": {"web-0": _at("/data")}}, ["/default/web-0/spec"], said[1])
}

_told(value, places, said) := json.patch(value, [{"op": "add", "path": path, "value": each} |
	some place in places
	some field, each in said
	path := sprintf("%s/containers/0/%s", [place, field])
])

# An image changed while OnDelete kept the pods.
_older := {"spec": {"containers": [object.union(_at("/data").spec.containers[0], {"image": "db:0"})]}}

_updated := {"status": {"updateRevision": "web-b"}}

_mounting_at(request, at) := {"request": object.union(
	{
		"kind": {"group": "apps", "kind": "StatefulSet"},
		"namespace": "default",
		"object": object.union(_sts([_db([_mount("data", at, {})])], {}), {"spec": {"volumeClaimTemplates": _one_template}}),
	},
	request,
)}

_one_template := [{"metadata": {"name": "data"}}]

_at(path) := {
	"metadata": {"name": "web-0"},
	"spec": {
		"hostname": "web-0",
		"containers": [_db([_mount("data", path, {})])],
		"volumes": [
			{"name": "data", "persistentVolumeClaim": {"claimName": "data-web-0"}},
			{"name": "logs", "hostPath": {"path": "/srv/logs"}},
		],
	},
}
