# METADATA
# title: Backups
# description: |
#   Backups of Velero (velero.io/v1) in its usual namespace, where the cluster has that API. A backup lies outside the
#   cluster, so it outlives the namespace that it was made of. Its object does not name the volumes that it holds.
#   Backups are looked up at the API server, so only where a finding depends on them.
# related_resources:
#   - ref: https://velero.io/docs/main/api-types/backup/
package stateward.lib.backups

import data.stateward.lib.clock

# METADATA
# title: Newest
# description: |
#   The newest finished backup of a namespace that holds data of volumes, as {name, made, seconds}, made in nanoseconds;
#   undefined where none is known, or the time is not known.
newest(entry, namespace) := {"name": name, "made": latest, "seconds": max([seconds, 0])} if {
	made := {[clock.nanoseconds(backup.status.startTimestamp), backup.metadata.name] |
		some backup in data.cluster.backups[_home]
		_is_finished(entry, backup)
		_covers(backup, namespace)
		_holds_volumes(backup)
	}
	[latest, name] := max(made)
	seconds := round((clock.nanoseconds(entry.time) - latest) / 1000000000)
}

# METADATA
# title: Has seen
# description: True where the backup was made after the claim, so that it is not one of an earlier claim of the name.
has_seen(backup, claim) if backup.made >= clock.nanoseconds(claim.metadata.creationTimestamp)

_is_finished(entry, backup) if {
	backup.status.phase == "Completed"
	object.get(backup, ["metadata", "deletionTimestamp"], null) == null
	clock.nanoseconds(backup.status.expiration) > clock.nanoseconds(entry.time)
}

# Which objects a selector leaves out is not known.
_covers(backup, namespace) if {
	every selector in ["labelSelector", "orLabelSelectors"] {
		object.get(backup.spec, selector, null) == null
	}
	_takes(backup.spec, "Namespaces", {namespace})
	every kind in ["Resources", "NamespaceScopedResources"] {
		_takes(backup.spec, kind, _claims)
	}
}

_home := "velero"

_claims := {"persistentvolumeclaims", "persistentvolumeclaim", "pvc"}

_takes(spec, kind, names) if {
	any_of := names | {"*"}
	_includes(_list(spec, ["included", kind]), any_of)
	count(_list(spec, ["excluded", kind]) & any_of) == 0
}

# An empty list includes all.
_includes(list, _) if count(list) == 0

_includes(list, names) if count(list & names) > 0

_list(spec, field) := {each | some each in spec[concat("", field)]}

_holds_volumes(backup) if backup.status.volumeSnapshotsCompleted > 0

_holds_volumes(backup) if backup.status.csiVolumeSnapshotsCompleted > 0

_holds_volumes(backup) if backup.spec.defaultVolumesToFsBackup == true

_holds_volumes(backup) if {
	backup.spec.snapshotMoveData == true
	backup.status.backupItemOperationsCompleted > 0
}
