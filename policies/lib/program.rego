# METADATA
# title: Programs
# description: |
#   Which program an image runs, by its name. Publishers set other words around the name of the program:
#   kafka-native, kubernetes-zookeeper, mongodb-community-server, vault-enterprise.
package stateward.lib.program

import data.stateward.lib.image
import data.stateward.lib.repository

# Names of images that do not contain the name of the program.
_aliases := {
	"cockroachdb": "cockroach",
	"azure-sql-edge": "mssql",
	"cp-server": "kafka",
	"mssql-server-linux": "mssql",
	"mongo": "mongodb",
	"percona-server-mongodb": "mongodb",
}

# Editions, architectures and packagings, which change nothing of how the program keeps its data.
_editions := {
	"alpine", "amd64", "arm64", "ce", "chainguard", "community", "cp", "debian", "ee", "enterprise", "fips", "hardened",
	"kubernetes", "native", "oss", "rhel", "server", "ubi", "ubi8", "ubi9", "ubuntu", "wolfi",
}

# METADATA
# title: Name
# description: The program in an image, by the last part of its repository.
name(base) := object.get(_aliases, base, _program(base))

_program(base) := program if {
	program := _without_editions(base)
	program != ""
} else := base

_without_editions(base) := concat("-", [word |
	some word in split(base, "-")
	not word in _editions
])

# METADATA
# title: Base
# description: |
#   The last part of the repository of a reference that says more than an edition: mssql of
#   mcr.microsoft.com/mssql/server. Undefined for what no runtime would pull.
base(reference) := name if {
	parts := split(image.parse(reference).repository, "/")
	names := [part | some index, part in parts; index > 0; _without_editions(part) != ""]
	name := names[count(names) - 1]
} else := repository.base(image.parse(reference).repository)
