package load

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"time"
)

// Service has the endpoints of a webhook, and sends them to its balancers.
type Service struct {
	// Lag is the longest that a balancer takes to hear of a change. Each takes a time of its own.
	Lag time.Duration

	mu        sync.Mutex
	version   int
	endpoints []string
	balancers []*Balancer
}

// Balancer chooses an endpoint for each new connection, as the proxy of a node does: connections stay where they are.
// It does not look whether an endpoint answers, and tries no other.
type Balancer struct {
	mu        sync.Mutex
	version   int
	endpoints []string
	open      map[string]int
	made      map[string]int
}

// NewBalancer returns one that knows the endpoints of now.
func (s *Service) NewBalancer() *Balancer {
	s.mu.Lock()
	defer s.mu.Unlock()
	balancer := &Balancer{version: s.version, endpoints: slices.Clone(s.endpoints), open: map[string]int{}, made: map[string]int{}}
	s.balancers = append(s.balancers, balancer)
	return balancer
}

// Add makes host:port an endpoint.
func (s *Service) Add(address string) {
	s.change(s.Lag, func() { s.endpoints = append(s.endpoints, address) })
}

// Remove takes host:port from the endpoints; connections to it stay.
func (s *Service) Remove(address string) { s.remove(s.Lag, address) }

// RemoveNow is Remove that all balancers hear of at once.
func (s *Service) RemoveNow(address string) { s.remove(0, address) }

func (s *Service) remove(lag time.Duration, address string) {
	s.change(lag, func() {
		s.endpoints = slices.DeleteFunc(s.endpoints, func(each string) bool { return each == address })
	})
}

func (s *Service) change(lag time.Duration, change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
	s.version++
	version, endpoints := s.version, slices.Clone(s.endpoints)
	for _, balancer := range s.balancers {
		if lag == 0 {
			balancer.hear(version, endpoints)
			continue
		}
		time.AfterFunc(rand.N(lag), func() { balancer.hear(version, endpoints) })
	}
}

// hear keeps what is newest: an old change that comes late changes nothing.
func (b *Balancer) hear(version int, endpoints []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if version > b.version {
		b.version, b.endpoints = version, endpoints
	}
}

// DialContext connects to one of the endpoints, whatever the address.
func (b *Balancer) DialContext(ctx context.Context, network, _ string) (net.Conn, error) {
	b.mu.Lock()
	if len(b.endpoints) == 0 {
		b.mu.Unlock()
		return nil, errors.New("no endpoints available")
	}
	address := b.endpoints[rand.IntN(len(b.endpoints))]
	b.mu.Unlock()
	connection, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	b.opened(address)
	return &counted{Conn: connection, closed: sync.OnceFunc(func() { b.closed(address) })}, nil
}

// Open is how many connections there are to host:port.
func (b *Balancer) Open(address string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.open[address]
}

// Made is how many connections there have been to host:port so far.
func (b *Balancer) Made(address string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.made[address]
}

func (b *Balancer) opened(address string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.open[address]++
	b.made[address]++
}

func (b *Balancer) closed(address string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.open[address]--
}

// counted calls back when a connection is closed.
type counted struct {
	net.Conn
	closed func()
}

func (c *counted) Close() error {
	c.closed()
	return c.Conn.Close()
}
