package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/stateward/stateward/test/cluster"
)

// service is the way from the API server to the pods: an egress proxy, as clusters have whose API servers are in another
// network. No registration has to be changed for it.
type service struct {
	folder string
	server *http.Server
	// endpoint is host:port of the replica, once there is one.
	endpoint atomic.Pointer[string]
}

func newService() (*service, error) {
	folder, err := os.MkdirTemp("", "stateward-install-")
	if err != nil {
		return nil, err
	}
	s := &service{folder: folder}
	s.server = &http.Server{Handler: http.HandlerFunc(s.connect)}
	configuration := fmt.Sprintf(`apiVersion: apiserver.k8s.io/v1beta1
kind: EgressSelectorConfiguration
egressSelections:
  - name: cluster
    connection:
      proxyProtocol: HTTPConnect
      transport: {uds: {udsName: %q}}
`, s.socket())
	if err := os.WriteFile(s.configuration(), []byte(configuration), 0o600); err != nil {
		return nil, err
	}
	listener, err := net.Listen("unix", s.socket())
	if err != nil {
		return nil, err
	}
	go func() { _ = s.server.Serve(listener) }()
	return s, nil
}

func (s *service) socket() string        { return filepath.Join(s.folder, "egress.sock") }
func (s *service) configuration() string { return filepath.Join(s.folder, "egress.yaml") }

func (s *service) close() {
	_ = s.server.Close()
	_ = os.RemoveAll(s.folder)
}

// connect refuses as long as there is no endpoint, and leads to it then, whatever the address.
func (s *service) connect(w http.ResponseWriter, _ *http.Request) {
	endpoint := s.endpoint.Load()
	if endpoint == nil {
		http.Error(w, "no endpoints", http.StatusBadGateway)
		return
	}
	to, err := net.Dial("tcp", *endpoint)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer to.Close()
	from, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer from.Close()
	_, _ = io.WriteString(from, "HTTP/1.1 200 OK\r\n\r\n")
	cluster.Pipe(from, to)
}
