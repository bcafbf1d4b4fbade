package cluster

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
)

// startEtcd starts etcd. It wants client certificates, so that the API server
// can only ever reach the etcd of its own cluster.
func (c *Cluster) startEtcd(ctx context.Context) error {
	ports, err := c.launch(ctx, component{
		name:  "etcd",
		ports: 1,
		command: func(ports []int) (string, []string) {
			return c.binaries["etcd"], c.etcdArgs(loopbackURL(ports[0]))
		},
		ready: func(ports []int) probe {
			return c.answersOK(loopbackURL(ports[0]) + "/readyz")
		},
	})
	if err != nil {
		return err
	}
	c.etcd = loopbackURL(ports[0])
	return nil
}

func (c *Cluster) etcdArgs(url string) []string {
	// A lone member has no peers; port 0 lets the kernel find a port for them.
	const peers = "http://127.0.0.1:0"
	return []string{
		"--data-dir=" + filepath.Join(c.dir, "etcd"),
		"--listen-client-urls=" + url,
		"--advertise-client-urls=" + url,
		"--listen-peer-urls=" + peers,
		"--initial-advertise-peer-urls=" + peers,
		"--initial-cluster=default=" + peers,
		"--cert-file=" + c.files.certificate,
		"--key-file=" + c.files.key,
		"--trusted-ca-file=" + c.files.authority,
		"--client-cert-auth",
		"--log-level=warn",
		// The data need not survive the machine, only etcd's own restarts.
		"--unsafe-no-fsync",
	}
}

// Compact makes etcd forget all history before a revision, which is what API
// servers call a resourceVersion: watches can begin at no older one.
func (c *Cluster) Compact(ctx context.Context, revision string) error {
	body := strings.NewReader(fmt.Sprintf(`{"revision": %q}`, revision))
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.etcd+"/v3/kv/compaction", body)
	if err != nil {
		return err
	}
	if _, err := answer(c.ownClient(), request); err != nil {
		return fmt.Errorf("compact etcd: %w", err)
	}
	return nil
}

func loopbackURL(port int) string {
	return fmt.Sprintf("https://127.0.0.1:%d", port)
}
