package policies

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

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

// IsParent is true for one of Parents.
func IsParent(parent Parent) bool { return slices.Contains(Parents(), parent) }

// AllParents are Parents and the library's own.
func (l *Library) AllParents() []Parent { return append(Parents(), l.MoreParents...) }

// ParseParent reads RESOURCE.GROUP, as a CustomResourceDefinition is called: rabbitmqclusters.rabbitmq.com.
func ParseParent(name string) (Parent, error) {
	resource, group, _ := strings.Cut(name, ".")
	if problems := append(validation.IsDNS1035Label(resource), validation.IsDNS1123Subdomain(group)...); len(problems) > 0 {
		return Parent{}, fmt.Errorf("%q is not the name of a CustomResourceDefinition such as rabbitmqclusters.rabbitmq.com: %s",
			name, strings.Join(problems, ", "))
	}
	return Parent{Group: group, Resource: resource}, nil
}
