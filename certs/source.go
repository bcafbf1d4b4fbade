// Package certs provides the webhook's serving certificate and the bundle by which an API server trusts it.
//
// There are three ways: SelfManaged is its own authority and writes the caBundle; cert-manager maintains Files
// and the caBundle; or another program maintains Files.
package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"strings"
	"time"
)

// Source is where a serving certificate comes from.
type Source interface {
	// Run keeps the certificate fresh until ctx ends.
	Run(ctx context.Context) error
	// GetCertificate fits tls.Config.
	GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error)
	// NotAfter is when the certificate in use expires.
	NotAfter() time.Time
	// Check returns an error if the source has no valid certificate now.
	Check() error
	// CABundle is the PEM of the authorities that vouch for the certificate, now and next; nil where others tell API
	// servers whom to trust.
	CABundle() []byte
	// Trusted is called when the registration has this CABundle.
	Trusted(bundle []byte)
}

// check returns an error if API servers that use these DNS names and IP addresses would not accept the certificate.
func check(leaf *x509.Certificate, hosts []string, now time.Time) error {
	if now.After(leaf.NotAfter) {
		return fmt.Errorf("serving certificate expired at %s", leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	if now.Before(leaf.NotBefore) {
		return fmt.Errorf("serving certificate is not valid before %s: is the clock right?", leaf.NotBefore.UTC().Format(time.RFC3339))
	}
	for _, host := range hosts {
		if leaf.VerifyHostname(host) != nil {
			return fmt.Errorf("the serving certificate is valid for %s and not for %s, which API servers call: issue another one, or set --certificate-hosts",
				names(leaf), host)
		}
	}
	return nil
}

// names lists what a certificate is for.
func names(leaf *x509.Certificate) string {
	all := append([]string(nil), leaf.DNSNames...)
	for _, address := range leaf.IPAddresses {
		all = append(all, address.String())
	}
	if len(all) == 0 {
		return "no DNS name or IP address"
	}
	return strings.Join(all, ", ")
}
