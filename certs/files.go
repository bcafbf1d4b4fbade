package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/certwatcher"
)

// Files serves a certificate that something else keeps in two files, and follows their changes. A pair that does not
// match while it is being written leaves the old one in use.
type Files struct {
	watcher *certwatcher.CertWatcher
	hosts   []string
}

var _ Source = &Files{}

// NewFiles loads a PEM certificate for hosts, DNS names and IP addresses, and its key; the error names the files.
func NewFiles(certFile, keyFile string, hosts []string) (*Files, error) {
	watcher, err := certwatcher.New(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("load certificate %s with key %s: %w", certFile, keyFile, err)
	}
	return &Files{watcher: watcher, hosts: hosts}, nil
}

// Run follows the files until ctx ends.
func (f *Files) Run(ctx context.Context) error { return f.watcher.Start(ctx) }

// GetCertificate returns the certificate in use.
func (f *Files) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	return f.watcher.GetCertificate(hello)
}

// NotAfter is when the certificate in use expires; zero where there is none.
func (f *Files) NotAfter() time.Time {
	leaf, err := f.leaf()
	if err != nil {
		return time.Time{}
	}
	return leaf.NotAfter
}

// Check reports whether the certificate in use has expired, or is for other hosts.
func (f *Files) Check() error {
	leaf, err := f.leaf()
	if err != nil {
		return err
	}
	return check(leaf, f.hosts, time.Now())
}

// CABundle returns nil: the writer of the files also writes the caBundle.
func (f *Files) CABundle() []byte { return nil }

// Trusted changes nothing, for the same reason.
func (f *Files) Trusted([]byte) {}

func (f *Files) leaf() (*x509.Certificate, error) {
	pair, err := f.watcher.GetCertificate(nil)
	if err != nil {
		return nil, fmt.Errorf("read serving certificate: %w", err)
	}
	if pair.Leaf != nil {
		return pair.Leaf, nil
	}
	return x509.ParseCertificate(pair.Certificate[0])
}
