package policies

// ParentResource is the name by which rules mean custom resources that own StatefulSets, and their
// CustomResourceDefinitions: all that is deleted and is none of Resources. An API server asks about those that it is
// registered for.
const ParentResource = "parents"

// Parent is a custom resource whose controller makes StatefulSets.
type Parent struct {
	// Group is its API group, Resource the plural, as in the CustomResourceDefinition's name.
	Group, Resource string
}

// Parents are the custom resources of operators that are known to make StatefulSets with data. Source: the
// CustomResourceDefinitions that each operator ships.
func Parents() []Parent {
	return []Parent{
		{"acid.zalan.do", "postgresqls"},
		{"cassandra.datastax.com", "cassandradatacenters"},
		{"clickhouse.altinity.com", "clickhouseinstallations"},
		{"cluster.redpanda.com", "redpandas"},
		{"crdb.cockroachlabs.com", "crdbclusters"},
		{"databases.spotahome.com", "redisfailovers"},
		{"elasticsearch.k8s.elastic.co", "elasticsearches"},
		{"k8s.mariadb.com", "mariadbs"},
		{"minio.min.io", "tenants"},
		{"mongodbcommunity.mongodb.com", "mongodbcommunity"},
		{"monitoring.coreos.com", "alertmanagers"},
		{"monitoring.coreos.com", "prometheuses"},
		{"monitoring.coreos.com", "thanosrulers"},
		{"mysql.oracle.com", "innodbclusters"},
		{"opensearch.opster.io", "opensearchclusters"},
		{"operator.victoriametrics.com", "vmclusters"},
		{"pingcap.com", "tidbclusters"},
		{"postgres-operator.crunchydata.com", "postgresclusters"},
		{"psmdb.percona.com", "perconaservermongodbs"},
		{"pxc.percona.com", "perconaxtradbclusters"},
		{"rabbitmq.com", "rabbitmqclusters"},
		{"scylla.scylladb.com", "scyllaclusters"},
		{"zookeeper.pravega.io", "zookeeperclusters"},
	}
}
