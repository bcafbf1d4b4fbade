package stateward.lib.scope_test

import data.stateward.lib.config
import data.stateward.lib.scope

test_without_guardrails_everything_is_in_scope if not scope.outside(["image-tag"], _entry)

test_a_match_selects[name] if {
	some name, match in {
		"its namespace": {"namespaces": ["other", "data"]},
		"a pattern of namespaces": {"namespaces": ["da*"]},
		"every namespace": {"namespaces": ["*"]},
		"all namespaces but others": {"excludedNamespaces": ["other", "kube-*"]},
		"its name": {"names": ["web"]},
		"a pattern of names": {"names": ["*b"]},
		"a name with dots": {"names": ["w*"]},
		"its label": {"labelSelector": {"matchLabels": {"app": "nginx"}}},
		"a label that others have": {"labelSelector": {"matchExpressions": [{"key": "skip", "operator": "DoesNotExist"}]}},
		"a label of its namespace": {"namespaceSelector": {"matchLabels": {"env": "prod"}}},
		"several things": {"namespaces": ["data"], "names": ["web"]},
	}
	not scope.outside(["image-tag"], _entry) with data.kind as "Guardrails"
		with data.spec as {"match": match}
		with data.cluster.namespaces as _namespaces
}

test_a_match_leaves_out[name] if {
	some name, match in {
		"another namespace": {"namespaces": ["other"]},
		"another pattern": {"namespaces": ["a*", "dat"]},
		"an excluded namespace": {"excludedNamespaces": ["data"]},
		"an excluded pattern": {"namespaces": ["*"], "excludedNamespaces": ["d*"]},
		"another name": {"names": ["db"]},
		"another label": {"labelSelector": {"matchLabels": {"app": "db"}}},
		"another label of the namespace": {"namespaceSelector": {"matchLabels": {"env": "test"}}},
		"one of several things": {"namespaces": ["data"], "names": ["db"]},
	}
	scope.outside(["image-tag"], _entry) with data.kind as "Guardrails"
		with data.spec as {"match": match}
		with data.cluster.namespaces as _namespaces
}

test_a_name_with_dots_is_one_name if {
	not scope.outside(["x"], object.union(_entry, {"name": "web.v1"})) with data.kind as "Guardrails"
		with data.spec as {"match": {"names": ["web*"]}}
}

test_what_nobody_knows_stays_in_scope if {
	match := {"namespaceSelector": {"matchLabels": {"env": "test"}}, "labelSelector": {"matchLabels": {"app": "db"}}}
	not scope.outside(["image-tag"], _scale) with data.kind as "Guardrails" with data.spec as {"match": match}
}

test_a_scale_has_the_labels_of_its_set[app] if {
	some app, outside in {"nginx": false, "db": true}
	scope.outside(["quorum"], _scale) == outside with data.kind as "Guardrails"
		with data.spec as {"match": {"labelSelector": {"matchLabels": {"app": app}}}}
		with data.cluster.statefulsets as {"data": {"web": _entry.object}}
}

test_a_namespace_is_in_itself[name] if {
	some name, match in {
		"name": {"namespaces": ["data"]},
		"labels": {"namespaceSelector": {"matchLabels": {"env": "prod"}}},
	}
	not scope.outside(["namespace-delete"], _namespace) with data.kind as "Guardrails" with data.spec as {"match": match}
}

test_nobody_leaves_by_a_label_that_the_request_brings if {
	skip := {"labelSelector": {"matchExpressions": [{"key": "skip", "operator": "DoesNotExist"}]}}
	skipping := object.union(_entry, {"object": {"metadata": {"labels": {"skip": "me"}}}})
	scope.outside(["image-tag"], skipping) with data.kind as "Guardrails" with data.spec as {"match": skip}
	leaving := object.union(skipping, {"old": _entry.object})
	not scope.outside(["image-tag"], leaving) with data.kind as "Guardrails" with data.spec as {"match": skip}
}

test_a_rule_has_a_match_of_its_own if {
	spec := {"rules": [{"id": "image-tag", "match": {"namespaces": ["other"]}}]}
	scope.outside(["image-tag"], _entry) with data.kind as "Guardrails" with data.spec as spec
	not scope.outside(["quorum"], _entry) with data.kind as "Guardrails" with data.spec as spec
}

test_an_exception_lets_through_until_it_expires[expires] if {
	some expires, holds in {
		"2026-11-23T12:00:01Z": true,
		"2026-11-23T12:00:00Z": false,
		"2020-01-01T00:00:00Z": false,
		"2026-11-23T13:30:00+01:00": true,
	}
	excepted := [used |
		used := scope.exception(["image-tag"], _entry) with data.kind as "Guardrails"
			with data.spec as {"exceptions": [_exception(expires, {"names": ["web"]})]}
	]
	excepted == [used | holds; used := {"reason": "r", "owner": "o", "expires": expires, "dated": true}]
}

test_an_exception_counts_where_nobody_knows_the_time if {
	timeless := object.union(_entry, {"time": ""})
	used := scope.exception(["image-tag"], timeless) with data.kind as "Guardrails"
		with data.spec as {"exceptions": [_exception("2020-01-01T00:00:00Z", {"names": ["web"]})]}
	used.dated == false
}

test_an_exception_is_for_its_rules_and_objects[name] if {
	some name, each in {
		"another rule": {"rules": ["quorum"], "match": {"names": ["web"]}},
		"another object": {"rules": ["image-tag"], "match": {"names": ["db"]}},
		"labels that nobody knows": {
			"rules": ["image-tag"],
			"match": {"namespaceSelector": {"matchLabels": {"env": "prod"}}},
		},
		"another label": {"rules": ["image-tag"], "match": {"labelSelector": {"matchLabels": {"app": "db"}}}},
	}
	not scope.exception(["image-tag"], _entry) with data.kind as "Guardrails"
		with data.spec as {"exceptions": [object.union(_exception("2027-01-01T00:00:00Z", {}), each)]}
}

test_an_exception_may_be_for_labels_of_namespaces if {
	match := {"namespaceSelector": {"matchLabels": {"env": "prod"}}}
	scope.exception(["image-tag"], _entry) with data.kind as "Guardrails"
		with data.spec as {"exceptions": [_exception("2027-01-01T00:00:00Z", match)]}
		with data.cluster.namespaces as _namespaces
}

test_a_label_that_the_request_brings_is_no_exception if {
	match := {"labelSelector": {"matchLabels": {"legacy": "true"}}}
	brings := object.union(_entry, {"object": {"metadata": {"labels": {"legacy": "true"}}}})
	spec := {"exceptions": [_exception("2027-01-01T00:00:00Z", match)]}
	scope.exception(["image-tag"], brings) with data.kind as "Guardrails" with data.spec as spec
	changes := object.union(brings, {"old": _entry.object})
	not scope.exception(["image-tag"], changes) with data.kind as "Guardrails" with data.spec as spec
}

test_the_first_exception_that_fits_is_named if {
	spec := {"exceptions": [
		_exception("2020-01-01T00:00:00Z", {"names": ["web"]}),
		_exception("2027-01-01T00:00:00Z", {"names": ["web"]}),
		_exception("2028-01-01T00:00:00Z", {"names": ["web"]}),
	]}
	used := scope.exception(["image-tag"], _entry) with data.kind as "Guardrails" with data.spec as spec
	used.expires == "2027-01-01T00:00:00Z"
}

test_an_object_without_labels_has_none if {
	bare := object.union(_entry, {"object": {"metadata": {"labels": null}}})
	scope.outside(["image-tag"], bare) with data.kind as "Guardrails"
		with data.spec as {"match": {"labelSelector": {"matchLabels": {"app": "nginx"}}}}
}

test_other_data_are_no_guardrails if {
	not scope.outside(["image-tag"], _entry) with data.kind as "ConfigMap" with data.spec as {"match": {"names": ["db"]}}
	config.exceptions == [] with data.kind as "ConfigMap" with data.spec as {"exceptions": [{}]}
}

_exception(expires, match) := {
	"rules": ["image-tag"], "match": match,
	"reason": "r", "owner": "o", "expires": expires,
}

_entry := {
	"kind": "StatefulSet", "namespace": "data", "name": "web", "time": "2026-11-23T12:00:00Z", "old": null,
	"object": {"metadata": {"labels": {"app": "nginx"}}},
}

_scale := {"kind": "Scale", "namespace": "data", "name": "web", "time": "", "old": {}, "object": {}}

_namespace := {"kind": "Namespace", "namespace": "default", "name": "data", "object": null, "old": _namespaces.data}

_namespaces := {"data": {"metadata": {"labels": {"env": "prod"}}}}

test_a_former_name_counts if {
	match := {"names": ["db"]}
	scope.outside(["image-tag", "image-tags"], _entry) with data.kind as "Guardrails"
		with data.spec as {"rules": [{"id": "image-tags", "match": match}]}
	exceptions := [{
		"rules": ["image-tags"],
		"match": {"names": ["web"]},
		"reason": "vendor",
		"owner": "me",
		"expires": "2099-01-01T00:00:00Z",
	}]
	scope.exception(["image-tag", "image-tags"], _entry) with data.kind as "Guardrails"
		with data.spec as {"exceptions": exceptions}
	not scope.exception(["image-tag"], _entry) with data.kind as "Guardrails"
		with data.spec as {"exceptions": exceptions}
}

test_match_is_about_who_acts[name] if {
	some name, match in {
		"user": {"subjects": [{"kind": "User", "name": "al*"}]},
		"group": {"subjects": [{"kind": "Group", "name": "dba"}]},
		"account": {"subjects": [{"kind": "ServiceAccount", "namespace": "flux-*", "name": "*"}]},
		"actor": {"actors": ["ci"]},
		"not an excluded one": {"excludedActors": ["ci"], "names": ["web"]},
	}
	not scope.outside(["image-tag"], _who[name]) with data.kind as "Guardrails"
		with data.spec as {"match": match, "actors": _actors}
}

test_match_leaves_out_who_is_not_named[name] if {
	some name, match in {
		"user": {"subjects": [{"kind": "User", "name": "al*"}]},
		"group": {"subjects": [{"kind": "Group", "name": "dba"}]},
		"account": {"subjects": [{"kind": "ServiceAccount", "namespace": "flux-*", "name": "*"}]},
		"actor": {"actors": ["others"]},
		"excluded": {"excludedActors": ["ci"]},
	}
	scope.outside(["image-tag"], _by("ci-7", ["x"])) with data.kind as "Guardrails"
		with data.spec as {"match": match, "actors": _actors}
}

test_rules_stay_in_force_for_who_is_unknown[name] if {
	some name, match in {
		"subjects": {"subjects": [{"kind": "User", "name": "alice"}]},
		"excluded": {"excludedActors": ["ci"]},
	}
	not scope.outside(["image-tag"], _by("", [])) with data.kind as "Guardrails"
		with data.spec as {"match": match, "actors": _actors}
}

test_exception_with_subjects_is_for_them_alone[user] if {
	some user in ["", "bob"]
	not scope.exception(["image-tag"], _by(user, [])) with data.kind as "Guardrails"
		with data.spec as {"exceptions": _for_alice}
}

test_exception_with_subjects_is_for_them if {
	scope.exception(["image-tag"], _by("alice", [])) with data.kind as "Guardrails"
		with data.spec as {"exceptions": _for_alice}
}

test_match_is_about_the_controller_as_stored if {
	owned := {"metadata": {"ownerReferences": [{
		"apiVersion": "rabbitmq.com/v1beta1",
		"kind": "RabbitmqCluster",
		"controller": true,
	}]}}
	match := {"ownedBy": {"group": "rabbitmq.com", "kinds": ["RabbitmqCluster"]}}
	not scope.outside(["image-tag"], object.union(_entry, {"old": owned})) with data.kind as "Guardrails"
		with data.spec as {"match": match}
	not scope.outside(["image-tag"], object.union(_entry, {"object": owned})) with data.kind as "Guardrails"
		with data.spec as {"match": match}
	scope.outside(["image-tag"], object.union(_entry, {"old": {"metadata": {}}, "object": owned}))
		with data.kind as "Guardrails"
		with data.spec as {"match": match}
	not scope.outside(["image-tag"], _scale) with data.kind as "Guardrails"
		with data.spec as {"match": match}
		with data.cluster.statefulsets as {"data": {"web": owned}}
}

test_actor_has_a_level_of_its_own[user] if {
	some user, level in {"system:serviceaccount:a:b": "warn", "ci-7": "audit"}
	scope.action(["image-tag"], _by(user, [])) == level with data.kind as "Guardrails"
		with data.spec as {"rules": _levels, "actors": _actors}
}

test_others_have_no_level_of_their_own if {
	not scope.action(["image-tag"], _by("alice", [])) with data.kind as "Guardrails"
		with data.spec as {"rules": _levels, "actors": _actors}
}

test_warnings_of_automation_may_go_elsewhere[channel] if {
	some channel in ["audit", "event"]
	scope.channel(_by("system:serviceaccount:a:b", [])) == channel with data.kind as "Guardrails"
		with data.spec as {"advice": {"automation": channel}}
	not scope.channel(_by("alice", [])) with data.kind as "Guardrails"
		with data.spec as {"advice": {"automation": channel}}
}

test_actors_may_count_as_automation if {
	guardrails := {
		"actors": [{"name": "pipelines", "subjects": [{"kind": "Group", "name": "ci"}]}],
		"automation": ["pipelines"],
		"advice": {"automation": "event"},
		"rules": [{"id": "image-tag", "actions": {"automation": "warn"}}],
	}
	bot := _by("bot", ["ci"])
	scope.class(bot.user) == "automation" with data.kind as "Guardrails" with data.spec as guardrails
	scope.action(["image-tag"], bot) == "warn" with data.kind as "Guardrails" with data.spec as guardrails
	scope.channel(bot) == "event" with data.kind as "Guardrails" with data.spec as guardrails
	scope.class(_by("alice", []).user) == "person" with data.kind as "Guardrails" with data.spec as guardrails
	kubelet := _by("system:node:a", ["system:nodes", "ci"])
	scope.class(kubelet.user) == "node" with data.kind as "Guardrails" with data.spec as guardrails
	scope.class({}) == "unknown" with data.kind as "Guardrails" with data.spec as guardrails
	scope.class(bot.user) == "person"
}

test_warnings_of_automation_are_warnings_unless_set if {
	not scope.channel(_by("system:serviceaccount:a:b", []))
	not scope.channel(_by("system:serviceaccount:a:b", [])) with data.kind as "Guardrails"
		with data.spec as {"advice": {"automation": "warn"}}
}

_by(user, groups) := object.union(_entry, {"user": {"username": user, "groups": groups}})

_actors := [{"name": "ci", "subjects": [{"kind": "User", "name": "ci-*"}]}]

_who := {
	"user": _by("alice", []),
	"group": _by("bob", ["dba"]),
	"account": _by("system:serviceaccount:flux-system:kustomize-controller", []),
	"actor": _by("ci-7", []),
	"not an excluded one": _by("alice", []),
}

_levels := [{"id": "image-tag", "actions": {"automation": "warn", "ci": "audit"}}]

_for_alice := [_exception("2027-01-01T00:00:00Z", {"subjects": [{"kind": "User", "name": "alice"}]})]
