package stateward.rules.storage["data-path_test"]

import data.stateward.rules.storage["data-path"] as rule

test_data_that_is_no_longer_found_is_denied[what] if {
	some what, after in {
		`container "db" no longer finds claim template "data" at /data, it finds it at /var/lib/data`: _db([_mount(
			"data",
			"/var/lib/data",
			{},
		)]),
		`container "db" no longer finds claim template "data" at /data, it finds it at /data (subPath v2)`: _db([_mount(
			"data",
			"/data",
			{"subPath": "v2"},
		)]),
		`container "db" no longer finds claim template "data" at /data, it finds it at /data (subPathExpr $(POD))`: _db([
			_mount("data", "/data", {"subPathExpr": "$(POD)"}),
		]),
		`container "db" no longer finds claim template "data" at /data`: _db([_mount("cache", "/data", {})]),
	}
	[[finding.what, finding.field, finding.existing] | some finding in rule.report] == [[
		what,
		"spec.template.spec.containers[0].volumeMounts",
		false,
	]] with input as _update([_db([_mount("data", "/data", {})])], [after], {})
}

test_denial_can_be_confirmed if {
	{finding.msg | some finding in rule.report} == {concat(" ", [
		"[data-path] spec.template.spec.containers[0].volumeMounts:",
		`container "db" no longer finds claim template "data" at /data. Fix: keep the mount as it is, or confirm it:`,
		"kubectl annotate statefulset web -n default --overwrite --field-manager=stateward-confirm",
		"stateward.dev/confirm=update stateward.dev/confirm-rules=data-path stateward.dev/confirm-for=10m",
	])} with input as _update([_db([_mount("data", "/data", {})])], [_db([])], {})
}

test_block_device_is_a_place_too if {
	before := {"name": "db", "volumeDevices": [{"name": "data", "devicePath": "/dev/xvda"}]}
	after := {"name": "db", "volumeDevices": [{"name": "data", "devicePath": "/dev/xvdb"}]}
	{finding.what | some finding in rule.report} == {
		`container "db" no longer finds claim template "data" at /dev/xvda, it finds it at /dev/xvdb`,
	} with input as _update([before], [after], {})
}

test_claim_behind_a_volume_counts if {
	behind := {"volumes": [{"name": "shared", "persistentVolumeClaim": {"claimName": "old"}}]}
	mounts := [_db([_mount("shared", "/data", {})])]
	document := _update(mounts, mounts, behind)
	replaced := json.patch(document, [{
		"op": "replace",
		"path": "/request/object/spec/template/spec/volumes/0/persistentVolumeClaim/claimName",
		"value": "new",
	}])
	{finding.what | some finding in rule.report} == {`container "db" no longer finds claim "old" at /data`}
		with input as replaced
	rule.report == set() with input as document
}

test_renamed_container_is_the_same if {
	rule.report == set() with input as _update(
		[_db([_mount("data", "/data", {})])],
		[object.union(_db([_mount("data", "/data", {})]), {"name": "database"})],
		{},
	)
}

test_container_that_goes_with_the_data_is_denied if {
	[[finding.what, finding.field] | some finding in rule.report] == [[
		`container "db" no longer finds claim template "data" at /data`,
		"spec.template.spec.containers",
	]] with input as _update([_db([_mount("data", "/data", {})])], [{"name": "other"}], {})
}

test_sidecar_may_go if {
	sidecar := {"name": "backup", "volumeMounts": [_mount("data", "/backup", {})]}
	rule.report == set() with input as _update(
		[_db([_mount("data", "/data", {})]), sidecar],
		[_db([_mount("data", "/data", {})])],
		{},
	)
}

test_variable_that_names_the_data_is_kept[what] if {
	some what, change in {
		`PGDATA changes from "/a" to "/b": the container looks for its data elsewhere`: [
			[{"name": "PGDATA", "value": "/a"}],
			[{"name": "PGDATA", "value": "/b"}],
		],
		`PGDATA changes from nothing to "/b": the container looks for its data elsewhere`: [
			[],
			[{"name": "PGDATA", "value": "/b"}],
		],
		`PGDATA changes from a reference to nothing: the container looks for its data elsewhere`: [
			[{"name": "PGDATA", "valueFrom": {"configMapKeyRef": {"name": "a", "key": "b"}}}],
			[],
		],
	}
	[[finding.what, finding.field] | some finding in rule.report] == [[what, "spec.template.spec.containers[0].env"]]
		with input as _update(
			[object.union(_db([_mount("data", "/data", {})]), {"env": change[0]})],
			[object.union(_db([_mount("data", "/data", {})]), {"env": change[1]})],
			{},
		)
}

test_read_only_is_a_warning if {
	[[finding.what, finding.advice] | some finding in rule.report] == [[
		`data becomes read-only in container "db"`,
		true,
	]] with input as _update(
		[_db([_mount("data", "/data", {})])],
		[_db([_mount("data", "/data", {"readOnly": true})])],
		{},
	)
}

test_other_users_are_a_warning if {
	mounts := [_db([_mount("data", "/data", {})])]
	pod := json.patch(_update(mounts, mounts, {}), [{
		"op": "add",
		"path": "/request/object/spec/template/spec/securityContext",
		"value": {"fsGroup": 999},
	}])
	[[finding.what, finding.field, finding.advice] | some finding in rule.report] == [[
		"changes from nothing to 999: existing files may become unreadable",
		"spec.template.spec.securityContext.fsGroup",
		true,
	]] with input as pod
	container := json.patch(_update(mounts, mounts, {}), [{
		"op": "add",
		"path": "/request/object/spec/template/spec/containers/0/securityContext",
		"value": {"runAsUser": 999},
	}])
	[finding.field | some finding in rule.report] == [
		"spec.template.spec.containers[0].securityContext.runAsUser",
	] with input as container
}

test_postgres_18_does_not_look_at_the_old_path if {
	container := {"name": "db", "image": "postgres:18", "volumeMounts": [_mount("data", "/var/lib/postgresql/data", {})]}
	{finding.what | some finding in rule.report} == {concat(" ", [
		`"postgres:18" keeps its data below /var/lib/postgresql:`,
		"the claim at /var/lib/postgresql/data stays empty",
	])} with input as _sts([container], {})
	rule.report == set() with input as _sts([object.union(container, {"image": "postgres:17"})], {})
	rule.report == set() with input as _sts([object.union(container, {"image": "bitnami/postgresql:18"})], {})
	rule.report == set()
		with input as _sts([object.union(container, {"env": [{"name": "PGDATA", "value": "/var/lib/postgresql/data"}]})], {})
}

test_what_stays_is_fine if {
	same := [_db([_mount("data", "/data", {})])]
	rule.report == set() with input as _update(same, same, {"hostNetwork": true})
	rule.report == set()
		with input as _update([_db([_mount("cache", "/a", {})])], [_db([_mount("cache", "/b", {})])], {})
}

_db(mounts) := {"name": "db", "volumeMounts": mounts}

_mount(name, path, more) := object.union({"name": name, "mountPath": path}, more)

_update(before, after, spec) := {
	"stateward": {"time": "2026-11-23T12:00:00Z"},
	"request": {"operation": "UPDATE", "oldObject": _sts(before, spec), "object": _sts(after, spec)},
}

_sts(containers, spec) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web"},
	"spec": {
		"template": {"spec": object.union({"containers": containers}, spec)},
		"volumeClaimTemplates": [{"metadata": {"name": "data"}}],
	},
}

test_sidecar_may_be_another_one if {
	db := _db([_mount("data", "/data", {})])
	backup := {"name": "backup", "image": "a", "volumeMounts": [_mount("data", "/backup", {})]}
	rule.report == set() with input as _update([db, backup], [db, {"name": "logs", "image": "b"}], {})
	rule.report == set() with input as _update([db, backup], [db, {"name": "logs", "image": "a"}], {})
}

test_renamed_container_whose_data_moves_is_denied if {
	{finding.what | some finding in rule.report} == {
		`container "database" no longer finds claim template "data" at /data, it finds it at /var/lib/data`,
	} with input as _update(
		[_db([_mount("data", "/data", {})])],
		[object.union(_db([_mount("data", "/var/lib/data", {})]), {"name": "database"})],
		{},
	)
}

test_data_may_be_found_by_another_container if {
	rule.report == set() with input as _update(
		[{"name": "a", "image": "x", "volumeMounts": [_mount("data", "/data", {}), _mount("data", "/wal", {})]}],
		[
			{"name": "b", "image": "x", "volumeMounts": [_mount("data", "/data", {})]},
			{"name": "c", "image": "x", "volumeMounts": [_mount("data", "/wal", {})]},
		],
		{},
	)
}

test_last_of_several_variables_counts if {
	one := {"name": "PGDATA", "value": "/a"}
	other := {"name": "PGDATA", "value": "/b"}
	{finding.what | some finding in rule.report} == {
		`PGDATA changes from "/a" to "/b": the container looks for its data elsewhere`,
	} with input as _with_variables([one], [one, other])
	rule.report == set() with input as _with_variables([one], [other, one])
}

test_variable_without_a_value_is_empty if {
	{finding.what | some finding in rule.report} == {
		`PGDATA changes from nothing to "": the container looks for its data elsewhere`,
	} with input as _with_variables([], [{"name": "PGDATA"}])
}

_with_variables(before, after) := _update(
	[object.union(_db([_mount("data", "/data", {})]), {"env": before})],
	[object.union(_db([_mount("data", "/data", {})]), {"env": after})],
	{},
)

test_volume_over_the_data_is_denied[covered] if {
	some covered in ["/data/pg", "/data/pg/pg_wal", "/data/pg/"]
	[[finding.what, finding.field, finding.existing] | some finding in rule.report] == [[
		sprintf(
			`volume "scratch" covers %s in container "db": what claim template "data" holds there is out of sight`,
			[covered],
		),
		"spec.template.spec.containers[0].volumeMounts",
		false,
	]] with input as _covered(covered, {"emptyDir": {}}, [{"name": "PGDATA", "value": "/data/pg"}])
}

test_volume_elsewhere_in_the_claim_is_a_warning if {
	[finding.advice | some finding in rule.report] == [true] with input as _covered("/data/tmp", {"emptyDir": {}}, [])
	[finding.advice | some finding in rule.report] == [true]
		with input as _covered("/data/tmp", {"emptyDir": {}}, [{"name": "PGDATA", "value": "/data/pg"}])
}

test_volume_may_be_beside_the_claim[covered] if {
	some covered in ["/database", "/tmp", "/"]
	rule.report == set() with input as _covered(covered, {"emptyDir": {}}, [])
}

test_file_may_be_in_the_claim[kind] if {
	some kind in ["configMap", "secret", "projected", "downwardAPI"]
	rule.report == set() with input as _covered("/data/conf", {kind: {}}, [])
}

test_volume_that_was_there_is_left_alone if {
	mounts := [_db([_mount("data", "/data", {}), _mount("scratch", "/data/pg", {})])]
	rule.report == set() with input as _update(mounts, mounts, {"hostNetwork": true})
}

test_new_claim_hides_nothing if {
	rule.report == set() with input as _update(
		[_db([_mount("other", "/other", {})])],
		[_db([_mount("other", "/other", {}), _mount("data", "/data", {}), _mount("scratch", "/data/pg", {})])],
		{"volumes": [{"name": "other", "persistentVolumeClaim": {"claimName": "other"}}]},
	)
}

_covered(path, volume, variables) := _update(
	[object.union(_db([_mount("data", "/data", {})]), {"env": variables})],
	[object.union(_db([_mount("data", "/data", {}), _mount("scratch", path, {})]), {"env": variables})],
	{"volumes": [object.union({"name": "scratch"}, volume)]},
)

test_container_that_alone_writes_is_no_sidecar if {
	reader := {"name": "reader", "volumeMounts": [_mount("data", "/backup", {"readOnly": true})]}
	{finding.what | some finding in rule.report} == {`container "db" no longer finds claim template "data" at /data`}
		with input as _update([_db([_mount("data", "/data", {})]), reader], [reader], {})
	rule.report == set()
		with input as _update([_db([_mount("data", "/data", {})]), reader], [_db([_mount("data", "/data", {})])], {})
}

test_variable_of_a_sub_path_is_kept if {
	mounts := [
		_mount("data", "/data", {"subPathExpr": "$(TENANT)/$(POD)"}),
		_mount("logs", "/logs", {"subPathExpr": "$(LOG)"}),
	]
	before := [{"name": "TENANT", "value": "a"}, {"name": "POD", "value": "x"}, {"name": "LOG", "value": "1"}]
	after := [{"name": "TENANT", "value": "b"}, {"name": "POD", "value": "x"}, {"name": "LOG", "value": "2"}]
	[[finding.what, finding.fix] | some finding in rule.report] == [[
		`TENANT changes from "a" to "b": the container looks for its data elsewhere`,
		concat(" ", [
			"keep TENANT as it is, or confirm it:",
			"kubectl annotate statefulset web -n default --overwrite --field-manager=stateward-confirm",
			"stateward.dev/confirm=update stateward.dev/confirm-rules=data-path stateward.dev/confirm-for=10m",
		]),
	]] with input as _update(
		[object.union(_db(mounts), {"env": before})],
		[object.union(_db(mounts), {"env": after})],
		{},
	)
}

test_folder_outside_of_claims_is_kept[what] if {
	some what, sources in {
		`container "db" no longer finds nfs volume "nas:/a" at /data`: [_nfs("/a"), _nfs("/b")],
		`container "db" no longer finds hostPath volume "/srv/pg" at /data`: [_on_node("/srv/pg"), {"emptyDir": {}}],
		`container "db" no longer finds iscsi volume "nas:3260:iqn.a:0" at /data`: [_lun(0), _lun(1)],
		`container "db" no longer finds csi volume "smb.csi.k8s.io://nas/a" at /data`: [_share("//nas/a"), _share("//nas/b")],
	}
	[finding.what | some finding in rule.report] == [what] with input as _behind(sources[0], sources[1])
}

test_files_of_a_driver_hold_no_data if {
	files := {"csi": {"driver": "secrets-store.csi.k8s.io", "readOnly": true}}
	rule.report == set() with input as _behind(files, {"secret": {"secretName": "a"}})
	rule.report == set() with input as _behind(_share("//nas/a"), _share("//nas/a"))
}

test_folder_of_the_system_holds_no_data[path] if {
	some path in ["/", "/etc/localtime", "/var/run/docker.sock", "/var/log/pods", "/var/lib/kubelet/plugins"]
	rule.report == set() with input as _behind(_on_node(path), {"emptyDir": {}})
}

test_volume_that_becomes_read_only_is_a_warning if {
	claim := {"persistentVolumeClaim": {"claimName": "old"}}
	some sources in [
		[_nfs("/a"), {"nfs": object.union(_nfs("/a").nfs, {"readOnly": true})}],
		[claim, {"persistentVolumeClaim": {"claimName": "old", "readOnly": true}}],
	]
	[[finding.what, finding.advice] | some finding in rule.report] == [[
		`files becomes read-only in container "db"`,
		true,
	]] with input as _behind(sources[0], sources[1])
}

_nfs(path) := {"nfs": {"server": "nas", "path": path}}

_lun(number) := {"iscsi": {"targetPortal": "nas:3260", "iqn": "iqn.a", "lun": number}}

_share(source) := {"csi": {"driver": "smb.csi.k8s.io", "volumeAttributes": {"source": source}}}

_on_node(path) := {"hostPath": {"path": path}}

_behind(before, after) := json.patch(
	_update(
		[_db([_mount("files", "/data", {})])],
		[_db([_mount("files", "/data", {})])],
		{"volumes": [object.union({"name": "files"}, before)]},
	),
	[{
		"op": "replace",
		"path": "/request/object/spec/template/spec/volumes/0",
		"value": object.union({"name": "files"}, after),
	}],
)

test_templates_keep_their_names_over_pods_that_run[case] if {
	some case in [
		{"phase": "Running", "replicas": 2, "templates": ["files"], "what": [concat(" ", [
			`pod web-1 runs with claim "data-web-1", which no template here makes:`,
			"it starts again without this data",
		])]},
		{"phase": "Running", "replicas": 2, "templates": ["files", "data"], "what": []},
		{"phase": "Running", "replicas": 1, "templates": ["files"], "what": []},
		{"phase": "Running", "replicas": 0, "templates": ["files"], "what": []},
		{"phase": "Succeeded", "replicas": 2, "templates": ["files"], "what": []},
	]
	[finding.what | some finding in rule.report] == case.what
		with input as _created(case)
		with data.cluster.pods as {"default": {"web-1": _left(case.phase)}}
}

_left(phase) := {
	"metadata": {"name": "web-1"},
	"spec": {"volumes": [
		{"name": "data", "persistentVolumeClaim": {"claimName": "data-web-1"}},
		{"name": "shared", "persistentVolumeClaim": {"claimName": "shared"}},
	]},
	"status": {"phase": phase},
}

_created(case) := {"request": {
	"operation": "CREATE",
	"kind": {"group": "apps", "kind": "StatefulSet"},
	"namespace": "default",
	"object": json.patch(_sts([_db([])], {}), [
		{"op": "add", "path": "/spec/replicas", "value": case.replicas},
		{"op": "add", "path": "/spec/volumeClaimTemplates", "value": [{"metadata": {"name": name}} |
			some name in case.templates
		]},
	]),
}}
