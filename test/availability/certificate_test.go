package availability_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// writeCertificate puts a new certificate where the replicas look for it, and returns it. It does so as a kubelet does:
// both files are there at once, behind a link.
func (f *fleet) writeCertificate(t *testing.T) *x509.Certificate {
	t.Helper()
	certificate, key := f.authority.issue(t)
	f.versions++
	next := filepath.Join(f.folder, fmt.Sprintf("..version-%d", f.versions))
	if err := os.Mkdir(next, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"tls.crt": certificate, "tls.key": key} {
		if err := os.WriteFile(filepath.Join(next, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
		link := filepath.Join(f.folder, name)
		if _, err := os.Lstat(link); os.IsNotExist(err) {
			if err := os.Symlink(filepath.Join("..data", name), link); err != nil {
				t.Fatal(err)
			}
		}
	}
	before, err := os.Readlink(filepath.Join(f.folder, "..data"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	temporary := filepath.Join(f.folder, "..data_tmp")
	if err := os.Symlink(filepath.Base(next), temporary); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(temporary, filepath.Join(f.folder, "..data")); err != nil {
		t.Fatal(err)
	}
	if before != "" {
		if err := os.RemoveAll(filepath.Join(f.folder, before)); err != nil {
			t.Fatal(err)
		}
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
