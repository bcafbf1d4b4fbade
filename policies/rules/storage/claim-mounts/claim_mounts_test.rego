package stateward.rules.storage["claim-mounts_test"]

import data.stateward.rules.storage["claim-mounts"] as rule

test_mounts_of_claims_and_volumes_are_fine if {
	rule.report == set() with input as _sts({
		"initContainers": [_mounting("prepare", ["www"])],
		"containers": [_mounting("nginx", ["www", "conf"])],
	})
}

test_device_of_a_claim_is_fine if {
	rule.report == set() with input as _sts({"containers": [{"name": "db", "volumeDevices": [{"name": "www"}]}]})
}

test_mount_of_nothing_is_denied if {
	messages := {finding.msg | some finding in rule.report} with input as _sts({"containers": [_mounting("nginx", [
		"www",
		"data",
	])]})
	messages == {concat(" ", [
		"[claim-mounts] spec.template.spec.containers[0].volumeMounts[1].name:",
		`"data" is neither a claim template nor a volume of the pod.`,
		"Fix: use the name of a claim template or of a pod volume.",
	])}
}

test_every_container_is_looked_into[field] if {
	some field, containers in {
		"spec.template.spec.initContainers[0].volumeMounts[0].name": {
			"initContainers": [_mounting("prepare", ["data"])],
			"containers": [_mounting("nginx", ["www"])],
		},
		"spec.template.spec.initContainers[1].volumeMounts[0].name": {
			"initContainers": [{"name": "prepare"}, object.union(_mounting("log", ["data"]), {"restartPolicy": "Always"})],
			"containers": [_mounting("nginx", ["www"])],
		},
		"spec.template.spec.containers[1].volumeMounts[0].name": {"containers": [
			_mounting("nginx", ["www"]),
			_mounting("proxy", ["data"]),
		]},
		"spec.template.spec.containers[0].volumeDevices[0].name": {"containers": [object.union(
			_mounting("nginx", ["www"]),
			{"volumeDevices": [{"name": "data", "devicePath": "/dev/xvda"}]},
		)]},
	}
	{finding.field | some finding in rule.report} == {field} with input as _sts(containers)
}

test_mount_without_a_name_names_nothing[mount] if {
	some mount in [{}, {"mountPath": "/data"}, {"name": ""}, {"name": null}, {"name": 5}, "data", null]
	{finding.what | some finding in rule.report} == {`"" is neither a claim template nor a volume of the pod`}
		with input as _sts({"containers": [_mounting("nginx", ["www"]), {"name": "db", "volumeMounts": [mount]}]})
}

test_mounts_of_a_wrong_type_are_denied[mounts] if {
	some mounts in ["www", 5, {"name": "www"}]
	"must be a list of mounts" in {finding.what |
		some finding in rule.report
		finding.field == "spec.template.spec.containers[0].volumeMounts"
		finding.severity == "deny"
	} with input as _sts({"containers": [{"name": "nginx", "volumeMounts": mounts}]})
}

test_volumes_of_a_wrong_type_define_nothing[volumes] if {
	some volumes in [null, "conf", {"conf": {"emptyDir": {}}}]
	pod := {"containers": [_mounting("nginx", ["www", "conf"])], "volumes": volumes}
	{finding.field | some finding in rule.report} == {"spec.template.spec.containers[0].volumeMounts[1].name"}
		with input as _sts(pod)
}

test_container_of_a_wrong_type_mounts_nothing if {
	{finding.advice | some finding in rule.report} == {true} with input as _sts({"containers": ["nginx"]})
}

test_set_without_claims_needs_its_volumes if {
	bare := {"spec": {"volumeClaimTemplates": null}}
	{finding.what | some finding in rule.report} == {`"www" is neither a claim template nor a volume of the pod`}
		with input as object.union(_sts({"containers": [_mounting("nginx", ["www", "conf"])]}), bare)
}

test_claim_that_nobody_mounts_is_mentioned if {
	some finding in rule.report with input as _sts({"containers": [_mounting("nginx", ["conf"])]})
	finding.advice == true
	finding.path == ["spec", "volumeClaimTemplates", 0, "metadata", "name"]
	finding.msg == concat(" ", [
		"[claim-mounts] spec.volumeClaimTemplates[0].metadata.name:",
		`no container mounts "www": every pod gets an unused claim.`,
		"Fix: mount it where the data is written, or remove the template.",
	])
}

test_claim_that_hides_a_volume_is_mentioned if {
	pod := {"containers": [_mounting("nginx", ["www"])], "volumes": [{"name": "conf"}, {"name": "www", "emptyDir": {}}]}
	some finding in rule.report with input as _sts(pod)
	finding.advice == true
	finding.path == ["spec", "template", "spec", "volumes", 1, "name"]
	finding.msg == concat(" ", [
		"[claim-mounts] spec.template.spec.volumes[1].name:",
		`claim template "www" replaces this volume.`,
		"Fix: remove the volume, or rename it.",
	])
}

test_create_is_judged if {
	{[finding.severity, finding.existing] | some finding in rule.report} == {["deny", false]} with input as {"request": {
		"operation": "CREATE",
		"object": _sts({"containers": [_mounting("nginx", ["www", "data"])]}),
	}}
}

test_update_is_let_through_with_an_old_mistake[change] if {
	before := _sts({"containers": [_mounting("nginx", ["www", "data"])]})
	some change, after in {
		"something else changes": object.union(before, {"spec": {"replicas": 5}}),
		"mounts change places": _sts({"containers": [_mounting("nginx", ["data", "www"])]}),
		"containers change places": _sts({"containers": [{"name": "proxy"}, _mounting("nginx", ["www", "data"])]}),
	}
	{finding.existing | some finding in rule.report} == {true}
		with input as {"request": {"operation": "UPDATE", "oldObject": before, "object": after}}
}

test_update_that_brings_a_mistake_is_denied[change] if {
	fine := [_mounting("nginx", ["www", "conf"])]
	some change, pods in {
		"a mount comes": [{"containers": fine}, {"containers": [_mounting("nginx", ["www", "conf", "data"])]}],
		"a volume goes": [{"containers": fine}, {"containers": fine, "volumes": []}],
		"another container makes it too": [
			{"containers": [_mounting("nginx", ["www", "data"]), {"name": "proxy"}]},
			{"containers": [_mounting("nginx", ["www"]), _mounting("proxy", ["data"])]},
		],
	}
	{finding.existing | some finding in rule.report} == {false} with input as {"request": {
		"operation": "UPDATE",
		"oldObject": _sts(pods[0]),
		"object": _sts(pods[1]),
	}}
}

test_deletion_is_not_judged if {
	rule.report == set() with input as {"request": {
		"operation": "DELETE",
		"oldObject": _sts({"containers": [_mounting("nginx", ["data"])]}),
	}}
}

test_other_kinds_are_not_judged if {
	rule.report == set()
		with input as object.union(_sts({"containers": [_mounting("nginx", ["data"])]}), {"kind": "Deployment"})
}

_mounting(name, volumes) := {"name": name, "volumeMounts": [{"name": volume, "mountPath": "/data"} |
	some volume in volumes
]}

# A set with the claim www and, unless the pod says otherwise, the volume conf.
_sts(pod) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web"},
	"spec": {
		"template": {"spec": object.union({"volumes": [{"name": "conf", "emptyDir": {}}]}, pod)},
		"volumeClaimTemplates": [{"metadata": {"name": "www"}}],
	},
}

test_volume_that_names_its_template_is_recorded_only if {
	pod := {"containers": [_mounting("nginx", ["www"])], "volumes": [{
		"name": "www",
		"persistentVolumeClaim": {"claimName": "www"},
	}]}
	{[finding.what, finding.severity] | some finding in rule.report} == {[
		`claim template "www" replaces this volume, which names the template itself`,
		"audit",
	]} with input as _sts(pod)
}
