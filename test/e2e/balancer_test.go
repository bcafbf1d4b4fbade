package e2e_test

import (
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/stateward/stateward/test/cluster"
)

// balancer passes each connection on to the first of the servers that takes it.
type balancer struct {
	net.Listener
	servers []string

	// mu is locked to hold all connections back.
	mu   sync.Mutex
	open []net.Conn
}

// newBalancer serves until the test ends.
func newBalancer(t *testing.T, urls ...string) *balancer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &balancer{Listener: listener}
	for _, url := range urls {
		b.servers = append(b.servers, strings.TrimPrefix(url, "https://"))
	}
	go b.serve()
	t.Cleanup(func() { b.interrupt(func() { _ = listener.Close() }) })
	return b
}

func (b *balancer) serve() {
	for {
		connection, err := b.Accept()
		if err != nil {
			return
		}
		go b.pass(connection)
	}
}

// pass goes on until either side ends.
func (b *balancer) pass(client net.Conn) {
	server := b.connect(client)
	if server == nil {
		_ = client.Close()
		return
	}
	cluster.Pipe(client, server)
}

// connect returns nil where no server takes the connection.
func (b *balancer) connect(client net.Conn) net.Conn {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, address := range b.servers {
		if server, err := net.Dial("tcp", address); err == nil {
			b.open = append(b.open, client)
			return server
		}
	}
	return nil
}

// interrupt ends all connections, and lets new ones wait while it does something.
func (b *balancer) interrupt(do func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, connection := range b.open {
		_ = connection.Close()
	}
	b.open = nil
	do()
}
