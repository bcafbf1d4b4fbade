package cluster

import (
	"context"
	"fmt"
)

// startControllers starts the controller manager. Unless the options say
// otherwise, its controllers act under names of their own, as in production,
// because guardrails look at who asks.
func (c *Cluster) startControllers(ctx context.Context) error {
	return c.startController(ctx, "kube-controller-manager", controllersIdentity(),
		fmt.Sprintf("--use-service-account-credentials=%t", !c.options.SharedCredentials),
		"--service-account-private-key-file="+c.files.serviceAccountKey,
		"--root-ca-file="+c.files.authority,
		"--enable-hostpath-provisioner=true",
		"--concurrent-statefulset-syncs=10",
		"--kube-api-qps=500",
		"--kube-api-burst=1000",
		// A busy machine may delay the nodes' heartbeats, and pods that were
		// once marked as not ready stay so.
		"--node-monitor-grace-period=10m",
		"--node-startup-grace-period=10m",
	)
}

func (c *Cluster) startScheduler(ctx context.Context) error {
	return c.startController(ctx, "kube-scheduler", schedulerIdentity())
}

// startController starts a program that watches the API server and serves
// nothing but its own health.
func (c *Cluster) startController(ctx context.Context, name string, identity Identity, args ...string) error {
	kubeconfig, err := c.ownKubeconfig(name, identity)
	if err != nil {
		return err
	}
	_, err = c.launch(ctx, component{
		name:  name,
		ports: 1,
		command: func(ports []int) (string, []string) {
			return c.binaries[name], append([]string{
				"--kubeconfig=" + kubeconfig,
				"--bind-address=127.0.0.1",
				fmt.Sprintf("--secure-port=%d", ports[0]),
				"--tls-cert-file=" + c.files.certificate,
				"--tls-private-key-file=" + c.files.key,
				"--leader-elect=false",
			}, args...)
		},
		ready: func(ports []int) probe {
			return c.answersOK(loopbackURL(ports[0]) + "/healthz")
		},
	})
	return err
}
