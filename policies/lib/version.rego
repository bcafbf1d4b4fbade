# METADATA
# title: Versions
# description: |
#   What two tags of one image have in common and which of them is the newer, as far as that can be told. A tag is read
#   as one of these schemes: "semver" (numbers, the first of which is the major version), "calendar" (2024.10), "date"
#   (20241001), "release" (RELEASE.2024-10-01T00-00-00Z), "build" (one number of four or more digits). Tags such as
#   `latest`, and commits, follow no scheme.
package stateward.lib.version

import data.stateward.lib.image

# Programs whose version is told beside that of the image, as in 2.11.0-pg14. Numbers after other words are those of a
# base image, a package or a build.
_products := {
	"cassandra", "clickhouse", "cockroach", "consul", "couchbase", "couchdb", "crdb", "elasticsearch", "es", "etcd",
	"galera", "hadoop", "hbase", "influxdb", "kafka", "mariadb", "minio", "mongo", "mongodb", "mysql", "nats", "neo4j",
	"opensearch", "percona", "pg", "pgsql", "postgis", "postgres", "postgresql", "ps", "pxc", "rabbitmq", "redis",
	"scylla", "solr", "spilo", "timescaledb", "ts", "valkey", "vault", "zk", "zookeeper",
}

# Images whose data depends on the first two numbers of their version, so that lower ones cannot read it. A word of a
# repository's last part is enough: cp-kafka and mysql-server.
# Sources: https://www.postgresql.org/support/versioning/, https://dev.mysql.com/doc/refman/8.4/en/downgrading.html,
# https://mariadb.com/kb/en/downgrading-between-major-versions-of-mariadb/, https://etcd.io/docs/v3.6/downgrades/,
# https://www.mongodb.com/docs/manual/release-notes/, https://www.rabbitmq.com/docs/upgrade,
# https://cassandra.apache.org/doc/latest/, https://www.cockroachlabs.com/docs/releases/release-support-policy,
# https://www.elastic.co/docs/deploy-manage/upgrade, https://docs.opensearch.org/latest/install-and-configure/,
# https://docs.pingcap.com/tidb/stable/upgrade-faq,
# https://github.com/redis/redis/blob/unstable/src/rdb.h (RDB_VERSION).
_series := {
	"cass-management-api", "cassandra", "cockroach", "elasticsearch", "etcd", "kafka", "mariadb", "mongo", "mongodb",
	"mysql", "opensearch", "percona-server", "percona-xtradb-cluster", "rabbitmq", "redis", "tikv",
}

_is_serial(base) if base in _series

_is_serial(base) if {
	some word in split(base, "-")
	word in _series
}

# Words before a number that is no version of the program.
_bases := {
	"alpine", "centos", "debian", "fedora", "java", "jdk", "jre", "node", "photon", "python", "rhel", "rocky", "ubi",
	"ubuntu",
}

# METADATA
# title: Scheme
# description: By what scheme a tag is read; undefined for one that follows none.
scheme(tag) := "release" if {
	regex.match(`^RELEASE\.20\d\d-\d\d-\d\dT`, tag)
} else := "date" if {
	regex.match(`^[vV]?20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[-_.+].*)?$`, tag)
} else := "calendar" if {
	version := _version(tag).numbers
	count(version) > 1
	version[0] >= 2000
	version[0] < 2100
	version[1] <= 12
} else := "build" if {
	version := _version(tag).numbers
	count(version) == 1
	version[0] >= 1000
} else := "semver" if {
	_version(tag)
} else := "semver" if {
	count(_named(tag)) > 0
}

# METADATA
# title: Difference
# description: |
#   What is different after a change of the tag, as {kind, what}: kind is "lower-major" (data of the higher version is
#   there), "lower", "major", "series" (the way back may be closed), "prerelease", "variant" or "" (newer, or the same
#   for all that is known). Undefined for tags that cannot be compared. The base is the last part of the repository,
#   which says what the numbers mean.
difference(base, before, after) := {"kind": "", "what": ""} if {
	before == after
	before != ""
} else := _in_order(before, after) if {
	scheme(before) == scheme(after)
	scheme(before) in {"release", "build"}
} else := [change |
	some kind in ["lower-major", "major", "lower", "series", "prerelease", "variant", ""]
	some change in array.concat(_by_name(before, after), _by_number(base, before, after))
	change.kind == kind
][0]

# METADATA
# title: Without number
# description: |
#   A repository whose last part ends in a number, as in spilo-17, as {name, number}; undefined for all others.
numbered(repository) := {"name": match[1], "number": to_number(match[2])} if {
	some match in regex.find_all_string_submatch_n(`^(.*[A-Za-z])[-_]?(\d{1,4})$`, repository, 1)
}

# Some call their major versions by the year, as SQL Server does: 2019-latest, 2022-CU14.
_in_order(before, after) := {"kind": "lower-major", "what": "a lower major version"} if {
	_year(after) < _year(before)
} else := {"kind": "major", "what": "a new major version"} if {
	_year(after) > _year(before)
} else := {"kind": "lower", "what": "an older build"} if {
	_is_older(after, before)
} else := {"kind": "", "what": ""}

_year(tag) := number if {
	[number] = _version(tag).numbers
	number >= 2000
	number < 2100
}

_is_older(left, right) if {
	not _version(left)
	left < right
}

_is_older(left, right) if _less(_build(left), _build(right))

# Cumulative updates count behind the year: 2022-CU14.

_build(tag) := array.concat(_version(tag).numbers, [to_number(match[1]) |
	some match in regex.find_all_string_submatch_n(`^-CU(\d{1,9})`, _version(tag).variant, 1)
])

# Words may come before the version, as in ubi8-15.3-0 and community-7.6.2: then they are part of the variant.
_version(tag) := image.version(tag) if {
	image.version(tag)
} else := {"numbers": found.numbers, "variant": sprintf("%s%s", [match[1], found.variant])} if {
	some match in regex.find_all_string_submatch_n(`^((?:[A-Za-z][0-9A-Za-z]*[-_])+)(\d{1,9}\.\d.*)$`, tag, 1)
	words := regex.split(`[-_]`, lower(match[1]))
	not words[count(words) - 2] in _bases
	found := image.version(match[2])
}

_by_numbers(depth, first, old, new) := {"kind": "lower-major", "what": "a lower major version"} if {
	_less(_take(new.numbers, first), _take(old.numbers, first))
} else := {"kind": "lower-major", "what": "a lower version, whose data format may differ"} if {
	_less(_take(new.numbers, depth), _take(old.numbers, depth))
} else := {"kind": "lower", "what": "a lower version"} if {
	_less(new.numbers, old.numbers)
} else := {"kind": "lower", "what": "a lower version"} if {
	new.numbers == old.numbers
	_less(_revision(new.variant), _revision(old.variant))
} else := {"kind": "lower", "what": "a lower version"} if {
	new.numbers == old.numbers
	image.prerelease(new.variant)
	not image.prerelease(old.variant)
} else := {"kind": "major", "what": "a new major version"} if {
	_less(_take(old.numbers, first), _take(new.numbers, first))
} else := _a_series if {
	first > 0
	depth > first
	_less(_take(old.numbers, depth), _take(new.numbers, depth))
} else := {"kind": "prerelease", "what": "a pre-release is replaced, whose data format may differ"} if {
	old.numbers == new.numbers
	old.variant != new.variant
	image.prerelease(old.variant)
} else := {"kind": "variant", "what": _variant(old.numbers == new.numbers)} if {
	_unnumbered(old.variant) != _unnumbered(new.variant)
} else := {"kind": "", "what": ""}

_a_series := {"kind": "series", "what": "a new release series, whose data the former one may not read"}

# A newer version of a program that the tag names is no other variant, nor is a newer build of the package.
_unnumbered(variant) := regex.replace(
	regex.replace(regex.replace(variant, _revised, "$2"), _rebuilt, ""),
	sprintf(`(?i)([-_+.](?:%s))[-_]?\d{1,9}(?:\.\d{1,9})*`, [concat("|", _products)]),
	"$1",
)

# What packages count beside the version: 16.2-5, 8.0.36-28.1-el9, 16.4.0-debian-12-r14.
_revised := `^-(\d{1,9}(?:\.\d{1,9})*)([-_+.]|$)`

_rebuilt := `-r(\d{1,9})$`

_revision(variant) := [to_number(number) | some number in split(match[1], ".")] if {
	some match in regex.find_all_string_submatch_n(_revised, variant, 1)
} else := [to_number(match[1])] if {
	some match in regex.find_all_string_submatch_n(_rebuilt, variant, 1)
}

_variant(true) := "another variant of the same version (other libraries may sort text differently)"

_variant(false) := "another variant (other libraries may sort text differently)"

# Dates and calendar versions have no major version.
_first("semver", base, tag) := 2 if {
	base in {"postgres", "postgresql"}
	_version(tag).numbers[0] < 10
} else := 1

_first("date", _, _) := 0

_first("calendar", _, _) := 0

_depth("semver", base, tag) := 2 if {
	_is_serial(base)
} else := max([_first("semver", base, tag), _zero(tag)])

_depth("date", _, _) := 0

_depth("calendar", _, _) := 2

# Before 1.0 every second number is a major version.
_zero(tag) := 2 if {
	_version(tag).numbers[0] == 0
} else := 1

_by_number(base, before, after) := [_by_numbers(_depth(scheme(before), base, before), first, old, new) |
	scheme(before) == scheme(after)
	first := _first(scheme(before), base, before)
	old := _version(before)
	new := _version(after)
]

# What the versions of each program that both tags name say of the change.
_by_name(before, after) := [_named_change(name, old[name], new) |
	scheme(before) == "semver"
	scheme(after) == "semver"
	old := _named(before)
	some name, new in _named(after)
]

_named_change(name, old, new) := {"kind": "lower-major", "what": sprintf("a lower major version of %s", [name])} if {
	new[0] < old[0]
} else := {"kind": "major", "what": sprintf("a new major version of %s", [name])} if {
	new[0] > old[0]
} else := {"kind": "lower-major", "what": sprintf("a lower version of %s, whose data format may differ", [name])} if {
	_is_serial(name)
	_less(_take(new, 2), _take(old, 2))
} else := {"kind": "lower", "what": sprintf("a lower version of %s", [name])} if {
	_less(new, old)
} else := _a_series if {
	_is_serial(name)
	_less(_take(old, 2), _take(new, 2))
} else := {"kind": "", "what": ""}

_named(tag) := {name: [to_number(number) | some number in split(match[2], ".")] |
	some match in regex.find_all_string_submatch_n(`(?:^|[-_+.])([A-Za-z]+)[-_]?(\d{1,9}(?:\.\d{1,9})*)`, tag, -1)
	name := lower(match[1])
	name in _products
}

_take(version, most) := array.slice(version, 0, most)

# Numbers that both have are compared: 17 and 17.2 differ in nothing that is known.
_less(left, right) if {
	shared := min([count(left), count(right)])
	array.slice(left, 0, shared) < array.slice(right, 0, shared)
}
