# METADATA
# title: The data stays where the containers look for it
# description: |
#   A claim keeps its data when its mount changes, but the container no longer finds it: at another path, below another
#   subPath or behind another claim it starts empty, and often initialises a new database there. The same happens when a
#   variable such as PGDATA, an argument such as --data-dir, or a variable that a `subPathExpr` names changes, when the
#   working directory leaves the claim, or when another volume covers the folder. Other variables whose value is a
#   folder of a claim are warned of. Disks and folders outside of claims, such as those of an NFS server or of the node
#   (`hostPath`), are judged like claims. So is a set that is created again over pods that run with the claims of
#   templates of other names, or that find their claims elsewhere. Other volumes below the claim's mount, other users
#   and groups, and read-only mounts are warned of, because files may become unreadable. PostgreSQL images of version 18
#   and later, and those that are made from them, keep their data below /var/lib/postgresql, so a claim that is mounted
#   at /var/lib/postgresql/data stays empty.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/storage/volumes/
#   - ref: https://github.com/docker-library/postgres/pull/1259
# custom:
#   severity: deny
#   confirm: true
#   dataLoss: true
#   on:
#     statefulsets: [CREATE, UPDATE]
#   reads: [pods, controllerrevisions, persistentvolumeclaims]
#   params:
#     variables:
#       type: array
#       default: [PGDATA, POSTGRESQL_DATA_DIR, POSTGRESQL_VOLUME_DIR, MYSQL_DATADIR, MARIADB_DATADIR, MONGODB_DATA_DIR,
#         ETCD_DATA_DIR, CASSANDRA_DATA_DIR, MSSQL_DATA_DIR, KAFKA_LOG_DIRS, KAFKA_CFG_LOG_DIRS, ZOO_DATA_DIR,
#         ZOO_DATA_LOG_DIR, REDIS_DATA_DIR, DATA_DIR, path.data, CONSUL_DATA_DIR, ELASTICSEARCH_DATA_DIR,
#         NEO4J_server_directories_data, NEO4J_dbms_directories_data, RABBITMQ_MNESIA_BASE, RABBITMQ_MNESIA_DIR,
#         INFLUXD_BOLT_PATH, INFLUXD_ENGINE_PATH, QDRANT__STORAGE__STORAGE_PATH, PERSISTENCE_DATA_PATH, SOLR_HOME,
#         RABBITMQ_NODENAME, RABBITMQ_NODE_NAME, MINIO_VOLUMES, GF_PATHS_DATA]
#       description: Environment variables that tell a container where its data is
#     options:
#       type: array
#       default: [data-dir, datadir, data_dir, dataDir, data-path, dbpath, db-path, data_directory, D, path.data, data,
#         dir, store, store_dir, sd, storage.tsdb.path, storageDataPath, log.dirs, storage-path]
#       description: Options of a container's command that tell it where its data is, without dashes before them
#   fix: keep the mount as it is
#   since: v0.1.0
package stateward.rules.storage["data-path"]

import data.stateward.lib.claim
import data.stateward.lib.cluster
import data.stateward.lib.config
import data.stateward.lib.containers
import data.stateward.lib.defaults
import data.stateward.lib.image
import data.stateward.lib.mounts
import data.stateward.lib.pods
import data.stateward.lib.repository
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.rollout
import data.stateward.lib.running
import data.stateward.lib.told
import data.stateward.lib.users

report contains result.violation(rego.metadata.chain(), entry, {
	"path": loss.path,
	"what": sprintf("container %q no longer finds %s at %s%s", [loss.container, loss.claim, loss.at, _instead(loss)]),
	"touched": true,
}) if {
	some entry in _updates
	some loss in containers.lost(entry)
}

# Others may have put folders of the node into a pod.
report contains result.violation(rego.metadata.chain(), update.request, object.union(_way_out(update.request), {
	"path": loss.path,
	"what": sprintf("container %q no longer finds %s of %s at %s%s", [
		loss.container,
		loss.claim,
		update.of,
		loss.at,
		_instead(loss),
	]),
	"touched": true,
})) if {
	some update in running.updates
	some loss in containers.lost(update)
	startswith(loss.claim, "claim ")
}

report contains result.violation(rego.metadata.chain(), _request(entry), {
	"path": array.concat(pair.new.path, ["env"]),
	"what": sprintf("%s changes from %s%s to %s: the container looks for its data elsewhere", [
		name,
		_value(pair.old.container, name),
		_of(entry),
		_value(pair.new.container, name),
	]),
	"fix": _keep(entry, name),
	"touched": true,
}) if {
	some entry in _pasts
	some pair in containers.main_pairs(entry)
	count(mounts.uses(entry.old, pair.old.container)) > 0
	object.get(pair.new.container, "env", null) != object.get(pair.old.container, "env", null)
	some name in (_in_paths(entry.old, pair.old.container) | {name |
		some name in config.param(rego.metadata.chain(), "variables")
	})
	_differs(pair, name)
}

report contains result.violation(rego.metadata.chain(), _request(entry), {
	"path": array.concat(pair.new.path, [_list(pair.new.container)]),
	"what": sprintf("option %s changes from %q%s to %s: the container looks for its data elsewhere", [
		option.name,
		option.value,
		_of(entry),
		concat(", ", [sprintf("%q", [value]) | some value in after]),
	]),
	"fix": _keep(entry, option.name),
	"touched": true,
}) if {
	names := config.param(rego.metadata.chain(), "options")
	some entry in _pasts
	some pair in containers.main_pairs(entry)
	some option in _gone(entry, pair, names)
	after := sort({other.value | some other in told.options(pair.new.container, names); other.name == option.name})
	after != []
}

report contains result.violation(rego.metadata.chain(), _request(entry), {
	"path": array.concat(pair.new.path, ["workingDir"]),
	"what": sprintf("the container no longer works in %q%s: it finds nothing of what it keeps there", [
		before,
		_of(entry),
	]),
	"fix": _keep(entry, "workingDir"),
	"touched": true,
}) if {
	some entry in _pasts
	some pair in containers.main_pairs(entry)
	before := pair.old.container.workingDir
	told.in_a_claim(entry.old, pair.old.container, before)
	mounts.clean(object.get(pair.new.container, "workingDir", "")) != mounts.clean(before)
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": array.concat(pair.new.path, [_list(pair.new.container)]),
	"what": sprintf("option %s is gone, which was %q: the container may look for its data elsewhere", [
		option.name,
		option.value,
	]),
	"fix": sprintf("make sure that the data is still found, or keep %s", [option.name]),
}) if {
	names := config.param(rego.metadata.chain(), "options")
	some entry in _updates
	some pair in containers.main_pairs(entry)
	some option in _gone(entry, pair, names)
	not option.name in {other.name | some other in told.options(pair.new.container, names)}
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": array.concat(pair.new.path, ["env"]),
	"what": sprintf("%s changes from %q to %s: what lies in this folder of a claim may no longer be found", [
		variable.name,
		variable.value,
		_value(pair.new.container, variable.name),
	]),
	"fix": sprintf("make sure that the data is still found, or keep %s as it is", [variable.name]),
}) if {
	names := config.param(rego.metadata.chain(), "variables")
	some entry in _updates
	some pair in containers.main_pairs(entry)
	object.get(pair.new.container, "env", null) != object.get(pair.old.container, "env", null)
	some variable in pair.old.container.env
	not variable.name in names
	told.in_a_claim(entry.old, pair.old.container, variable.value)
	_differs(pair, variable.name)
	not told.names(pair.new.container, mounts.clean(variable.value))
}

report contains result.at(_level(rego.metadata.chain(), pair.new.container, cover.at), rego.metadata.chain(), entry, {
	"path": array.concat(pair.new.path, ["volumeMounts"]),
	"what": sprintf("volume %q covers %s in container %q: what %s holds there is out of sight", [
		cover.volume,
		cover.at,
		pair.new.container.name,
		cover.claim,
	]),
	"fix": "mount it outside of the claim",
	"touched": true,
}) if {
	some entry in _updates
	some pair in containers.main_pairs(entry)
	some cover in (mounts.covers(entry.object, pair.new.container) - mounts.covers(entry.old, pair.old.container))
	some before in pair.old.container.volumeMounts
	before.mountPath == cover.mount
	mounts.claim(entry.old, before.name) == cover.claim
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "volumeClaimTemplates"],
	"what": sprintf("pod %s runs with claim %q, which no template here makes: it starts again without this data", [
		left.pod,
		left.claim,
	]),
	"fix": "give the templates the names that they had",
}) if {
	some entry in review.statefulsets
	entry.operation == "CREATE"
	left := _left_behind(entry)[0]
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": array.concat(pair.new.path, ["volumeMounts"]),
	"what": sprintf("%s becomes read-only in container %q", [mount.name, pair.new.container.name]),
	"fix": "make sure that nothing writes to it",
}) if {
	some entry in _updates
	some pair in containers.main_pairs(entry)
	some mount in pair.new.container.volumeMounts
	mounts.is_read_only(entry.object, mount)
	some before in pair.old.container.volumeMounts
	before.mountPath == mount.mountPath
	before.name == mount.name
	not mounts.is_read_only(entry.old, before)
	mounts.claim(entry.old, mount.name)
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": change.path,
	"what": sprintf("%s: existing files may become unreadable", [change.what]),
	"fix": "make sure that the new user can read the data",
}) if {
	some entry in _updates
	some change in users.changes(entry)
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": array.concat(item.path, ["volumeMounts"]),
	"what": sprintf("%q keeps its data below /var/lib/postgresql: the claim at %s stays empty", [
		item.container.image,
		mount.mountPath,
	]),
	"fix": "mount the claim at /var/lib/postgresql, or set PGDATA to a path below the mount",
}) if {
	some entry in review.statefulsets
	some item in image.containers(entry.object)
	some mount in item.container.volumeMounts
	trim_suffix(mount.mountPath, "/") == "/var/lib/postgresql/data"
	_is_postgres_18(item.container.image)
	mounts.claim(entry.object, mount.name)
	_variable(item.container, "PGDATA") == null
}

# Nothing is stored yet that could be confirmed.
_way_out(entry) := {"fix": "create it with the mount as it is first, then change it by an update"} if {
	entry.operation == "CREATE"
} else := {}

_keep(entry, name) := sprintf("keep %s as it is", [name]) if {
	_request(entry).operation != "CREATE"
} else := sprintf("create it with %s as it was first, then change it by an update", [name])

_updates := [entry |
	some entry in review.statefulsets
	rollout.changes(entry)
	_way(entry.object) != _way(entry.old)
]

# Others may have put folders of the node into a pod, but hardly variables and options.
_pasts := array.concat(_updates, running.updates)

_request(entry) := object.get(entry, "request", entry)

_of(entry) := sprintf(" of %s", [entry.of]) if {
	entry.request
} else := ""

# All that leads containers to their data. Most updates change an image and nothing of this.
_way(sts) := [
	object.get(sts, ["spec", "volumeClaimTemplates"], null),
	object.get(sts, ["spec", "template", "spec", "volumes"], null),
	object.get(sts, ["spec", "template", "spec", "securityContext"], null),
	[[item.path, [object.get(item.container, field, null) | some field in _fields]] | some item in image.containers(sts)],
]

_fields := ["name", "command", "args", "workingDir", "env", "volumeMounts", "volumeDevices", "securityContext"]

# The options that led to a folder of a claim, and that the new container does not have, in whatever form.
_gone(entry, pair, names) := {option |
	_words(pair.old.container) != _words(pair.new.container)
	some option in told.options(pair.old.container, names)
	told.in_a_claim(entry.old, pair.old.container, option.value)
	not _still_told(pair.new.container, option, names)
}

_still_told(container, option, _) if told.says(container, option.value)

# Where the option is still there, it counts and not a variable.
_still_told(container, option, names) if {
	told.names(container, option.value)
	not option.name in {other.name | some other in told.options(container, names)}
}

_words(container) := [object.get(container, "command", null), object.get(container, "args", null)]

_list(container) := "args" if {
	container.args
} else := "command"

# The claims of pods that run and that a set, deleted without them, made for them by templates of other names.
_left_behind(entry) := [{"pod": made.name, "claim": name} |
	some made in claim.of_pods(entry.object, 0, defaults.replicas(entry.object))
	pod := cluster.pod(entry.namespace, made.name)
	not pods.has_ended(pod)
	some volume in pod.spec.volumes
	name := volume.persistentVolumeClaim.claimName
	endswith(name, sprintf("-%s", [made.name]))
	not name in {each.name | some each in made.claims}
]

# The variables that lead to a folder within a claim.
_in_paths(sts, container) := {match[1] |
	some mount in container.volumeMounts
	is_string(mount.subPathExpr)
	mounts.claim(sts, mount.name)
	some match in regex.find_all_string_submatch_n(`\$\(([-._A-Za-z][-._0-9A-Za-z]*)\)`, mount.subPathExpr, -1)
}

_instead(loss) := "" if {
	loss.now == ""
} else := sprintf(", it finds it at %s", [loss.now])

# Of several variables with one name the last counts.
_variable(container, name) := object.remove(found[count(found) - 1], ["name"]) if {
	found := [each | some each in container.env; each.name == name]
	count(found) > 0
} else := null

_differs(pair, name) if {
	before := _variable(pair.old.container, name)
	after := _variable(pair.new.container, name)
	before != after
	not _is_one_folder(before, after)
}

_is_one_folder(before, after) if mounts.clean(before.value) == mounts.clean(after.value)

_value(container, name) := "nothing" if {
	_variable(container, name) == null
} else := "a reference" if {
	_variable(container, name).valueFrom
} else := sprintf("%q", [object.get(_variable(container, name), "value", "")])

# Where a variable names the folder, or one around it, the data itself goes out of sight.
_level(chain, container, covered) := "deny" if {
	some name in config.param(chain, "variables")
	_is_near(_variable(container, name).value, covered)
} else := "warn"

_is_near(folder, covered) if mounts.is_below(folder, covered)

_is_near(folder, covered) if mounts.is_below(covered, folder)

# The major version is before the first dash, or behind pg in the tags of extensions.
_is_postgres_18(reference) if {
	repository.of_postgres(image.parse(reference).repository)
	some match in regex.find_all_string_submatch_n(`^(?:.*[-_.])?pg(\d{1,9})|^(\d{1,9})`, image.parse(reference).tag, 1)
	to_number(concat("", [match[1], match[2]])) >= 18
}
