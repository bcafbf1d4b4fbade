# METADATA
# title: A database has its data on a claim
# description: |
#   What a database writes into an emptyDir or an ephemeral volume goes with the pod, and what it writes into its
#   container goes with a restart. A hostPath stays on one node. The data paths are those that the images document, or
#   that a variable or an option names, as PGDATA and --dbpath do; parameter `paths` adds others. Caches, such as Redis,
#   are not judged.
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
import data.stateward.lib.program
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.told

report contains result.violation(rego.metadata.chain(), entry, {
	"path": array.concat(database.path, ["volumeMounts", index, "mountPath"]),
	"what": sprintf("%s of %s is %s: %s", [mount.mountPath, database.name, kind, loss]),
}) if {
	some [entry, database] in _known
	some index, mount in database.container.volumeMounts
	_holds(mount.mountPath, array.concat(database.paths, database.usual))
	some volume in entry.object.spec.template.spec.volumes
	volume.name == mount.name
	some kind, loss in _losses
	is_object(volume[kind])
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": database.path,
	"what": sprintf("%s writes into its container, with no volume at %s: a restart loses the data", [
		database.name,
		concat(" or ", array.slice(database.paths, 0, _shown)),
	]),
}) if {
	some [entry, database] in _known
	database.paths != []
	object.get(entry.object, ["spec", "volumeClaimTemplates"], null) in {null, []}
	claimed := _claimed(entry.object)
	files := mounts.files(entry.object)
	every mount in object.get(database.container, "volumeMounts", []) {
		not _holds(mount.mountPath, database.paths)
		not mount.name in claimed
		not _lies_in(mount, database.paths, files)
	}
}

_known := [[entry, database] |
	more := config.param(rego.metadata.chain(), "paths")
	some entry in review.statefulsets
	some database in _databases(entry.object, more)
]

# A variable may lead the data to any claim that is mounted.
_claimed(sts) := {volume.name |
	some volume in sts.spec.template.spec.volumes
	is_object(volume.persistentVolumeClaim)
}

# The outer folders come first in the table.
_shown := 2

_losses := {
	"emptyDir": "the data goes with the pod",
	"ephemeral": "the data goes with the pod",
	"hostPath": "the data stays on one node",
}

# usual are paths that charts and manuals give to images that have none of their own.
_databases(sts, more) := [database |
	some item in image.containers(sts)
	image.keeps_running(item)
	base := program.base(item.container.image)
	_may_be_known(base, program.name(base), more)
	database := {
		"path": item.path,
		"container": item.container,
		"name": base,
		"paths": _paths_of(item.container, base, more),
		"usual": object.get(_usual, program.name(base), []),
	}
	array.concat(database.paths, database.usual) != []
]

# What has options that lead to its data has a path too.
_may_be_known(_, name, _) if _paths[name]

_may_be_known(_, name, _) if _usual[name]

_may_be_known(base, _, more) if {
	some one in more
	startswith(one, base)
}

_paths_of(container, base, more) := sort(folders) if {
	folders := _told(container, object.get(_leads, program.name(base), []))
	count(folders) > 0
} else := array.concat(object.get(_paths, program.name(base), []), [path |
	some one in more
	[base, path] = split(one, "=")
])

_told(container, leads) := {option.value |
	some option in told.options(container, leads)
	startswith(option.value, "/")
} | {variable.value |
	some variable in container.env
	variable.name in leads
	startswith(variable.value, "/")
}

# A volume at the path, or at a folder that it lies in.
_holds(mounted, paths) if {
	some path in paths
	mounts.is_below(path, mounted)
}

# A volume below the path may hold the data; a file is no place for it.
_lies_in(mount, paths, files) if {
	not mount.name in files
	some path in paths
	mounts.is_below(mount.mountPath, path)
}

# Variables and options that name the folder of the data.
_leads := {
	"cassandra": ["CASSANDRA_DATA_DIR"],
	"cockroach": ["store", "s"],
	"elasticsearch": ["path.data"],
	"etcd": ["data-dir", "ETCD_DATA_DIR"],
	"kafka": ["KAFKA_LOG_DIRS", "log.dirs"],
	"mariadb": ["datadir"],
	"mongodb": ["dbpath"],
	"mssql": ["MSSQL_DATA_DIR"],
	"mysql": ["datadir"],
	"opensearch": ["path.data"],
	"pgvector": ["PGDATA", "D", "data_directory"],
	"postgis": ["PGDATA", "D", "data_directory"],
	"postgres": ["PGDATA", "D", "data_directory"],
	"timescaledb": ["PGDATA", "D", "data_directory"],
}

# Sources: the images' pages on hub.docker.com, quay.io, ghcr.io and mcr.microsoft.com, and their Dockerfiles.
_paths := {
	"arangodb": ["/var/lib/arangodb3"],
	"cassandra": ["/var/lib/cassandra", "/bitnami/cassandra", "/var/lib/cassandra/data", "/bitnami/cassandra/data"],
	"clickhouse": ["/var/lib/clickhouse", "/bitnami/clickhouse"],
	"couchbase": ["/opt/couchbase/var"],
	"couchdb": ["/opt/couchdb/data"],
	"elasticsearch": ["/usr/share/elasticsearch/data", "/bitnami/elasticsearch/data"],
	"eventstore": ["/var/lib/eventstore"],
	"influxdb": ["/var/lib/influxdb", "/var/lib/influxdb2"],
	"mariadb": ["/var/lib/mysql", "/bitnami/mariadb", "/bitnami/mariadb/data"],
	"mariadb-galera": ["/bitnami/mariadb", "/bitnami/mariadb/data"],
	"mongodb": ["/data/db", "/bitnami/mongodb", "/bitnami/mongodb/data/db"],
	"meilisearch": ["/meili_data"],
	"mssql": ["/var/opt/mssql", "/var/opt/mssql/data"],
	"mysql": ["/var/lib/mysql", "/bitnami/mysql", "/bitnami/mysql/data"],
	"neo4j": ["/data"],
	"opensearch": ["/usr/share/opensearch/data", "/bitnami/opensearch/data"],
	"percona": ["/var/lib/mysql"],
	"percona-xtradb-cluster": ["/var/lib/mysql"],
	"pgvector": ["/var/lib/postgresql/data", "/var/lib/postgresql"],
	"postgis": ["/var/lib/postgresql/data", "/var/lib/postgresql"],
	"postgres": ["/var/lib/postgresql/data", "/var/lib/postgresql"],
	"postgresql": ["/bitnami/postgresql", "/var/lib/postgresql/data", "/bitnami/postgresql/data", "/var/lib/pgsql/data"],
	"postgresql-repmgr": ["/bitnami/postgresql", "/bitnami/postgresql/data"],
	"qdrant": ["/qdrant/storage"],
	"questdb": ["/var/lib/questdb"],
	"rabbitmq": ["/var/lib/rabbitmq", "/bitnami/rabbitmq", "/var/lib/rabbitmq/mnesia", "/bitnami/rabbitmq/mnesia"],
	"ravendb": ["/var/lib/ravendb", "/var/lib/ravendb/data"],
	"scylla": ["/var/lib/scylla", "/var/lib/scylla/data"],
	"solr": ["/var/solr"],
	"tarantool": ["/var/lib/tarantool"],
	"timescaledb": ["/var/lib/postgresql/data", "/var/lib/postgresql"],
}

_usual := {
	"cockroach": ["/cockroach/cockroach-data"],
	"consul": ["/consul/data"],
	"dgraph": ["/dgraph"],
	"etcd": ["/var/lib/etcd", "/etcd-data", "/bitnami/etcd", "/bitnami/etcd/data"],
	"kafka": ["/var/lib/kafka/data", "/bitnami/kafka", "/bitnami/kafka/data"],
	"minio": ["/data", "/bitnami/minio/data"],
	"vault": ["/vault/data"],
	"weaviate": ["/var/lib/weaviate"],
	"zookeeper": ["/data", "/bitnami/zookeeper", "/bitnami/zookeeper/data", "/var/lib/zookeeper/data"],
}
