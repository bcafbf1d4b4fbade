# METADATA
# title: Voters
# description: |
#   Systems whose members vote, and need more than half of them: those of the images below. Sources: the manuals of
#   etcd, ZooKeeper, Consul, RabbitMQ (quorum queues), Vault (raft), NATS (JetStream), Kafka (KRaft), MongoDB,
#   Elasticsearch, CockroachDB, Galera, Redis Sentinel, Qdrant, Weaviate and Nacos.
package stateward.lib.voters

import data.stateward.lib.image
import data.stateward.lib.program

# METADATA
# title: System
# description: |
#   The name of the system that a StatefulSet runs, where its pods vote: the program in an image, one of these or of
#   the more that Guardrails name.
system(sts, more) := name if {
	known := {name |
		some item in image.containers(sts)
		image.keeps_running(item)
		base := program.base(item.container.image)
		some name in _names(base, {name | some name in more})
	}
	some name in known
	name == min(known)
}

# METADATA
# title: Majority
# description: How many of so many members must be there.
majority(members) := floor(members / 2) + 1

_names(base, more) := {base} & more if {
	base in more
} else := {program.name(base)} & _systems

_systems := {
	"etcd", "zookeeper", "consul", "vault", "rabbitmq", "nats", "kafka", "mongodb", "elasticsearch", "opensearch",
	"cockroach", "mariadb-galera", "pd", "tikv", "rqlite", "dgraph", "redpanda", "clickhouse-keeper",
	"percona-xtradb-cluster", "neo4j", "hazelcast", "openbao", "redis-sentinel", "qdrant", "weaviate", "nacos",
}
