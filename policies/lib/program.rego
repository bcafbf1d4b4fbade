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
	"cp-server": "kafka",
	"mongo": "mongodb",
	"percona-server-mongodb": "mongodb",
}

# Editions, architectures and packagings, which change nothing of how the program keeps its data.
_editions := {
	"alpine", "amd64", "arm64", "ce", "chainguard", "community", "cp", "debian", "ee", "enterprise", "fips", "hardened",
	"kubernetes", "native", "oss", "server", "ubi", "ubi8", "ubi9", "ubuntu", "wolfi",
}

# METADATA
# title: Name
# description: The program in an image, by the last part of its repository.
name(base) := object.get(_aliases, base, _without_editions(base))

_without_editions(base) := concat("-", kept) if {
	kept := [word | some word in split(base, "-"); not word in _editions]
	count(kept) > 0
} else := base

# METADATA
# title: Base
# description: The last part of the repository of a reference; undefined for what no runtime would pull.
base(reference) := repository.base(image.parse(reference).repository)
