package cluster

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"

	rbacv1 "k8s.io/api/rbac/v1"
)

// DNS returns the address of the cluster's DNS server as host:port, by UDP and
// TCP, or nothing when Options.WithoutDNS was set. It answers for cluster.local.
func (c *Cluster) DNS() string { return c.dns }

// Resolver returns a resolver that asks the cluster's DNS server only.
func (c *Cluster) Resolver() *net.Resolver {
	return resolver(c.dns)
}

func resolver(server string) *net.Resolver {
	return &net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			var dialer net.Dialer
			return dialer.DialContext(ctx, network, server)
		},
	}
}

// dnsRules are the rights to read what names are made of.
func dnsRules() []rbacv1.PolicyRule {
	read := []string{"list", "watch"}
	return []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"services", "pods", "namespaces", "endpoints"}, Verbs: read},
		{APIGroups: []string{"discovery.k8s.io"}, Resources: []string{"endpointslices"}, Verbs: read},
	}
}

// startDNS starts CoreDNS and waits until it knows the one Service that every
// cluster has.
func (c *Cluster) startDNS(ctx context.Context) error {
	if c.options.WithoutDNS {
		return nil
	}
	const name = "coredns"
	kubeconfig, err := c.ownKubeconfig(name, dnsIdentity())
	if err != nil {
		return err
	}
	corefile := filepath.Join(c.dir, "Corefile")
	if err := os.WriteFile(corefile, []byte(corefileText(kubeconfig, name)), 0o600); err != nil {
		return fmt.Errorf("write the DNS server's configuration: %w", err)
	}
	ports, err := c.launch(ctx, component{
		name:  name,
		ports: 1,
		command: func(ports []int) (string, []string) {
			return c.binaries["coredns"], []string{"-conf=" + corefile, fmt.Sprintf("-dns.port=%d", ports[0])}
		},
		ready: func(ports []int) probe { return resolves(dnsAddress(ports[0]), "kubernetes.default.svc.cluster.local") },
	})
	if err != nil {
		return err
	}
	c.dns = dnsAddress(ports[0])
	return nil
}

func dnsAddress(port int) string {
	return fmt.Sprintf("127.0.0.1:%d", port)
}

// corefileText asks for answers that live no longer than they must, so that a
// test never sees an old one.
func corefileText(kubeconfig, context string) string {
	return fmt.Sprintf(`cluster.local {
	bind 127.0.0.1
	errors
	kubernetes cluster.local {
		kubeconfig %q %s
		ttl 0
	}
}
`, kubeconfig, context)
}

func resolves(server, name string) probe {
	return func(ctx context.Context) error {
		_, err := resolver(server).LookupHost(ctx, name)
		return err
	}
}
