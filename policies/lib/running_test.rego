package stateward.lib.running_test

import data.stateward.lib.review
import data.stateward.lib.running

test_pods_of_a_former_set_are_what_a_new_one_changes[case] if {
	some case in [
		{"why": "without owner", "pod": _pod("db:1", {}), "of": ["pod web-0"]},
		{"why": "its claim", "pod": _claiming(_pod("db:1", _gone)), "of": ["pod web-0"]},
		{"why": "its claim and its owner", "pod": _claiming(_pod("db:1", _owned("web"))), "of": ["pod web-0"]},
		{"why": "owner", "pod": _pod("db:1", _owned("web")), "of": []},
		{"why": "another's", "pod": _claiming(_pod("db:1", _owned("web-0"))), "of": []},
		{"why": "gone", "pod": _pod("db:1", _gone), "of": []},
		{"why": "ended", "pod": object.union(_pod("db:1", {}), {"status": {"phase": "Failed"}}), "of": []},
		{"why": "other labels", "pod": _pod("db:1", {"labels": {"app": "other"}}), "of": []},
	]
	[update.of | some update in running.updates] == case.of with input as _create(1)
		with data.cluster.pods as {"default": {"web-0": case.pod}}
}

test_updates_are_of_what_each_kind_of_pods_runs if {
	found := [object.filter(update, ["operation", "of", "images"]) | some update in running.updates]
		with input as _create(4)
		with data.cluster.pods as {"default": {
			"web-0": _pod("db:1", {}),
			"web-2": object.union(_pod("db:1", {}), _called("web-2")),
			"web-3": object.union(_pod("db:2", {}), _called("web-3")),
		}}
	images := {["db", "db:1"], ["db", "db:2"]}
	found == [
		{"operation": "UPDATE", "of": "pod web-0", "images": images},
		{"operation": "UPDATE", "of": "pod web-3", "images": images},
	]
}

test_pod_represents_the_set_that_it_is_of if {
	pod := object.union(_claiming(_pod("db:1", {})), {"spec": {"nodeName": "node-0"}})
	[[update.old, update.request.operation, update.object.metadata.name] | some update in running.updates] == [[
		{
			"kind": "StatefulSet",
			"metadata": {},
			"spec": {"template": {"spec": pod.spec}, "volumeClaimTemplates": [{"metadata": {"name": "data"}}]},
		},
		"CREATE",
		"web",
	]] with input as _create(0) with data.cluster.pods as {"default": {"web-0": pod}}
}

test_revision_represents_the_pods_that_wrote_into_claims[case] if {
	some case in [
		{"revisions": [_revision("web-a", 1, {}), _revision("web-b", 2, {})], "of": ["revision web-b"]},
		{"revisions": [_revision("web-a", 1, {"ownerReferences": [{"controller": true}]})], "of": []},
		{"revisions": [_revision("web-a", 1, {"labels": {"app": "other"}})], "of": []},
		{"revisions": [_revision("web-db-a", 1, {})], "of": []},
		{"revisions": [], "of": []},
	]
	[update.of | some update in running.updates] == case.of with input as _create(1)
		with data.cluster.persistentvolumeclaims as {"default": {"data-web-0": {}}}
		with data.cluster.controllerrevisions as _named(case.revisions)
}

test_revision_counts_for_nothing_else if {
	revisions := _named([_revision("web-a", 1, {})])
	running.updates == [] with input as _create(1) with data.cluster.controllerrevisions as revisions
	[update.of | some update in running.updates] == ["pod web-0"] with input as _create(1)
		with data.cluster.pods as {"default": {"web-0": _pod("db:1", {})}}
		with data.cluster.persistentvolumeclaims as {"default": {"data-web-0": {}}}
		with data.cluster.controllerrevisions as revisions
}

test_pods_that_on_delete_kept_are_released[strategy] if {
	some strategy, names in {
		{"type": "RollingUpdate"}: ["web-0", "web-2"],
		{"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}: ["web-2"],
		{"type": "RollingUpdate", "rollingUpdate": {"partition": 3}}: [],
		{"type": "Recreate", "rollingUpdate": {"partition": 1}}: ["web-0", "web-2"],
		{"type": "OnDelete"}: [],
	}
	review := _update({"type": "OnDelete"}, strategy)
	released := [each.name | some update in _entries; some each in running.released(update)] with input as review
		with data.cluster.pods as _mixed
	released == names
}

test_pods_that_a_scale_down_removes_are_not_released if {
	review := _update({"type": "OnDelete"}, {"type": "RollingUpdate"})
	scaled := json.patch(review, [{"op": "replace", "path": "/request/object/spec/replicas", "value": 2}])
	[each.name | some update in _entries; some each in running.released(update)] == ["web-0"] with input as scaled
		with data.cluster.pods as _mixed
}

test_other_strategies_kept_nothing if {
	[each | some update in _entries; some each in running.released(update)] == []
		with input as _update({"type": "RollingUpdate", "rollingUpdate": {"partition": 3}}, {"type": "RollingUpdate"})
		with data.cluster.pods as _mixed
}

test_released_pods_with_other_images_are_updated if {
	[[update.of, update.operation] | some update in running.updates] == [["pod web-0", "UPDATE"]]
		with input as _update({"type": "OnDelete"}, {"type": "RollingUpdate"})
		with data.cluster.pods as _mixed
}

_entries := review.statefulsets

# The first one runs another image, the second one the last template, the third one another template of the same image.
_mixed := {"default": {
	"web-0": _pod("db:1", {"labels": {"controller-revision-hash": "web-a"}}),
	"web-1": object.union(_pod("db:2", {"labels": {"controller-revision-hash": "web-b"}}), _called("web-1")),
	"web-2": object.union(_pod("db:2", {"labels": {"controller-revision-hash": "web-a"}}), _called("web-2")),
}}

_update(before, after) := {"request": {
	"operation": "UPDATE",
	"kind": {"group": "apps", "kind": "StatefulSet"},
	"namespace": "default",
	"oldObject": object.union(_sts(3), {"status": {"updateRevision": "web-b"}, "spec": {"updateStrategy": before}}),
	"object": object.union(_sts(3), {"spec": {"updateStrategy": after}}),
}}

_create(replicas) := {"request": {
	"operation": "CREATE",
	"kind": {"group": "apps", "kind": "StatefulSet"},
	"namespace": "default",
	"object": _sts(replicas),
}}

_sts(replicas) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web", "namespace": "default"},
	"spec": {
		"replicas": replicas,
		"selector": {"matchLabels": {"app": "web"}},
		"template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "db", "image": "db:2"}]}},
		"volumeClaimTemplates": [{"metadata": {"name": "data"}}],
	},
}

_pod(image, metadata) := {
	"metadata": object.union({"name": "web-0", "labels": {"app": "web"}}, metadata),
	"spec": {"hostname": "web-0", "containers": [{"name": "db", "image": image}]},
}

_called(name) := {"metadata": {"name": name}, "spec": {"hostname": name}}

_claiming(pod) := object.union(pod, {"spec": {"volumes": [
	{"name": "data", "persistentVolumeClaim": {"claimName": "data-web-0"}},
	{"name": "shared", "persistentVolumeClaim": {"claimName": "shared"}},
	{"name": "cache", "emptyDir": {}},
]}})

_gone := {"deletionTimestamp": "2026-11-23T12:00:00Z"}

_owned(name) := {"ownerReferences": [{
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"name": name,
	"controller": true,
}]}

_named(revisions) := {"default": {revision.metadata.name: revision | some revision in revisions}}

_revision(name, number, metadata) := {
	"metadata": object.union({"name": name, "labels": {"app": "web"}}, metadata),
	"revision": number,
	"data": {"spec": {"template": {"spec": {"containers": [{"name": "db", "image": "db:1"}]}}}},
}
