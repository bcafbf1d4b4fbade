package stateward.lib.program_test

import data.stateward.lib.program

test_words_around_the_program_are_left_out[base] if {
	some base, name in {
		"kafka": "kafka",
		"kafka-native": "kafka",
		"cp-kafka": "kafka",
		"cp-server": "kafka",
		"kafka-exporter": "kafka-exporter",
		"kubernetes-zookeeper": "zookeeper",
		"hardened-etcd": "etcd",
		"etcd-amd64": "etcd",
		"vault-enterprise": "vault",
		"vault-k8s": "vault-k8s",
		"mongo": "mongodb",
		"mongodb-community-server": "mongodb",
		"percona-server-mongodb": "mongodb",
		"elasticsearch-wolfi": "elasticsearch",
		"clickhouse-keeper": "clickhouse-keeper",
		"server": "server",
		"mssql-server-linux": "mssql",
	}
	program.name(base) == name
}

test_base_is_the_last_part_of_a_repository if {
	program.base("registry.k8s.io/kubernetes-zookeeper:1.0-3.4.10") == "kubernetes-zookeeper"
	program.base("nginx") == "nginx"
	program.base("mcr.microsoft.com/mssql/server:2022-latest") == "mssql"
	program.base("mcr.microsoft.com/mssql/rhel/server") == "mssql"
	program.base("registry.example/server") == "server"
	not program.base("Not an image")
}
