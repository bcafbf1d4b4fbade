package cluster

import (
	"context"
	"fmt"
	"path/filepath"

	"k8s.io/client-go/kubernetes"
)

// startAPIServer starts the API server and makes the administrator's client.
func (c *Cluster) startAPIServer(ctx context.Context) error {
	server, err := c.AddAPIServer(ctx, "kube-apiserver", c.options.APIServerArgs...)
	if err != nil {
		return err
	}
	c.server = server
	if c.admin, err = c.adminConfig(); err != nil {
		return fmt.Errorf("make the administrator's kubeconfig: %w", err)
	}
	if c.client, err = kubernetes.NewForConfig(c.admin); err != nil {
		return fmt.Errorf("make the administrator's client: %w", err)
	}
	return nil
}

// AddAPIServer starts one more API server on the cluster's etcd and returns its
// URL; credentials are good for all of them. The arguments are added to the
// harness's own, so that they win. Only the caller asks it anything.
func (c *Cluster) AddAPIServer(ctx context.Context, name string, args ...string) (url string, err error) {
	ports, err := c.launch(ctx, component{
		name:  name,
		ports: 1,
		command: func(ports []int) (string, []string) {
			return c.binaries["kube-apiserver"], append(c.apiServerArgs(ports[0]), args...)
		},
		ready: func(ports []int) probe {
			return c.answersOK(loopbackURL(ports[0]) + "/readyz")
		},
	})
	if err != nil {
		return "", err
	}
	return loopbackURL(ports[0]), nil
}

func (c *Cluster) tokenFile() string {
	return filepath.Join(c.dir, "tokens.csv")
}

func (c *Cluster) apiServerArgs(port int) []string {
	return []string{
		"--etcd-servers=" + c.etcd,
		"--etcd-cafile=" + c.files.authority,
		"--etcd-certfile=" + c.files.certificate,
		"--etcd-keyfile=" + c.files.key,
		"--bind-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", port),
		"--advertise-address=127.0.0.1",
		// Endpoints must not be loopback addresses, so the API server cannot
		// list itself as the endpoint of the Service "kubernetes".
		"--endpoint-reconciler-type=none",
		"--tls-cert-file=" + c.files.certificate,
		"--tls-private-key-file=" + c.files.key,
		"--client-ca-file=" + c.files.authority,
		"--token-auth-file=" + c.tokenFile(),
		"--authorization-mode=RBAC",
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + c.files.serviceAccountKey,
		"--service-account-signing-key-file=" + c.files.serviceAccountKey,
		"--service-cluster-ip-range=10.0.0.0/24",
		// The nodes' names mean nothing to the machine's own DNS.
		"--kubelet-preferred-address-types=InternalIP",
		// Without this plugin pods can be created before their namespace's
		// service account is there.
		"--disable-admission-plugins=ServiceAccount",
		"--allow-privileged=true",
		"--v=1",
	}
}
