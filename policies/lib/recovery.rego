# METADATA
# title: Recovery
# description: |
#   What brings the data of claims back that a request deletes, in words, and whether that is enough by the parameter
#   `recovery` of a rule to warn where it would deny.
package stateward.lib.recovery

import data.stateward.lib.age
import data.stateward.lib.backups
import data.stateward.lib.clock
import data.stateward.lib.cluster
import data.stateward.lib.config
import data.stateward.lib.listing
import data.stateward.lib.snapshots

# METADATA
# title: Disk
# description: What happens to the disk of a claim that is deleted, and what brings its data back.
# scope: document
disk(entry, claim) := sprintf("its disk is kept (reclaim policy Retain)%s", [_and(entry, claim, false)]) if {
	cluster.reclaim_policy(claim) == "Retain"
} else := sprintf("its disk and the data are DELETED with it%s", [_and(entry, claim, true)]) if {
	cluster.reclaim_policy(claim) == "Delete"
} else := sprintf("all files on its disk are DELETED with it (reclaim policy Recycle)%s", [
	_and(entry, claim, true),
]) if {
	cluster.reclaim_policy(claim) == "Recycle"
} else := sprintf("what happens to its disk is unknown%s", [_perhaps(entry, claim)])

# Each has its content looked up at the API server.
_most := 50

# A backup does not say which volumes it holds.
_otherwise(entry, claim) := sprintf("; %s", [_backup(backup, "the disk")]) if {
	backup := backups.newest(entry, object.get(claim, ["metadata", "namespace"], "default"))
	backups.has_seen(backup, claim)
} else := text if {
	text := _pending(claim)
} else := "; nothing known here brings the data back"

# Of a disk that may be kept, nothing is said to be lost.
_perhaps(entry, claim) := _and(entry, claim, false) if {
	snapshots.newest(entry, claim)
} else := _pending(claim) if {
	snapshots.pending(claim)
} else := ""

_pending(claim) := sprintf("; snapshot %q (deletion policy %s) brings the data of its time back once it is ready", [
	pending.name,
	pending.policy,
]) if {
	pending := snapshots.pending(claim)
}

_backup(backup, what) := sprintf("Velero backup %q of %s ago is of this namespace: %s says whether it holds %s", [
	backup.name,
	age.text(backup.seconds),
	sprintf("`velero backup describe %s --details`", [backup.name]),
	what,
])

# METADATA
# title: And
# description: The newest snapshot of a claim, or, of a disk that is lost, a backup.
_and(entry, claim, _) := sprintf("; snapshot %q%s brings the data of that time back", [found.name, _told(found)]) if {
	found := snapshots.newest(entry, claim)
}

_and(entry, claim, false) := "" if not snapshots.newest(entry, claim)

_and(entry, claim, true) := _otherwise(entry, claim) if not snapshots.newest(entry, claim)

_told(found) := sprintf(" of %s ago (%s)", [age.text(found.seconds), _policy(found)]) if {
	found.seconds
} else := sprintf(" (%s)", [_policy(found)])

_policy(found) := sprintf("deletion policy %s", [found.content.spec.deletionPolicy])

# METADATA
# title: Ways
# description: |
#   What brings back claims that are deleted together, after a semicolon; "" for no claims. Where their snapshots are
#   deleted too, `kept` is true: then those count whose content is retained.
# scope: document
ways(entry, claims, kept) := "; the snapshots of so many claims are not looked up" if {
	count(claims) > _most
} else := concat("", [sprintf("; %s", [text]) | some text in _texts(entry, claims, kept); text != ""])

_texts(entry, claims, kept) := array.concat(found, _gone(entry, lost, kept)) if {
	retained := [claim.metadata.name | some claim in claims; _is_retained(claim)]
	restored := [claim.metadata.name | some claim in claims; _is_restored(entry, claim, kept)]
	lost := [claim |
		some claim in claims
		not _is_retained(claim)
		not _is_restored(entry, claim, kept)
	]
	found := [_retained(retained), _restored(restored, kept)]
}

_is_retained(claim) if cluster.reclaim_policy(claim) == "Retain"

_is_restored(entry, claim, kept) if _newest(entry, claim, kept)

_newest(entry, claim, false) := snapshots.newest(entry, claim)

_newest(entry, claim, true) := snapshots.newest_retained(entry, claim)

_retained([]) := ""

_retained(names) := sprintf("reclaim policy Retain keeps the disks of %s", [listing.short(names)]) if count(names) > 0

_restored([], _) := ""

_restored(names, kept) := sprintf("snapshots%s bring back %s, each as of its own time", [
	_kept[kept],
	listing.short(names),
]) if {
	count(names) > 0
}

_kept := {false: "", true: " with deletion policy Retain"}

# The backup that all of these claims may be in, and what it cannot bring back.
_gone(_, [], _) := []

_gone(entry, claims, kept) := array.concat([_held_by(held)], _without(others, kept)) if {
	held := _held(entry, claims)
	others := [claim | some claim in claims; not claim.metadata.name in held.names]
} else := _without(claims, kept) if {
	count(claims) > 0
}

# METADATA
# title: Backup
# description: |
#   The backup that may hold the data of these claims of one namespace, after a semicolon; "" where none is known.
# scope: document
backup(entry, claims) := sprintf("; %s", [_held_by(held)]) if {
	held := _held(entry, claims)
} else := ""

_held_by(held) := _backup(held.backup, listing.short(held.names))

_held(entry, claims) := {"backup": newest, "names": names} if {
	newest := backups.newest(entry, object.get(claims[0], ["metadata", "namespace"], "default"))
	names := [claim.metadata.name | some claim in claims; backups.has_seen(newest, claim)]
	count(names) > 0
}

# What no backup has seen.
_without(claims, kept) := [_awaited(awaited), _lost(lost)] if {
	awaited := [claim.metadata.name | some claim in claims; _is_awaited(claim, kept)]
	lost := [claim.metadata.name | some claim in claims; not _is_awaited(claim, kept)]
}

_is_awaited(claim, false) if snapshots.pending(claim)

_is_awaited(claim, true) if snapshots.pending(claim).policy == "Retain"

_awaited([]) := ""

_awaited(names) := sprintf("snapshots bring back %s once they are ready", [listing.short(names)]) if count(names) > 0

_lost([]) := ""

_lost(names) := sprintf("nothing known here brings back %s", [listing.short(names)]) if count(names) > 0

# METADATA
# title: Level
# description: |
#   "warn" where every one of these claims has a snapshot that is fresh enough for the parameter `recovery` of the rule
#   whose metadata chain is given, otherwise "deny", as for result.at. For `kept` see ways.
# scope: document
level(chain, entry, claims, kept) := "warn" if {
	count(claims) > 0
	count(claims) <= _most
	settings := config.param(chain, "recovery")
	longest := clock.duration(settings.snapshotWithin) / 1000000000
	every claim in claims {
		_is_covered(entry, claim, kept, {
			"longest": longest,
			"dependent": object.get(settings, "dependentDrivers", []),
		})
	}
} else := "deny"

_is_covered(entry, claim, kept, settings) if {
	found := _newest(entry, claim, kept)
	found.seconds <= settings.longest
	snapshots.is_of_its_disk(found.content, claim)
	not found.content.spec.driver in settings.dependent
}
