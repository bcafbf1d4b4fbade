package certs

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// shortestLifetime is that of an authority with which certificates, which count seconds, still overlap.
	shortestLifetime = 10 * time.Second
	leafLifetime     = 7 * 24 * time.Hour
	// checkInterval is how often the age of leaf and authority is looked at.
	checkInterval = time.Hour
	// handover is how long API servers have had time to hear of a new authority before it signs what is served.
	handover = time.Hour
)

// SelfManaged is a certificate authority of one process: it needs no Secret, no other component and no file. Each replica
// has its own, and the caBundle has all of them.
//
// When two thirds of its life are over the authority gets a successor. Both are in the CABundle from then on; the successor
// signs serving certificates only some time after the caBundle has it, and certificates of the old one stay valid.
type SelfManaged struct {
	hosts []string
	// lifetime is that of authorities; the other times are shorter where it is.
	lifetime time.Duration
	leaf     atomic.Pointer[tls.Certificate]

	mu            sync.Mutex
	current, next *authority
	// told is whether the caBundle has the current authority, toldNext since when it has the next one.
	told     bool
	toldNext time.Time
}

var _ Source = &SelfManaged{}

// NewSelfManaged makes an authority of this lifetime and a first certificate for hosts: DNS names and IP addresses.
func NewSelfManaged(hosts []string, lifetime time.Duration) (*SelfManaged, error) {
	if len(hosts) == 0 {
		return nil, errors.New("make certificate: no DNS name or IP address to make it for")
	}
	if lifetime < shortestLifetime {
		return nil, fmt.Errorf("make certificate: an authority of %s ends too early: give at least %s", lifetime, shortestLifetime)
	}
	current, err := newAuthority(lifetime)
	if err != nil {
		return nil, err
	}
	source := &SelfManaged{hosts: hosts, lifetime: lifetime, current: current}
	return source, source.issue()
}

// Run issues a new certificate when two thirds of the last one's life are over, and sees to the succession.
func (s *SelfManaged) Run(ctx context.Context) error {
	ticker := time.NewTicker(min(checkInterval, s.lifetime/60))
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-ticker.C:
			if err := s.step(now); err != nil {
				return err
			}
		}
	}
}

// GetCertificate returns the certificate in use.
func (s *SelfManaged) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return s.leaf.Load(), nil
}

// NotAfter is when the certificate in use expires.
func (s *SelfManaged) NotAfter() time.Time { return s.leaf.Load().Leaf.NotAfter }

// Check reports whether the certificate in use has expired, or its authority is not in the caBundle.
func (s *SelfManaged) Check() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.told {
		return errors.New("the serving certificate is in no caBundle yet: check that Stateward may get and update its webhook configurations")
	}
	return check(s.leaf.Load().Leaf, s.hosts, time.Now())
}

// CABundle is the PEM of the authority and of its successor, where it has one.
func (s *SelfManaged) CABundle() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	bundle := s.current.pem()
	if s.next != nil {
		bundle = append(bundle, s.next.pem()...)
	}
	return bundle
}

// Trusted records the authorities that are in the caBundle.
func (s *SelfManaged) Trusted(bundle []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if bytes.Contains(bundle, s.current.pem()) {
		s.told = true
	}
	if s.next != nil && s.toldNext.IsZero() && bytes.Contains(bundle, s.next.pem()) {
		s.toldNext = time.Now()
	}
}

// step does what is due.
func (s *SelfManaged) step(now time.Time) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == nil && over(s.current.certificate, now) {
		if s.next, err = newAuthority(s.lifetime); err != nil {
			return err
		}
	}
	succeeds := s.next != nil && !s.toldNext.IsZero() && now.Sub(s.toldNext) >= min(handover, s.lifetime/20)
	if succeeds {
		s.current, s.next, s.toldNext = s.next, nil, time.Time{}
	}
	if succeeds || over(s.leaf.Load().Leaf, now) {
		return s.issue()
	}
	return nil
}

func (s *SelfManaged) issue() error {
	leaf, err := s.current.issue(s.hosts, min(leafLifetime, s.lifetime/3))
	if err != nil {
		return err
	}
	s.leaf.Store(leaf)
	return nil
}
