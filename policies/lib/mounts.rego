# METADATA
# title: Mounts
# description: |
#   Where the containers of a pod template find the data of claims: of the set's own claim templates, and of claims that
#   the template's volumes name.
package stateward.lib.mounts

# METADATA
# title: Claims
# description: The claims that a set's volumes stand for, each by the name of its volume.
claims(sts) := object.union(_named(sts), _templates(sts))

# METADATA
# title: Claim
# description: The storage of a volume, in words; undefined for a volume that does not use a claim.
claim(sts, volume) := claims(sts)[volume]

# METADATA
# title: Uses
# description: Where a container finds claims, as a set of {claim, at}.
uses(sts, container) := {{"claim": behind, "at": _place(mount)} |
	behind_volumes := claims(sts)
	some mount in _mounts(container)
	behind := behind_volumes[mount.name]
}

# METADATA
# title: Pairs
# description: |
#   The containers before and after an update, as {old, new, path}: paired by name, then by a claim that both find at
#   one place. The path leads to the new one. Containers that have no counterpart are left out.
pairs(entry) := [{"old": old, "new": new, "path": ["spec", "template", "spec", "containers", index]} |
	some old in _containers(entry.old)
	some index, new in _containers(entry.object)
	_same(entry, old, new)
]

# METADATA
# title: Lost
# description: |
#   What containers found before an update and do not find after it, as {container, claim, at, now, path}: now is where
#   the claim is found instead, "" for nowhere.
lost(entry) := array.concat(
	[loss |
		some pair in pairs(entry)
		after := uses(entry.object, pair.new)
		some use in uses(entry.old, pair.old)
		not use in after
		loss := {
			"container": pair.new.name,
			"claim": use.claim,
			"at": use.at,
			"now": concat(", ", sort([other.at | some other in after; other.claim == use.claim])),
			"path": array.concat(pair.path, ["volumeMounts"]),
		}
	],
	[loss |
		some old in _containers(entry.old)
		not _paired(entry, old)
		some use in uses(entry.old, old)
		not use in _anywhere(entry.object)
		not _shared(entry, old, use)
		loss := {
			"container": old.name,
			"claim": use.claim,
			"at": use.at,
			"now": "",
			"path": ["spec", "template", "spec", "containers"],
		}
	],
)

_same(_, old, new) if old.name == new.name

_same(entry, old, new) if {
	old.name != new.name
	not _keeps_name(entry.object, old)
	not _keeps_name(entry.old, new)
	count(uses(entry.old, old) & uses(entry.object, new)) > 0
}

_keeps_name(sts, container) if {
	some other in _containers(sts)
	other.name == container.name
}

_paired(entry, old) if {
	some pair in pairs(entry)
	pair.old == old
}

_anywhere(sts) := {use | some container in _containers(sts); some use in uses(sts, container)}

# A sidecar that goes takes nothing with it while the container of the data stays.
_shared(entry, old, use) if {
	some pair in pairs(entry)
	pair.old.name != old.name
	some other in uses(entry.old, pair.old)
	other.claim == use.claim
}

_containers(sts) := [container | some container in sts.spec.template.spec.containers]

_mounts(container) := array.concat(
	[mount | some mount in container.volumeMounts],
	[device | some device in container.volumeDevices],
)

_place(mount) := sprintf("%s (subPath %s)", [_path(mount), mount.subPath]) if {
	not object.get(mount, "subPath", "") in {"", null}
} else := sprintf("%s (subPathExpr %s)", [_path(mount), mount.subPathExpr]) if {
	not object.get(mount, "subPathExpr", "") in {"", null}
} else := _path(mount)

_path(mount) := object.get(mount, "mountPath", object.get(mount, "devicePath", ""))

# A claim template hides a volume of its name. Source: updateStorage in
# pkg/controller/statefulset/stateful_set_utils.go.
_templates(sts) := {template.metadata.name: sprintf("claim template %q", [template.metadata.name]) |
	some template in sts.spec.volumeClaimTemplates
}

_named(sts) := {volume.name: sprintf("claim %q", [volume.persistentVolumeClaim.claimName]) |
	some volume in _volumes(sts)
	is_string(volume.persistentVolumeClaim.claimName)
}

_volumes(value) := object.get(value, ["spec", "volumes"], []) if {
	value.kind == "Pod"
} else := object.get(value, ["spec", "template", "spec", "volumes"], [])
