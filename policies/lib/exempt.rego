# METADATA
# title: Exemptions
# description: |
#   Requests that no rule may stand in the way of, whatever it thinks of the object: stopping them would leave
#   the cluster stuck half-way. The webhook applies the same exemptions before it evaluates anything.
package stateward.lib.exempt

import data.stateward.lib.identity
import data.stateward.lib.owners

# METADATA
# title: Reason
# description: Why this review is let through unjudged; undefined for all others.
# scope: document
reason(entry) := "the object is already terminating" if {
	entry.old.metadata.deletionTimestamp
	not _cuts_short(entry)
	not _deletes_otherwise(entry)
	not _unprotects(entry)
} else := "the object is already terminating" if {
	entry.operation == "AUDIT"
	entry.object.metadata.deletionTimestamp
} else := "a controller of Kubernetes finishes a deletion" if {
	entry.operation == "DELETE"
	identity.finishes_deletions(entry.user)
} else := "neither spec nor guarded metadata changes" if {
	entry.operation == "UPDATE"
	is_object(entry.object)
	is_object(entry.old)
	_guarded(entry.object) == _guarded(entry.old)
	count(owners.gained(entry)) == 0
	not _unprotects(entry)
} else := "the status belongs to the controllers" if {
	entry.subresource in {"status", "finalize"}
	not _slips_in(entry)
	not _unprotects(entry)
}

# Whoever may write a status can write the metadata with it.
_slips_in(entry) if _marks(entry.object) != _marks(entry.old)

_slips_in(entry) if _labels(entry.object) != _labels(entry.old)

_slips_in(entry) if count(owners.gained(entry)) > 0

# A pod that terminates still runs, for as long as its grace period lasts. A deletion that cuts it off is a new one, and
# whoever confirms that does more than let it go.
_cuts_short(entry) if {
	entry.kind == "Pod"
	entry.operation == "DELETE"
	entry.options.gracePeriodSeconds == 0
	object.get(entry.old, ["metadata", "deletionGracePeriodSeconds"], null) != 0
}

_cuts_short(entry) if {
	entry.kind == "Pod"
	entry.operation == "UPDATE"
	_marks(entry.object) != _marks(entry.old)
}

# A second deletion with another propagation policy deletes pods that the first would have kept, or the other way round.
_deletes_otherwise(entry) if {
	_deletes_set(entry)
	entry.options.propagationPolicy != _implied(entry.old)
}

_deletes_otherwise(entry) if {
	_deletes_set(entry)
	not entry.options.propagationPolicy
	entry.options.orphanDependents == true
	_implied(entry.old) != "Orphan"
}

_deletes_otherwise(entry) if {
	_deletes_set(entry)
	not entry.options.propagationPolicy
	entry.options.orphanDependents == false
	_implied(entry.old) == "Orphan"
}

_deletes_set(entry) if {
	entry.kind == "StatefulSet"
	entry.operation == "DELETE"
}

_implied(old) := "Orphan" if {
	"orphan" in old.metadata.finalizers
} else := "Foreground" if {
	"foregroundDeletion" in old.metadata.finalizers
} else := "Background"

# These finalizers keep the data of a claim or a volume that is in use.
_unprotects(entry) if {
	entry.operation == "UPDATE"
	entry.kind in {"PersistentVolume", "PersistentVolumeClaim"}
	some name in ["kubernetes.io/pv-protection", "kubernetes.io/pvc-protection"]
	name in entry.old.metadata.finalizers
	not _has_finalizer(entry.object, name)
}

_has_finalizer(value, name) if name in value.metadata.finalizers

# Everything but the metadata and status that controllers and clients write as they please. Marks of our own
# and labels stay in: rules may read them. So does an owner that is new: the object goes when it goes.
_guarded(value) := {
	"rest": object.remove(value, ["metadata", "status"]),
	"labels": _labels(value),
	"marks": _marks(value),
}

_labels(value) := object.get(value, ["metadata", "labels"], {})

_marks(value) := {field: marks |
	some field in ["annotations", "labels"]
	marks := {key: mark |
		some key, mark in value.metadata[field]
		startswith(key, "stateward.dev/")
	}
}
