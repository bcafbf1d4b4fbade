package availability_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"testing"
	"time"

	"github.com/stateward/stateward/test/environment"
)

// writeCertificate puts a new certificate where the replicas look for it, and returns it.
func (f *fleet) writeCertificate(t *testing.T) *x509.Certificate {
	t.Helper()
	certificate, key := f.authority.issue(t)
	if err := environment.Project(f.folder, map[string][]byte{"tls.crt": certificate, "tls.key": key}); err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(certificate)
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// renew returns when all replicas serve a new certificate.
func (f *fleet) renew(t *testing.T) {
	t.Helper()
	certificate := f.writeCertificate(t)
	// In between, requests need new connections: those that are there have shaken hands already.
	for _, client := range f.generator.Clients {
		client.CloseIdleConnections()
	}
	deadline := time.Now().Add(time.Minute)
	for _, replica := range f.replicas {
		for !f.serves(replica.Address, certificate) {
			if time.Now().After(deadline) {
				t.Fatalf("%s does not serve the new certificate", replica.Name())
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
}

// serves shakes hands to see the certificate.
func (f *fleet) serves(address string, certificate *x509.Certificate) bool {
	connection, err := tls.DialWithDialer(&net.Dialer{Timeout: 10 * time.Second}, "tcp", address, f.config())
	if err != nil {
		return false
	}
	defer connection.Close()
	return connection.ConnectionState().PeerCertificates[0].Equal(certificate)
}
