// Package certs provides the webhook's serving certificate and the bundle by which an API server trusts it.
package certs

import (
	"context"
	"crypto/tls"
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
	// Check tells why the source has no certificate that can be used now; nil means it has one.
	Check() error
	// CABundle is the PEM of the authorities that vouch for the certificate; nil where the source does not know.
	CABundle() []byte
}
