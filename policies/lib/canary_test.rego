package stateward.lib.canary_test

import data.stateward.lib.canary

_flux := "system:serviceaccount:flux:flux"

_hold := "2/web=nginx:2"

test_automation_keeps_the_partition_of_a_canary[text] if {
	some text, entry in {
		"the same manifest": _entry(_flux, _held, _sts("2", 0)),
		"a lower partition": _entry(_flux, _held, _sts("2", 1)),
		"a change that the controller has not seen": _entry(_flux, _unseen, _sts("2", 0)),
		"another template": _entry(_flux, _held, _with(_sts("2", 0), _label)),
	}
	canary.partition(entry) == 2
	canary.hold(entry) == _hold
}

test_others_lower_it_and_the_rest_is_held[user] if {
	some user in ["alice", "system:serviceaccount:ci:ci", "", "system:kube-controller-manager"]
	lowered := _entry(user, _held, _sts("2", 0))
	canary.partition(lowered) == 0 with data.kind as "Guardrails" with data.spec as _promoters
	canary.hold(lowered) == "" with data.kind as "Guardrails" with data.spec as _promoters
	step := _entry(user, _held, _sts("2", 1))
	canary.partition(step) == 1 with data.kind as "Guardrails" with data.spec as _promoters
	canary.hold(step) == "1/web=nginx:2" with data.kind as "Guardrails" with data.spec as _promoters
}

test_promoters_are_of_the_guardrails_alone if {
	entry := _entry("system:serviceaccount:ci:ci", _held, _sts("2", 0))
	canary.partition(entry) == 2
	canary.partition(entry) == 2 with data.kind as "Guardrails" with data.spec as object.remove(_promoters, ["promoters"])
}

test_higher_partition_is_held if {
	entry := _entry(_flux, _held, _sts("2", 3))
	canary.partition(entry) == 3
	canary.hold(entry) == "3/web=nginx:2"
}

test_canary_stays_among_the_replicas if {
	fewer := _entry(_flux, _held, _with(_sts("2", 0), {"spec": {"replicas": 2}}))
	canary.partition(fewer) == 1
	canary.hold(fewer) == "1/web=nginx:2"
	one := _entry(_flux, _held, _with(_sts("2", 0), {"spec": {"replicas": 1}}))
	canary.partition(one) == 0
	canary.hold(one) == ""
	none := _entry(_flux, _held, _with(_sts("2", 0), {"spec": {"replicas": 0}}))
	canary.partition(none) == 0
}

test_hold_ends[text] if {
	some text, entry in {
		"another strategy": _entry(_flux, _held, _with(_sts("2", 0), {"spec": {"updateStrategy": {"type": "OnDelete"}}})),
		"no label": _entry(_flux, _held, _with(_sts("2", 0), {"metadata": {"labels": {"stateward.dev/canary": "no"}}})),
		"a rollout that is complete": _entry(_flux, _with(_held, {"status": {"currentRevision": "b"}}), _sts("2", 0)),
		"the images of the current revision": _entry(_flux, _held, _sts("1", 0)),
	}
	canary.partition(entry) == 0 with data.cluster.pods as _pods
	canary.hold(entry) == "" with data.cluster.pods as _pods
}

test_earlier_template_with_the_same_images_ends_a_hold if {
	labels := {"metadata": {"labels": {"stateward.dev/rollout-group": "db", "stateward.dev/canary": "no"}}}
	old := object.union_n([_marked(_sts("1", 3), "3/web=nginx:1"), labels, _label, {"status": {
		"currentRevision": "a",
		"updateRevision": "b",
	}}])
	held := _entry(_flux, old, object.union_n([_sts("1", 0), labels, _label]))
	canary.partition(held) == 3 with data.cluster.pods as _pods
	back := _entry(_flux, old, object.union(_sts("1", 0), labels))
	canary.partition(back) == 0 with data.cluster.pods as _pods
	canary.hold(back) == "" with data.cluster.pods as _pods
}

test_hold_that_does_not_fit_holds_nothing[text] if {
	some text, old in {
		"no hold": _with(_held, {"metadata": {"annotations": {"stateward.dev/canary-hold": ""}}}),
		"other images": _with(_held, {"metadata": {"annotations": {"stateward.dev/canary-hold": "2/web=nginx:1"}}}),
		"another partition": _with(_held, {"metadata": {"annotations": {"stateward.dev/canary-hold": "1/web=nginx:2"}}}),
		"anything": _with(_held, {"metadata": {"annotations": {"stateward.dev/canary-hold": "web"}}}),
		"nothing to hold": _with(_held, {
			"metadata": {"annotations": {"stateward.dev/canary-hold": "0/web=nginx:2"}},
			"spec": {"updateStrategy": {"rollingUpdate": {"partition": 0}}},
		}),
	}
	entry := _entry(_flux, old, _sts("2", 0))
	canary.partition(entry) == 0
	canary.hold(entry) == ""
}

test_next_image_begins_again if {
	entry := _entry(_flux, _held, _sts("3", 0))
	canary.begins(entry) with data.cluster.pods as _pods
	canary.partition(entry) == 2 with data.cluster.pods as _pods
	canary.hold(entry) == "2/web=nginx:3" with data.cluster.pods as _pods
}

test_next_image_with_a_partition_is_held_as_before[partition] if {
	some partition in [1, 2]
	entry := _entry(_flux, _held, _sts("3", partition))
	canary.partition(entry) == 2 with data.cluster.pods as _pods
	canary.hold(entry) == "2/web=nginx:3" with data.cluster.pods as _pods
}

test_image_that_may_be_the_current_one_is_not_held_up if {
	entry := _entry(_flux, _held, _sts("3", 0))
	canary.partition(entry) == 0
	canary.hold(entry) == ""
}

test_partition_that_a_request_sets_with_its_image_is_not_held if {
	entry := _entry(_flux, _sts("1", 0), _sts("2", 2))
	canary.partition(entry) == 2
	canary.hold(entry) == ""
}

test_webhook_that_is_called_again_answers_the_same if {
	again := _entry(_flux, _sts("1", 0), _marked(_sts("2", 2), _hold))
	not canary.begins(again)
	canary.partition(again) == 2
	canary.hold(again) == _hold
}

test_containers_without_a_name_or_an_image_are_held_too if {
	containers := {"spec": {"template": {"spec": {"containers": [{"image": "nginx:2"}, {"name": "b"}]}}}}
	entry := _entry(_flux, _marked(_with(_held, containers), "2/=nginx:2,b="), _with(_sts("2", 0), containers))
	canary.hold(entry) == "2/=nginx:2,b="
}

test_creation_holds_nothing if {
	entry := {"operation": "CREATE", "object": _marked(_sts("2", 2), _hold), "old": null, "user": {"username": _flux}}
	canary.partition(entry) == 2
	canary.hold(entry) == ""
}

_label := {"spec": {"template": {"metadata": {"labels": {"a": "b"}}}}}

_promoters := {
	"promoters": ["pipelines"],
	"actors": [{"name": "pipelines", "subjects": [{"kind": "ServiceAccount", "namespace": "ci", "name": "ci"}]}],
}

_held := _with(_marked(_sts("2", 2), _hold), {"status": {"currentRevision": "a", "updateRevision": "b"}})

_unseen := _with(_marked(_sts("2", 2), _hold), {
	"metadata": {"generation": 2},
	"status": {"currentRevision": "a", "updateRevision": "a", "observedGeneration": 1},
})

_pods := {"default": {"web-0": {
	"metadata": {"labels": {"controller-revision-hash": "a"}},
	"spec": {"containers": [{"name": "web", "image": "nginx:1"}]},
}}}

_with(sts, changes) := object.union(sts, changes)

_marked(sts, value) := object.union(sts, {"metadata": {"annotations": {"stateward.dev/canary-hold": value}}})

_sts(tag, partition) := {
	"metadata": {"name": "web", "labels": {"stateward.dev/canary": "auto"}},
	"spec": {
		"replicas": 3,
		"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": partition}},
		"template": {"spec": {"containers": [{"name": "web", "image": sprintf("nginx:%s", [tag])}]}},
	},
}

_entry(user, old, new) := {
	"operation": "UPDATE",
	"kind": "StatefulSet",
	"namespace": "default",
	"name": "web",
	"old": old,
	"object": new,
	"user": {"username": user},
}
