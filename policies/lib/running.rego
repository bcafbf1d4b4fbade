# METADATA
# title: What runs
# description: |
#   Updates that no stored template shows: from what pods run to the template that a request gives them. The pods may be
#   left of a former set of the name, or OnDelete may have kept the last update from them.
package stateward.lib.running

import data.stateward.lib.claim
import data.stateward.lib.cluster
import data.stateward.lib.defaults
import data.stateward.lib.image
import data.stateward.lib.pods
import data.stateward.lib.review
import data.stateward.lib.rollout
import data.stateward.lib.selector

# METADATA
# title: Updates
# description: |
#   The entries of such requests, once for all pods that run the same images, as UPDATEs: `old` is a StatefulSet of what
#   a pod runs, `request` the entry as it was, `of` says whose images the old ones are, and `images` holds what the pods
#   run, as [container, image].
updates := [update |
	some request in array.concat(_recreated, _let_go)
	some index, source in request.sources
	not _images(source) in {_images(earlier) | some earlier in array.slice(request.sources, 0, index)}
	update := object.union(object.remove(request.entry, ["old", "operation"]), {
		"operation": "UPDATE",
		"old": source.sts,
		"of": source.of,
		"request": request.entry,
		"images": {pair | some each in request.sources; some pair in _images(each)},
	})
]

# METADATA
# title: Released
# description: |
#   The pods that OnDelete kept from the last update, and that a request restarts because it sets another strategy, as
#   rollout.pods has them.
released(entry) := [each |
	entry.operation == "UPDATE"
	is_object(entry.old)
	defaults.update_strategy(entry.old) == "OnDelete"
	defaults.update_strategy(entry.object) != "OnDelete"

	# Those that a scale-down removes do not start again.
	replicas := min([defaults.replicas(entry.old), defaults.replicas(entry.object)])
	some each in rollout.pods(entry, _first(entry.object), replicas)
	each.pod != null
	_is_behind(each.pod, entry.old)
]

_recreated := [{"entry": entry, "sources": _left(entry)} |
	some entry in review.statefulsets
	entry.operation == "CREATE"
]

_let_go := [{"entry": entry, "sources": sources} |
	some entry in review.statefulsets
	sources := [_source(each.name, each.pod) |
		some each in released(entry)

		# What the stored template says of the others is compared anyway.
		not rollout.runs_images(each.pod, entry.old)
	]
]

# Recreate takes all pods.
_first(sts) := 0 if {
	defaults.update_strategy(sts) != "RollingUpdate"
} else := rollout.reaches(sts)

_is_behind(pod, sts) if rollout.revision(pod) != sts.status.updateRevision

_is_behind(pod, sts) if not rollout.runs_images(pod, sts)

_left(entry) := sources if {
	sources := _left_pods(entry)
	count(sources) > 0
} else := _left_revisions(entry)

_left_pods(entry) := [_source(made.name, pod) |
	some made in _first_pods(entry)
	pod := cluster.pod(entry.namespace, made.name)
	pods.set_of(pod) == entry.name
	_continues(entry, made, pod)
]

# A set of 0 replicas has pods later.
_first_pods(entry) := claim.of_pods(entry.object, 0, max([1, defaults.replicas(entry.object)]))

# The next pod finds the data of this one, even if this one ends first.
_continues(_, made, pod) if {
	some volume in pod.spec.volumes
	volume.persistentVolumeClaim.claimName in {each.name | some each in made.claims}
}

_continues(entry, _, pod) if {
	not pods.is_controlled(pod)
	not pods.has_ended(pod)
	not rollout.terminating(pod)
	selector.matches(selector.own(entry.object), pod.metadata.labels)
}

# Without its pods, a set that was deleted without them leaves its revisions. The last one wrote into its claims.
_left_revisions(entry) := [{"of": sprintf("revision %s", [revision.metadata.name]), "sts": sts} |
	_has_claims(entry)
	revisions := _without_owner(entry)
	some revision in revisions
	revision.revision == max([each.revision | some each in revisions])
	sts := _set(revision.data.spec.template.spec, entry.object.spec.volumeClaimTemplates)
]

_has_claims(entry) if {
	some made in _first_pods(entry)
	some each in made.claims
	cluster.claim(entry.namespace, each.name)
}

_without_owner(entry) := [revision |
	wanted := selector.wanted(selector.own(entry.object))
	some revision in cluster.labelled("controllerrevisions", entry.namespace, wanted)
	regex.replace(revision.metadata.name, `-[^-]+$`, "") == entry.name
	object.subset(object.get(revision, ["metadata", "labels"], {}), wanted)
	not pods.is_controlled(revision)
]

_source(name, pod) := {"of": sprintf("pod %s", [name]), "sts": _set(pod.spec, [{"metadata": {"name": volume.name}} |
	some volume in pod.spec.volumes
	volume.persistentVolumeClaim.claimName == sprintf("%s-%s", [volume.name, name])
])}

_set(spec, templates) := {
	"kind": "StatefulSet",
	"metadata": {},
	"spec": {"template": {"spec": spec}, "volumeClaimTemplates": templates},
}

_images(source) := {[item.container.name, item.container.image] | some item in image.containers(source.sts)}
