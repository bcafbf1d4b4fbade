# The way back to an image that the set ran before.
package stateward.rules.image["image-change_test"]

import data.stateward.rules.image["image-change"] as rule

test_way_back_after_the_rollout_is_a_warning[case] if {
	some case, revisions in {
		"young": [
			_revision("web-a", "2026-11-20T12:00:00Z", "postgres:9"),
			_revision("web-b", "2026-11-22T12:00:00Z", "mysql:9"),
		],
		"used again": [
			_revision("web-a", "2026-10-20T12:00:00Z", "postgres:9"),
			_revision("web-b", "2026-10-02T12:00:00Z", "mysql:9"),
		],
	}
	[[finding.what, finding.advice] | some finding in rule.report] == [[
		`returns to an image of an earlier revision, from "mysql:9" to "postgres:9"`,
		true,
	]] with input as _settled("mysql:9", "postgres:9") with data.cluster as _history(revisions)
}

test_way_back_is_denied_where_it_is_none[case] if {
	some case, given in {
		"long ago": ["mysql:9", [
			_revision("web-a", "2026-10-20T12:00:00Z", "postgres:9"),
			_revision("web-b", "2026-10-22T12:00:00Z", "mysql:9"),
		]],
		"below the data": ["postgres:10", [
			_revision("web-a", "2026-11-20T12:00:00Z", "postgres:9"),
			_revision("web-b", "2026-11-22T12:00:00Z", "postgres:10"),
		]],
		"another set's": ["mysql:9", [
			json.patch(_revision("web-a", "2026-11-20T12:00:00Z", "postgres:9"), [{
				"op": "replace",
				"path": "/metadata/ownerReferences/0/uid",
				"value": "2",
			}]),
			_revision("web-b", "2026-11-22T12:00:00Z", "mysql:9"),
		]],
	}
	count(_denials) == 1 with input as _settled(given[0], "postgres:9") with data.cluster as _history(given[1])
}

_settled(from, to) := object.union(_change(from, to), {"request": {"oldObject": {
	"metadata": {"name": "web", "namespace": "default", "uid": "1"},
	"status": {"currentRevision": "web-b", "updateRevision": "web-b"},
}}})

_history(revisions) := {"controllerrevisions": {"default": {revision.metadata.name: revision |
	some revision in revisions
}}}

_revision(name, made, reference) := {
	"metadata": {"name": name, "creationTimestamp": made, "ownerReferences": [{"uid": "1"}]},
	"data": {"spec": {"template": {"spec": {"containers": [_container("db", reference)]}}}},
}

test_the_way_back_is_only_mentioned if {
	some finding in rule.report with input as _taken_back("db:16.1") with data.cluster.pods as _pods("db:16.1")
	finding.advice == true
	finding.msg == concat(" ", [
		"[image-change] spec.template.spec.containers[0].image: returns to the image that other pods still run,",
		`from "db:17.2" to "db:16.1".`,
		`Fix: make sure that what ran "db:17.2" left data that "db:16.1" can read.`,
	])
}

test_the_way_to_something_else_is_denied if {
	some finding in rule.report with input as _taken_back("db:15.1") with data.cluster.pods as _pods("db:16.1")
	finding.severity == "deny"
	not finding.advice
}

test_the_way_back_is_denied_where_no_pod_shows_it[pods] if {
	some pods in [{}, {"default": {}}]
	some finding in rule.report with input as _taken_back("db:16.1") with data.cluster.pods as pods
	finding.severity == "deny"
	not finding.advice
}

# The image is taken back in the middle of a rollout.
_taken_back(image) := object.union(_change("db:17.2", image), {"request": {"oldObject": {"status": {
	"currentRevision": "web-a",
	"updateRevision": "web-b",
	"updatedReplicas": 1,
}}}})

_pods(image) := {"default": {"web-0": {
	"metadata": {"labels": {"controller-revision-hash": "web-a"}},
	"spec": {"containers": [_container("db", image)]},
}}}
