package stateward.rules.storage["shared-claim_test"]

import data.stateward.rules.storage["shared-claim"] as rule

test_claim_for_one_pod_is_denied_to_several if {
	{[finding.field, finding.what, finding.severity] | some finding in rule.report} == {[
		"spec.template.spec.volumes[0].persistentVolumeClaim.claimName",
		`claim "data" is ReadWriteOncePod: only one of 3 pods can start`,
		"deny",
	]} with input as _files(3, ["ReadWriteOncePod"])
}

test_claim_for_one_node_is_a_warning if {
	{[finding.what, finding.severity] | some finding in rule.report} == {[
		`3 pods share claim "data", which is ReadWriteOnce: one node, not one pod`,
		"warn",
	]} with input as _files(3, ["ReadWriteOnce"])
}

test_what_may_be_shared_is_fine if {
	rule.report == set() with input as _files(3, ["ReadWriteMany"])
	rule.report == set() with input as _files(3, ["ReadWriteOnce", "ReadWriteMany"])
	rule.report == set() with input as _files(1, ["ReadWriteOncePod"])
	rule.report == set() with input as _sts(3, {"volumes": [_volume]})
	read_only := {"name": "data", "persistentVolumeClaim": {"claimName": "data", "readOnly": true}}
	rule.report == set() with input as [{"path": "a.yaml", "contents": [
		_claim(["ReadWriteOnce"], "Filesystem"),
		_sts(3, {"volumes": [read_only]}),
	]}]
}

test_block_claim_that_is_mounted_is_denied[place] if {
	some place, document in {
		"template": object.union(_sts(1, {"containers": [_mounting]}), {"spec": {"volumeClaimTemplates": [
			_claim(["ReadWriteOnce"], "Block"),
		]}}),
		"claim": [{"path": "a.yaml", "contents": [
			_claim(["ReadWriteOnce"], "Block"),
			_sts(1, {"volumes": [_volume], "containers": [_mounting]}),
		]}],
	}
	{[finding.field, finding.what, finding.severity] | some finding in rule.report} == {[
		"spec.template.spec.containers[0].volumeMounts[0].name",
		`"data" is a Block claim and cannot be mounted: the pod never starts`,
		"deny",
	]} with input as document
}

test_two_sets_of_one_claim_name_are_denied[namesake] if {
	some namesake, template in {"b": "data-a", "a-b": "data"}
	their_template := {"b": "data", "a-b": "data-a"}[namesake]
	their_name := {"b": "a-b", "a-b": "b"}[namesake]
	findings := rule.report with input as _named(namesake, template)
		with data.cluster.statefulsets as {"default": {their_name: _named(their_name, their_template)}}
	{[finding.field, finding.what] | some finding in findings} == {[
		"spec.volumeClaimTemplates[0].metadata.name",
		sprintf(
			"claims data-a-b-N are those of template %q of StatefulSet %q too: two pods write into one disk",
			[their_template, their_name],
		),
	]}
}

test_sets_of_other_claim_names_are_fine[their_name] if {
	some their_name, their_template in {"b": "logs-a", "c": "data-a", "a-b": "data"}
	rule.report == set() with input as _named("a-b", "data")
		with data.cluster.statefulsets as {"default": {their_name: _named(their_name, their_template)}}
}

test_claim_of_another_set_is_not_written_to[what] if {
	some what, claims in {
		"stored": {"default": {"data-web-0": {"spec": {"accessModes": ["ReadWriteOnce"]}}}},
		"as its template": {},
	}
	{[finding.field, finding.what, finding.severity] | some finding in rule.report} == {[
		"spec.template.spec.volumes[0].persistentVolumeClaim.claimName",
		`"data-web-0" is the claim of pod web-0 of StatefulSet "web": two programs write into one disk`,
		"deny",
	]} with input as _borrowing({})
		with data.cluster.persistentvolumeclaims as claims
		with data.cluster.statefulsets as {"default": {"web": _lending(1, "ReadWriteOnce")}}
}

test_claim_of_another_set_may_be_read[why] if {
	some why, case in {
		"the volume is read-only": [_borrowing({"readOnly": true}), _lending(1, "ReadWriteOnce")],
		"for many": [_borrowing({}), _lending(1, "ReadWriteMany")],
		"the other set has no such pod": [_borrowing({}), _lending(0, "ReadWriteOnce")],
		"its own": [
			json.patch(_borrowing({}), [{"op": "replace", "path": "/metadata/name", "value": "web"}]),
			_lending(1, "ReadWriteOnce"),
		],
	}
	rule.report == set() with input as case[0] with data.cluster.statefulsets as {"default": {"web": case[1]}}
}

_borrowing(more) := object.union(
	_sts(1, {
		"containers": [_mounting],
		"volumes": [{"name": "data", "persistentVolumeClaim": object.union({"claimName": "data-web-0"}, more)}],
	}),
	{"metadata": {"name": "other"}},
)

_lending(replicas, mode) := object.union(_named("web", "data"), {"spec": {
	"replicas": replicas,
	"volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"accessModes": [mode]}}],
}})

_named(name, template) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": name},
	"spec": {"volumeClaimTemplates": [{"metadata": {"name": template}}]},
}

_mounting := {"name": "a", "volumeMounts": [{"name": "data", "mountPath": "/d"}]}

_volume := {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}

_files(replicas, modes) := [{"path": "a.yaml", "contents": [
	_claim(modes, "Filesystem"),
	_sts(replicas, {"volumes": [_volume]}),
]}]

_claim(modes, volume_mode) := {
	"apiVersion": "v1",
	"kind": "PersistentVolumeClaim",
	"metadata": {"name": "data"},
	"spec": {"accessModes": modes, "volumeMode": volume_mode},
}

_sts(replicas, pod) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web"},
	"spec": {"replicas": replicas, "template": {"spec": pod}},
}
