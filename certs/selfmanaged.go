package certs

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"sync/atomic"
	"time"
)

// Lifetimes of what a self-managed source issues. The authority lives in memory and ends with the process, so its
// length only has to outlast one.
const (
	authorityLifetime = 365 * 24 * time.Hour
	leafLifetime      = 7 * 24 * time.Hour
	// checkInterval is how often the leaf's age is looked at.
	checkInterval = time.Hour
)

// SelfManaged is a certificate authority of one process: it needs no Secret, no other component and no file.
type SelfManaged struct {
	hosts     []string
	authority *x509.Certificate
	key       crypto.Signer
	bundle    []byte
	leaf      atomic.Pointer[tls.Certificate]
}

var _ Source = &SelfManaged{}

// NewSelfManaged makes an authority and a first certificate for hosts: DNS names and IP addresses.
func NewSelfManaged(hosts []string) (*SelfManaged, error) {
	if len(hosts) == 0 {
		return nil, errors.New("make certificate: no DNS name or IP address to make it for")
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make authority's key: %w", err)
	}
	template, err := newTemplate("Stateward webhook authority", authorityLifetime)
	if err != nil {
		return nil, err
	}
	template.IsCA, template.BasicConstraintsValid, template.MaxPathLenZero = true, true, true
	template.KeyUsage = x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("sign authority: %w", err)
	}
	authority, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read authority back: %w", err)
	}
	source := &SelfManaged{hosts: hosts, authority: authority, key: key, bundle: encodePEM(der)}
	return source, source.issue()
}

// Run issues a new certificate when two thirds of the last one's life are over.
func (s *SelfManaged) Run(ctx context.Context) error {
	ticker := time.NewTicker(checkInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-ticker.C:
			if !s.due(now) {
				continue
			}
			if err := s.issue(); err != nil {
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

// Check tells whether the certificate in use has expired.
func (s *SelfManaged) Check() error { return checkValidity(s.leaf.Load().Leaf, time.Now()) }

// CABundle is the PEM of the authority.
func (s *SelfManaged) CABundle() []byte { return bytes.Clone(s.bundle) }

func (s *SelfManaged) due(now time.Time) bool {
	leaf := s.leaf.Load().Leaf
	return now.After(leaf.NotAfter.Add(-leaf.NotAfter.Sub(leaf.NotBefore) / 3))
}

func (s *SelfManaged) issue() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make serving key: %w", err)
	}
	template, err := newTemplate("Stateward webhook", leafLifetime)
	if err != nil {
		return err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for _, host := range s.hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, s.authority, key.Public(), s.key)
	if err != nil {
		return fmt.Errorf("sign serving certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return fmt.Errorf("read serving certificate back: %w", err)
	}
	s.leaf.Store(&tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf})
	return nil
}

func newTemplate(name string, lifetime time.Duration) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("draw serial number: %w", err)
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		// Clocks of API servers may be a little behind.
		NotBefore: now.Add(-5 * time.Minute),
		NotAfter:  now.Add(lifetime),
	}, nil
}

func checkValidity(leaf *x509.Certificate, now time.Time) error {
	if now.After(leaf.NotAfter) {
		return fmt.Errorf("serving certificate expired at %s", leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	if now.Before(leaf.NotBefore) {
		return fmt.Errorf("serving certificate is not valid before %s: is the clock right?", leaf.NotBefore.UTC().Format(time.RFC3339))
	}
	return nil
}

func encodePEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
