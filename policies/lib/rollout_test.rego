package stateward.lib.rollout_test

import data.stateward.lib.rollout

test_change_is_one_of_the_template_by_an_update if {
	rollout.changes(_update(_template("1"), _template("2")))
	not rollout.changes(_update(_template("1"), _template("1")))
	not rollout.changes(object.union(_update(_template("1"), _template("2")), {"operation": "CREATE"}))
	not rollout.changes(object.union(_update(_template("1"), _template("2")), {"old": null}))
}

test_under_way_until_the_revisions_agree[text] if {
	some text, case in {
		"they differ": {"status": {"currentRevision": "a", "updateRevision": "b"}, "under_way": true},
		"they agree": {"status": {"currentRevision": "a", "updateRevision": "a"}, "under_way": false},
		"one is missing": {"status": {"currentRevision": "a"}, "under_way": false},
		"no status": {"status": null, "under_way": false},
	}
	{true | rollout.under_way({"status": case.status})} == {true | case.under_way == true}
}

test_under_way_with_on_delete_until_all_are_replaced[text] if {
	some text, case in {
		"some are": {"strategy": "OnDelete", "updated": 1, "under_way": true},
		"all are": {"strategy": "OnDelete", "updated": 2, "under_way": false},
		"all are, with a partition": {"strategy": "RollingUpdate", "updated": 2, "under_way": true},
	}
	sts := {
		"spec": {"replicas": 2, "updateStrategy": {"type": case.strategy}},
		"status": {"currentRevision": "a", "updateRevision": "b", "updatedReplicas": case.updated},
	}
	{true | rollout.under_way(sts)} == {true | case.under_way == true}
}

test_unseen_until_the_controller_has_observed_it[text] if {
	some text, case in {
		"behind": {"status": {"observedGeneration": 1}, "unseen": true},
		"never looked": {"status": {}, "unseen": true},
		"up to date": {"status": {"observedGeneration": 2}, "unseen": false},
	}
	{true | rollout.unseen({"metadata": {"generation": 2}, "status": case.status})} == {true | case.unseen == true}
}

test_manifest_without_a_generation_is_not_unseen if {
	not rollout.unseen({"metadata": {"name": "web"}})
}

test_change_back_is_one_to_what_a_pod_of_the_current_revision_runs[text] if {
	some text, changes in {
		"as it was made": {},
		"with what was added to it": {
			"metadata": {"labels": {"app": "nginx", "more": "1"}, "annotations": {"injected": "1"}},
			"spec": {
				"nodeName": "node-0",
				"containers": [
					{"name": "nginx", "image": "nginx:1", "volumeMounts": [{"name": "token"}]},
					{"name": "proxy", "image": "proxy:1"},
				],
			},
		},
	}
	pod := object.union(_pod("a", "1"), changes)
	rollout.back(_update(_template("2"), _template("1"))) with data.cluster.pods as {"default": {"web-0": pod}}
}

test_change_to_anything_else_is_not_back[text] if {
	some text, template in {
		"another image": _template("3"),
		"another field of a container": object.union(_template("1"), {"spec": {"containers": [{
			"name": "nginx",
			"image": "nginx:1",
			"command": ["nginx"],
		}]}}),
		"another field of the pod": object.union(_template("1"), {"spec": {"hostNetwork": true}}),
		"another label": object.union(_template("1"), {"metadata": {"labels": {"version": "3"}}}),
		"an annotation": object.union(_template("1"), {"metadata": {"annotations": {"restarted": "now"}}}),
		"nothing": null,
	}
	entry := _update(_template("2"), template)
	not rollout.back(entry) with data.cluster.pods as _pods
	rollout.decidable(entry) with data.cluster.pods as _pods
}

test_pod_of_another_revision_does_not_show_the_way_back if {
	pods := {"default": {"web-0": _pod("c", "1")}}
	not rollout.back(_update(_template("2"), _template("1"))) with data.cluster.pods as pods
}

test_nothing_goes_back_where_nothing_is_on_its_way[text] if {
	some text, entry in {
		"the rollout is over": _with_status(_update(_template("2"), _template("1")), {"updateRevision": "a"}),
		"the template stays": _update(_template("1"), _template("1")),
	}
	not rollout.back(entry) with data.cluster.pods as _pods
	rollout.decidable(entry)
}

test_status_that_is_behind_still_knows_the_current_revision if {
	entry := _with_status(_update(_template("2"), _template("1")), {"updateRevision": "a", "observedGeneration": 1})
	rollout.back(entry) with data.cluster.pods as _pods
}

test_way_back_is_decided_by_pods_or_their_absence if {
	entry := _update(_template("2"), _template("1"))
	not rollout.decidable(entry)
	rollout.decidable(entry) with data.cluster.known as {"pods": true}
	not rollout.back(entry) with data.cluster.known as {"pods": true}
}

test_image_change_is_one_of_a_rolling_update_to_other_images if {
	images := [entry.name | some entry in rollout.image_changes]
		with input as _review(_template("1"), _template("2"), {"updateRevision": "a"})
	images == ["web"]
}

test_image_change_is_no_other_request[text] if {
	some text, document in {
		"manifest": _sts(_template("2"), {}),
		"create": {"request": {"operation": "CREATE", "object": _sts(_template("2"), {})}},
		"update without the old one": {"request": {"operation": "UPDATE", "object": _sts(_template("2"), {})}},
		"another field": _review(_template("1"), object.union(_template("1"), {"spec": {"hostNetwork": true}}), {}),
		"on delete": json.patch(
			_review(_template("1"), _template("2"), {"updateRevision": "a"}),
			[{"op": "add", "path": "/request/object/spec/updateStrategy", "value": {"type": "OnDelete"}}],
		),
	}
	rollout.image_changes == [] with input as document with data.cluster.known as {"pods": true}
}

test_image_change_goes_back_by_the_images_alone if {
	labelled := object.union(_template("1"), {"metadata": {"labels": {"try": "2"}}})
	rollout.image_changes == [] with input as _review(_template("2"), labelled, {}) with data.cluster.pods as _pods
	count(rollout.image_changes) == 1 with input as _review(_template("2"), _template("3"), {})
		with data.cluster.pods as _pods
	rollout.image_changes == [] with input as _review(_template("2"), _template("3"), {})
}

test_opening_lets_images_in_that_have_reached_no_pod[text] if {
	some text, strategy in {
		"on delete": {"type": "OnDelete"},
		"partition at replicas": _partition(3),
		"partition beyond replicas": _partition(9),
	}
	[entry.name | some entry in rollout.openings] == ["web"] with input as _opens(strategy, _partition(0), {})
		with data.cluster.pods as _pods
}

test_opening_is_no_other_request[text] if {
	some text, document in {
		"it stays closed": _opens(_partition(9), _partition(3), {}),
		"it was open": _opens(_partition(2), _partition(0), {}),
		"nothing is on its way": _opens(_partition(3), _partition(0), {"updateRevision": "a"}),
		"somebody has tried it": _opens({"type": "OnDelete"}, _partition(0), {"updatedReplicas": 1}),
		"the images are the same": object.union(
			_opens(_partition(3), _partition(0), {}),
			{"request": {"oldObject": _sts(_template("1"), {}), "object": _sts(_template("1"), {})}},
		),
		"the template changes too": object.union(
			_opens(_partition(3), _partition(0), {}),
			{"request": {"object": _sts(_template("3"), {})}},
		),
		"create": {"request": {"operation": "CREATE", "object": _sts(_template("2"), {})}},
	}
	rollout.openings == [] with input as document with data.cluster.pods as _pods
}

test_opening_is_not_guessed_where_pods_are_not_known if {
	rollout.openings == [] with input as _opens(_partition(3), _partition(0), {})
}

test_update_reaches_pods_from_the_partition_on[text] if {
	some text, case in {
		"no strategy": {"strategy": null, "reaches": 0},
		"a partition": {"strategy": _partition(2), "reaches": 2},
		"beyond the replicas": {"strategy": _partition(9), "reaches": 3},
		"on delete": {"strategy": {"type": "OnDelete"}, "reaches": 3},
	}
	rollout.reaches({"spec": {"replicas": 3, "updateStrategy": case.strategy}}) == case.reaches
}

test_pods_are_named_by_their_ordinals if {
	entry := json.patch(
		_update(_template("1"), _template("1")),
		[{"op": "add", "path": "/old/spec/ordinals", "value": {"start": 5}}],
	)
	pods := rollout.pods(entry, 1, 3) with data.cluster.pods as {"default": {"web-6": _pod("a", "1")}}
	pods == [
		{"index": 1, "name": "web-6", "pod": _pod("a", "1")},
		{"index": 2, "name": "web-7", "pod": null},
	]
}

test_pods_are_at_most_a_hundred if {
	entry := _update(_template("1"), _template("1"))
	count(rollout.pods(entry, 0, 2000000000)) == 100
	rollout.pods(entry, 3, 3) == []
	rollout.pods(entry, 3, 0) == []
}

test_pod_says_its_revision_and_since_when_it_is_ready if {
	rollout.revision(_pod("a", "1")) == "a"
	rollout.revision({"metadata": {}}) == ""
	rollout.ready_since(_ready("True", {"lastTransitionTime": "2026-11-23T12:00:00Z"})) == "2026-11-23T12:00:00Z"
	rollout.ready_since(_ready("True", {})) == ""
	not rollout.ready_since(_ready("False", {}))
	not rollout.ready_since({})
	rollout.terminating({"metadata": {"deletionTimestamp": "2026-11-23T12:00:00Z"}})
	not rollout.terminating(_pod("a", "1"))
}

_ready(status, more) := {"status": {"conditions": [
	{"type": "PodScheduled", "status": "True"},
	object.union({"type": "Ready", "status": status}, more),
]}}

_template(tag) := {
	"metadata": {"creationTimestamp": null, "labels": {"app": "nginx"}},
	"spec": {"containers": [{"name": "nginx", "image": sprintf("nginx:%s", [tag])}], "restartPolicy": "Always"},
}

_pod(revision, tag) := {
	"metadata": {"labels": {"app": "nginx", "controller-revision-hash": revision}},
	"spec": _template(tag).spec,
}

_pods := {"default": {"web-2": _pod("b", "2"), "web-1": _pod("a", "1")}}

_status := {"currentRevision": "a", "updateRevision": "b", "observedGeneration": 2}

_sts(template, status) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web", "generation": 2},
	"spec": {"replicas": 3, "template": template},
	"status": object.union(_status, status),
}

_review(before, after, status) := {"request": {
	"operation": "UPDATE",
	"oldObject": _sts(before, status),
	"object": _sts(after, status),
}}

_update(before, after) := {
	"operation": "UPDATE",
	"namespace": "default",
	"name": "web",
	"old": _sts(before, {}),
	"object": _sts(after, {}),
}

_partition(partition) := {"rollingUpdate": {"partition": partition}}

_opens(before, after, status) := json.patch(_review(_template("2"), _template("2"), status), [
	{"op": "add", "path": "/request/oldObject/spec/updateStrategy", "value": before},
	{"op": "add", "path": "/request/object/spec/updateStrategy", "value": after},
])

_with_status(entry, status) := object.union(entry, {"old": {"status": status}})
