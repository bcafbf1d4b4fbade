# METADATA
# title: Voters
# description: |
#   Systems whose members vote, and need more than half of them: those of the images below. Sources: the manuals of
#   etcd, ZooKeeper, Consul, RabbitMQ (quorum queues), Vault (raft), NATS (JetStream), Kafka (KRaft), MongoDB,
#   Elasticsearch, CockroachDB and Galera.
package stateward.lib.voters

import data.stateward.lib.image

# METADATA
# title: System
# description: |
#   The name of the system that a StatefulSet runs, where its pods vote: the last part of an image's name, one of these
#   or of the more that Guardrails name.
system(sts, more) := name if {
	names := {part |
		some item in image.containers(sts)
		item.path[3] == "containers"
		parts := split(image.parse(item.container.image).repository, "/")
		part := parts[count(parts) - 1]
	}
	known := names & (_systems | {name | some name in more})
	some name in known
	name == min(known)
}

# METADATA
# title: Majority
# description: How many of so many members must be there.
majority(members) := floor(members / 2) + 1

_systems := {
	"etcd", "zookeeper", "consul", "vault", "rabbitmq", "nats", "kafka", "mongo", "mongodb", "elasticsearch",
	"opensearch", "cockroach", "mariadb-galera", "pd", "tikv", "rqlite", "dgraph", "redpanda", "clickhouse-keeper",
	"percona-xtradb-cluster", "cp-kafka", "cp-zookeeper", "cp-server", "neo4j", "hazelcast", "openbao",
}
