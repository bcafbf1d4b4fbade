# METADATA
# title: A database has its data on a claim
# description: |
#   What a database writes into an emptyDir goes with the pod, and what it writes into its container goes with a
#   restart. A hostPath stays on one node. The data paths are those that the images document; parameter `paths` adds
#   others.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/storage/volumes/#emptydir
# custom:
#   severity: warn
#   on:
#     statefulsets: [CREATE, UPDATE]
#   params:
#     paths:
#       type: array
#       default: []
#       description: More data paths, each after the last part of an image's name, as mydb=/var/lib/mydb
#   fix: add a volumeClaimTemplate and mount it there
#   since: v0.1.0
package stateward.rules.storage["ephemeral-data"]

import data.stateward.lib.config
import data.stateward.lib.image
import data.stateward.lib.mounts
import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {
	"path": array.concat(database.path, ["volumeMounts", index, "mountPath"]),
	"what": sprintf("%s of %s is %s: %s", [mount.mountPath, database.name, kind, loss]),
}) if {
	some entry in review.statefulsets
	some database in _databases(entry.object, config.param(rego.metadata.chain(), "paths"))
	some index, mount in database.container.volumeMounts
	_holds(mount.mountPath, database.paths)
	some volume in entry.object.spec.template.spec.volumes
	volume.name == mount.name
	some kind, loss in _losses
	is_object(volume[kind])
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": database.path,
	"what": sprintf("%s writes into its container, with no volume at %s: a restart loses the data", [
		database.name,
		concat(" or ", database.paths),
	]),
}) if {
	some entry in review.statefulsets
	some database in _databases(entry.object, config.param(rego.metadata.chain(), "paths"))
	object.get(entry.object, ["spec", "volumeClaimTemplates"], null) in {null, []}
	every mount in object.get(database.container, "volumeMounts", []) {
		not _holds(mount.mountPath, database.paths)
		not mount.name in _claimed(entry.object)
	}
}

# A variable may lead the data to any claim that is mounted.
_claimed(sts) := {volume.name |
	some volume in sts.spec.template.spec.volumes
	is_object(volume.persistentVolumeClaim)
}

_losses := {"emptyDir": "the data goes with the pod", "hostPath": "the data stays on one node"}

_databases(sts, more) := [{"path": item.path, "container": item.container, "name": name, "paths": paths} |
	some item in image.containers(sts)
	item.path[3] == "containers"
	parts := split(image.parse(item.container.image).repository, "/")
	name := parts[count(parts) - 1]
	paths := array.concat(object.get(_paths, name, []), [path |
		some one in more
		[name, path] = split(one, "=")
	])
	paths != []
]

# A volume at the path, or at a folder that it lies in; a file below it is no place for the data.
_holds(mounted, paths) if {
	some path in paths
	mounts.is_below(path, mounted)
}

# Sources: the images' pages on hub.docker.com.
_paths := {
	"postgres": ["/var/lib/postgresql/data", "/var/lib/postgresql"],
	"postgresql": ["/bitnami/postgresql"],
	"mysql": ["/var/lib/mysql", "/bitnami/mysql"],
	"mariadb": ["/var/lib/mysql", "/bitnami/mariadb"],
	"mongo": ["/data/db"],
	"mongodb": ["/bitnami/mongodb"],
	"elasticsearch": ["/usr/share/elasticsearch/data", "/bitnami/elasticsearch/data"],
	"cassandra": ["/var/lib/cassandra", "/bitnami/cassandra"],
	"rabbitmq": ["/var/lib/rabbitmq", "/bitnami/rabbitmq"],
	"influxdb": ["/var/lib/influxdb", "/var/lib/influxdb2"],
	"clickhouse-server": ["/var/lib/clickhouse"],
	"neo4j": ["/data"],
	"couchdb": ["/opt/couchdb/data"],
	"qdrant": ["/qdrant/storage"],
}
