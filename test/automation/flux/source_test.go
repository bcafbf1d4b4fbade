package flux_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stateward/stateward/test/automation"
)

// source serves the artifact of a GitRepository, as Flux's source-controller does.
type source struct {
	automation.Cluster
	server   *httptest.Server
	archive  atomic.Pointer[[]byte]
	pushes   int
	revision string
}

func newSource(t *testing.T, guarded automation.Cluster) *source {
	t.Helper()
	s := &source{Cluster: guarded}
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(*s.archive.Load())
	}))
	t.Cleanup(s.server.Close)
	guarded.Do(t, fmt.Sprintf(`apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: shop, namespace: %s}
spec: {interval: 1h, url: "https://git.example/shop"}
`, namespace), "create", "-f", "-")
	return s
}

// push makes the text the content of the repository, beside a ConfigMap that always is there.
func (s *source) push(t *testing.T, text string) {
	t.Helper()
	s.pushes++
	archive := pack(t, map[string]string{
		"shop.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shop}\n",
		"db.yaml":   text,
	})
	s.archive.Store(&archive)
	digest := fmt.Sprintf("sha256:%x", sha256.Sum256(archive))
	s.revision = fmt.Sprintf("main@sha1:%040d", s.pushes)
	now := time.Now().UTC().Format(time.RFC3339)
	s.Do(t, "", "patch", "gitrepository", "shop", "-n", namespace, "--subresource=status", "--type=merge", "-p", fmt.Sprintf(
		`{"status": {
			"artifact": {"url": "%s/shop.tar.gz", "path": "shop.tar.gz", "revision": %q, "digest": %q, "size": %d, "lastUpdateTime": %q},
			"conditions": [{"type": "Ready", "status": "True", "reason": "Succeeded", "message": "stored", "lastTransitionTime": %[5]q}]
		}}`, s.server.URL, s.revision, digest, len(archive), now))
}

// pack makes a tarball of the files that have content.
func pack(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var archive bytes.Buffer
	compressed := gzip.NewWriter(&archive)
	writer := tar.NewWriter(compressed)
	for name, text := range files {
		if text == "" {
			continue
		}
		automation.Must(t, writer.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}))
		_, err := writer.Write([]byte(text))
		automation.Must(t, err)
	}
	automation.Must(t, writer.Close())
	automation.Must(t, compressed.Close())
	return archive.Bytes()
}
