# METADATA
# title: References
# description: |
#   The objects that pods cannot start without, as a pod's spec or a StatefulSet names them. Sources: PodSpec,
#   Container, Volume and PersistentVolumeClaimSpec in k8s.io/api/core/v1.
package stateward.lib.references

# METADATA
# title: Named by a pod
# description: |
#   The names of one kind of object in the spec of a pod, as a set of [name, optional]. A Secret or ConfigMap is
#   optional where the pod says that it starts without it.
# scope: document
of_pod(spec, "Secret") := union({
	_of_containers(spec, "secretKeyRef", "secretRef"),
	_of_projections(spec, "secret"),
	_secrets_of_volumes(spec),
	{[pull.name, false] | some pull in spec.imagePullSecrets},
})

of_pod(spec, "ConfigMap") := union({
	_of_containers(spec, "configMapKeyRef", "configMapRef"),
	_of_projections(spec, "configMap"),
	{_reference(volume.configMap) | some volume in spec.volumes},
})

of_pod(spec, kind) := {[name, false] | name := spec[_fields[kind]]} if kind in object.keys(_fields)

_fields := {"ServiceAccount": "serviceAccountName", "PriorityClass": "priorityClassName"}

# METADATA
# title: Named by a StatefulSet
# description: The same of the pods of a StatefulSet and of the claims that it makes.
# scope: document
of_set(sts, "StorageClass") := {[template.spec.storageClassName, false] |
	some template in sts.spec.volumeClaimTemplates
}

of_set(sts, kind) := of_pod(sts.spec.template.spec, kind) if kind != "StorageClass"

_of_containers(spec, variable, source) := union({
	{_reference(each.valueFrom[variable]) |
		some container in _containers(spec)
		some each in container.env
	},
	{_reference(each[source]) |
		some container in _containers(spec)
		some each in container.envFrom
	},
})

_containers(spec) := array.concat(_list(spec, "initContainers"), _list(spec, "containers"))

default _list(_, _) := []

_list(spec, name) := spec[name] if is_array(spec[name])

_of_projections(spec, source) := {_reference(each[source]) |
	some volume in spec.volumes
	some each in volume.projected.sources
}

_secrets_of_volumes(spec) := {[_secret(source), object.get(source, "optional", false)] |
	some volume in spec.volumes
	some source in volume
	is_object(source)
}

# All types of volumes call it one of these.
_secret(source) := [name |
	some name in [
		object.get(source, "secretName", null),
		object.get(source, ["secretRef", "name"], null),
		object.get(source, ["nodePublishSecretRef", "name"], null),
	]
	is_string(name)
][0]

_reference(source) := [source.name, object.get(source, "optional", false)]
