package e2e_test

import (
	"context"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/stateward/stateward/test/builders"
)

// TestPortsOfRunningSets changes the Services of a set, the governing one and another that selects its pods.
func TestPortsOfRunningSets(t *testing.T) {
	g := newGuard(t, shared(t))
	set := builders.MakeStatefulSet().Replicas(1)
	set.Spec.Template.Spec.Containers[0].Ports = []corev1.ContainerPort{{Name: "web", ContainerPort: 80}}
	g.create(t, set)
	g.settled(t, 1)

	ports := func(service, list string) []string {
		return []string{"patch", "service", service, "--type=json", "-p", `[{"op":"replace","path":"/spec/ports","value":` + list + `}]`}
	}
	const both = `[{"name":"web","port":80,"targetPort":"web"},{"name":"admin","port":8080}]`
	g.allowed(t, "", ports("nginx", both)...)
	g.warned(t, "service-in-use", ports("nginx", `[{"name":"web","port":80,"targetPort":"web"}]`)...)
	g.warned(t, "service-in-use", ports("nginx", `[{"name":"web","port":81,"targetPort":"web"}]`)...)
	g.denied(t, "service-in-use", ports("nginx", `[{"name":"admin","port":8080}]`)...)
	g.denied(t, "service-in-use", ports("nginx", `[]`)...)

	g.allowed(t, "", "create", "service", "clusterip", "clients", "--tcp=80:80")
	g.allowed(t, "", "patch", "service", "clients", "-p", `{"spec":{"selector":{"app":"nginx"}}}`)
	g.denied(t, "service-in-use", ports("clients", `[{"name":"other","port":9000}]`)...)
	g.confirmed(t, "service/clients", "update")
	g.warned(t, "service-in-use", ports("clients", `[{"name":"other","port":9000}]`)...)
}

// TestServiceForClientsIsReportedWhenItIsTheLast deletes Services that select the pods of a set and do not govern it.
func TestServiceForClientsIsReportedWhenItIsTheLast(t *testing.T) {
	g := newGuard(t, shared(t))
	g.create(t, builders.MakeStatefulSet().Replicas(1))
	g.settled(t, 1)
	for _, name := range []string{"clients", "readers"} {
		g.allowed(t, "", "create", "service", "clusterip", name, "--tcp=80:80")
		g.allowed(t, "", "patch", "service", name, "-p", `{"spec":{"selector":{"app":"nginx"}}}`)
	}
	g.allowed(t, "", "delete", "service", "clients", "--dry-run=server")
	g.allowed(t, "", "delete", "service", "readers")
	eventually(t, "the last Service is mentioned", func(context.Context) (bool, error) {
		output, code := g.kubectl(t, "", "delete", "service", "clients", "--dry-run=server")
		return code == 0 && strings.Contains(output, `Warning: [service-in-use]`), nil
	})
	g.denied(t, "service-in-use", "delete", "service", "nginx")
	g.warned(t, "service-in-use", "delete", "service", "clients", "--as=system:serviceaccount:"+g.namespace+":deployer", "--as-group=system:masters")
}

// TestPeersOfRunningSets hides pods from each other.
func TestPeersOfRunningSets(t *testing.T) {
	g := newGuard(t, shared(t))
	g.create(t, builders.MakeStatefulSet().Replicas(2))
	g.settled(t, 2)
	publishes := func(value string) []string {
		return []string{"patch", "service", "nginx", "-p", `{"spec":{"publishNotReadyAddresses":` + value + `}}`}
	}
	g.allowed(t, "", publishes("true")...)
	g.warned(t, "peers", publishes("false")...)
}
