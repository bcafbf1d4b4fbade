# METADATA
# title: New pods would reuse leftover claims
# description: |
#   A pod takes the claim that has its name, regardless of its origin: `www-web-0` of a set that was deleted last
#   year, with its data, size and class. Scaling down and up again is what claims are kept for, and so is recreating
#   a set while its pods still run. The rule reports a claim that is smaller than its template requests, has another
#   class, is being deleted or belongs to something else, and a new set that starts on old data. A claim that a pod of
#   something else mounts would be written to by two programs: a set that is created so is denied. The rule checks at
#   most the first 32 pods that a request adds.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-storage
# custom:
#   severity: warn
#   profile:
#     strict: deny
#   on:
#     statefulsets: [CREATE, UPDATE]
#     statefulsets/scale: [UPDATE]
#   changes:
#     statefulsets: [spec.ordinals, spec.replicas]
#   reads: [statefulsets, persistentvolumeclaims, pods]
#   fix: resize or delete these claims first, or give the set another name
#   since: v0.1.0
package stateward.rules.storage["claim-reuse"]

import data.stateward.lib.claim
import data.stateward.lib.cluster
import data.stateward.lib.defaults
import data.stateward.lib.image
import data.stateward.lib.listing
import data.stateward.lib.mounts
import data.stateward.lib.pods
import data.stateward.lib.quantity
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.scaling
import data.stateward.lib.selector

report contains result.violation(rego.metadata.chain(), write.entry, {
	"path": ["spec", "volumeClaimTemplates"],
	"what": sprintf("%s: %s", [listing.short(names), fault]),
	"touched": true,
}) if {
	some write in _growing
	some fault in {fault | some use in write.uses; some fault in use.faults}
	names := [use.claim.metadata.name | some use in write.uses; fault in use.faults]
}

report contains result.violation(rego.metadata.chain(), write.entry, object.union(_strictness(write, writes), {
	"path": ["spec", "volumeClaimTemplates"],
	"what": sprintf("pod %s %s", [name, _deed(writes, listing.short(names))]),
	"fix": "end this pod first, or give the set another name",
	"touched": true,
})) if {
	some write in _growing
	some name in {foreign.name | some use in write.uses; some foreign in use.foreigners}
	found := [[use.claim.metadata.name, foreign.writes] |
		some use in write.uses
		some foreign in use.foreigners
		foreign.name == name
	]
	names := [claimed | some [claimed, _] in found]
	writes := true in {each | some [_, each] in found}
}

report contains result.advice(rego.metadata.chain(), write.entry, {
	"path": ["spec", "volumeClaimTemplates"],
	"what": sprintf("new pods take over %s with the data of a former set", [listing.short(names)]),
	"fix": "delete these claims first if the set is meant to start empty",
}) if {
	some write in _growing
	write.entry.operation == "CREATE"
	names := [use.claim.metadata.name | some use in write.uses; use.faults == set(); use.foreigners == []]
	count(names) > 0
	_begins(write)
}

_growing := [object.union(write, {"uses": _uses(write)}) |
	some write in scaling.writes

	# A set that exists has its claims by right.
	write.entry.operation != "AUDIT"
	count(write.sts.spec.volumeClaimTemplates) > 0
	write.to > _kept(write)
]

# The pods that are there already; with another start, every pod is another.
_kept(write) := 0 if {
	review.is_kind(write.entry, "StatefulSet")
	is_object(write.entry.old)
	defaults.ordinals_start(write.entry.old) != defaults.ordinals_start(write.sts)
} else := write.from

# The claims that are there and that the pods to come will take.
_uses(write) := [use |
	some pod in claim.of_pods(write.sts, _kept(write), write.to)
	some made in pod.claims
	found := cluster.claim(write.entry.namespace, made.name)
	use := {
		"claim": found,
		"pod": pod.name,
		"faults": _faults(write.sts, pod.name, found, made.template),
		"foreigners": _foreigners(write.entry, made.name),
	}
]

# The pods of something else that mount a claim.
_foreigners(entry, name) := [{"name": pod.metadata.name, "writes": _writes(pod, name)} |
	some pod in cluster.mounting(entry.namespace, name)
	not _is_own(entry, pod)
]

_is_own(entry, pod) if pods.set_of(pod) == entry.name

default _writes(_, _) := false

_writes(pod, name) if {
	mounting := {"kind": "Pod", "spec": pod.spec}
	some item in image.containers(mounting)
	sprintf("claim %q", [name]) in mounts.writable(mounting, item.container)
}

# A new set can wait; to deny more pods could leave a set half way.
_strictness(write, true) := {"severity": "deny"} if write.entry.operation == "CREATE"

else := {}

_strictness(_, false) := {}

_deed(true, names) := sprintf("already writes to %s: two programs would write to one disk", [names])

_deed(false, names) := sprintf("already reads %s", [names])

# A set that is recreated while its pods run continues as before.
_begins(write) if {
	cluster.knows("pods")
	every use in write.uses {
		not cluster.pod(write.entry.namespace, use.pod)
	}
}

_faults(sts, pod, found, template) := {fault |
	some fault in array.flatten([
		_deleted(found),
		_smaller(found, template),
		_other_class(found, template),
		_owners(sts, pod, found),
		_labels(sts, found),
	])
	fault != ""
}

_deleted(found) := "being deleted, so the pod waits and then starts empty" if {
	object.get(found, ["metadata", "deletionTimestamp"], null) != null
} else := ""

_smaller(found, template) := sprintf("size %v, the template requests %v", [has, wants]) if {
	has := found.spec.resources.requests.storage
	wants := template.spec.resources.requests.storage
	quantity.bytes(has) < quantity.bytes(wants)
} else := ""

_other_class(found, template) := sprintf("class %q, the template requests %q", [has, wants]) if {
	has := claim.class(found)
	wants := claim.class(template)
	has != wants
} else := ""

_owners(sts, pod, found) := [fault |
	some owner in found.metadata.ownerReferences
	fault := _owner_fault(sts, pod, owner)
]

_owner_fault(sts, pod, owner) := sprintf("owned by %s %q", [owner.kind, owner.name]) if {
	not [owner.kind, owner.name] in {["StatefulSet", sts.metadata.name], ["Pod", pod]}
	not object.get(owner, "uid", "") in {above.uid | some above in sts.metadata.ownerReferences}
} else := "owned by a former set of this name, will be garbage-collected" if {
	owner.kind == "StatefulSet"
	owner.uid != sts.metadata.uid
}

# The controller labels its claims with what the selector wants. One made by hand may have no labels at all.
_labels(sts, found) := [sprintf("labelled %s=%s, the set has %s=%s", [key, has, key, wants]) |
	some key, wants in selector.match_labels(selector.own(sts))
	has := found.metadata.labels[key]
	has != wants
]
