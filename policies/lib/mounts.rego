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
# description: The claim behind a volume, as people say it; undefined for other volumes.
claim(sts, volume) := claims(sts)[volume]

# METADATA
# title: Uses
# description: Where a container finds claims, as a set of {claim, at}.
uses(sts, container) := {{"claim": behind, "at": _place(mount)} |
	behind_volumes := claims(sts)
	some mount in _mounts(container)
	behind := behind_volumes[mount.name]
}

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
