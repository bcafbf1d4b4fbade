# METADATA
# title: Mounts
# description: |
#   Where the containers of a pod template find the data of claims: of the set's own claim templates, and of claims that
#   the template's volumes name. Folders of a file server or of the node, which outlive the pod too, count as claims.
package stateward.lib.mounts

# METADATA
# title: Claims
# description: The claims that a set's volumes stand for, each by the name of its volume.
claims(sts) := object.union_n([_folders(sts), _named(sts), _templates(sts)])

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

# METADATA
# title: Writable
# description: The claims that a container may write to.
writable(sts, container) := {claims(sts)[mount.name] |
	some mount in _mounts(container)
	not is_read_only(sts, mount)
}

# METADATA
# title: Is read-only
# description: True for a mount that a container cannot write to, because of the mount or of its volume.
# scope: document
is_read_only(_, mount) if mount.readOnly == true

is_read_only(sts, mount) if {
	some volume in _volumes(sts)
	volume.name == mount.name
	some kind in (object.keys(_places) | {"persistentVolumeClaim"})
	volume[kind].readOnly == true
}

# METADATA
# title: Covers
# description: |
#   Other volumes that a container mounts below the mount of a claim, as a set of {volume, at, claim, mount}: what the
#   claim holds there is out of sight. Files of ConfigMaps and Secrets are meant to lie there.
covers(sts, container) := {{"volume": mount.name, "at": mount.mountPath, "claim": behind, "mount": outer.mountPath} |
	some outer in container.volumeMounts
	behind := claim(sts, outer.name)
	some mount in container.volumeMounts
	mount.name != outer.name
	is_below(mount.mountPath, outer.mountPath)
	not mount.name in files(sts)
}

# METADATA
# title: Is below
# description: True for a path within a folder, and for the folder itself.
is_below(path, folder) if startswith(_folder(path), _folder(folder))

_folder(path) := sprintf("%s/", [clean(path)])

# METADATA
# title: Files
# description: The volumes that hold files of the API, such as a ConfigMap, by name.
files(sts) := {volume.name |
	some volume in _volumes(sts)
	some kind in ["configMap", "secret", "projected", "downwardAPI"]
	is_object(volume[kind])
}

_mounts(container) := array.concat(
	[mount | some mount in container.volumeMounts],
	[device | some device in container.volumeDevices],
)

_place(mount) := sprintf("%s (subPath %s)", [_path(mount), _folder_of(mount)]) if {
	not _folder_of(mount) in {"", "."}
} else := sprintf("%s (subPathExpr %s)", [_path(mount), mount.subPathExpr]) if {
	not object.get(mount, "subPathExpr", "") in {"", null}
} else := _path(mount)

# METADATA
# title: Clean
# description: |
#   The shortest form of a path: /data/, //data and /data/. are /data. What leads upwards stays: links may lie there.
clean(path) := trim_suffix(regex.replace(regex.replace(path, `/(?:\./)+`, "/"), `/+(?:\.$)?`, "/"), "/")

_path(mount) := clean(object.get(mount, "mountPath", object.get(mount, "devicePath", "")))

_folder_of(mount) := clean(trim_prefix(path, "./")) if {
	path := object.get(mount, "subPath", "")
	is_string(path)
} else := ""

# A claim template hides a volume of its name. Source: updateStorage in
# pkg/controller/statefulset/stateful_set_utils.go.
_templates(sts) := {template.metadata.name: sprintf("claim template %q", [template.metadata.name]) |
	some template in sts.spec.volumeClaimTemplates
}

_named(sts) := {volume.name: sprintf("claim %q", [volume.persistentVolumeClaim.claimName]) |
	some volume in _volumes(sts)
	is_string(volume.persistentVolumeClaim.claimName)
}

_folders(sts) := {volume.name: sprintf("%s volume %q", [kind, place]) |
	some volume in _volumes(sts)
	some kind, fields in _places
	is_object(volume[kind])
	not _is_of_files(kind, volume[kind])
	place := concat(":", [text | some field in fields; text := _text(object.get(volume[kind], field, null))])
	not _of_the_system(place)
}

# What names the disk or the folder, by the kind of the volume.
_places := {
	"awsElasticBlockStore": ["volumeID"],
	"azureDisk": ["diskURI"],
	"azureFile": ["shareName"],
	"cephfs": ["monitors", "path"],
	"cinder": ["volumeID"],
	"csi": [
		"driver",
		["volumeAttributes", "server"],
		["volumeAttributes", "share"],
		["volumeAttributes", "shareName"],
		["volumeAttributes", "source"],
	],
	"fc": ["targetWWNs", "lun", "wwids"],
	"gcePersistentDisk": ["pdName"],
	"glusterfs": ["endpoints", "path"],
	"hostPath": ["path"],
	"iscsi": ["targetPortal", "iqn", "lun"],
	"nfs": ["server", "path"],
	"portworxVolume": ["volumeID"],
	"rbd": ["monitors", "pool", "image"],
	"vsphereVolume": ["volumePath"],
}

# Drivers put secrets and certificates into pods too, and let no container write to them.
_is_of_files("csi", source) if source.readOnly == true

_text(value) := value if is_string(value)

_text(value) := sprintf("%v", [value]) if not type_name(value) in {"null", "string"}

# What a container reads of its node holds none of its data.
_of_the_system(path) if {
	regex.match(`^/(?:dev|etc|lib|proc|run|sys|tmp|usr|var/(?:log|run|lib/(?:containerd|docker|kubelet)))(?:/|$)`, path)
}

_of_the_system("/")

_volumes(value) := object.get(value, ["spec", "volumes"], []) if {
	value.kind == "Pod"
} else := object.get(value, ["spec", "template", "spec", "volumes"], [])
