package contestants

import (
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
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// Certificate is a serving certificate with an ECDSA P-256 key that vouches for itself.
type Certificate struct {
	// Folder holds tls.crt and tls.key.
	Folder string
	// PEM is whom to trust.
	PEM []byte
}

// Anywhere is an address that means this machine and is not called loopback: to one that is, API servers speak HTTP/2.
const Anywhere = "0.0.0.0"

func writeCertificate(folder string) (Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "contest"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:    []string{"localhost"},
		IPAddresses: []net.IP{net.ParseIP("127.0.0.1"), net.ParseIP(Anywhere)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return Certificate{}, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Certificate{}, err
	}
	certificate := Certificate{
		Folder: filepath.Join(folder, "certificate"),
		PEM:    pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
	}
	if err := os.MkdirAll(certificate.Folder, 0o755); err != nil {
		return Certificate{}, err
	}
	return certificate, errors.Join(
		os.WriteFile(certificate.file(), certificate.PEM, 0o600),
		os.WriteFile(certificate.key(), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600),
	)
}

func (c Certificate) file() string { return filepath.Join(c.Folder, "tls.crt") }
func (c Certificate) key() string  { return filepath.Join(c.Folder, "tls.key") }

// TLS returns the configuration of a client that speaks TLS 1.3 and trusts only this certificate. It rejects servers with a
// key of another kind.
func (c Certificate) TLS() (*tls.Config, error) {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(c.PEM) {
		return nil, errors.New("the certificate is not PEM")
	}
	return &tls.Config{
		RootCAs: roots, MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"},
		VerifyConnection: func(state tls.ConnectionState) error {
			key, ok := state.PeerCertificates[0].PublicKey.(*ecdsa.PublicKey)
			if !ok || key.Curve != elliptic.P256() || state.NegotiatedProtocol == "h2" {
				return fmt.Errorf("want ECDSA P-256 and HTTP/1.1, got %T and %q", state.PeerCertificates[0].PublicKey, state.NegotiatedProtocol)
			}
			return nil
		},
	}, nil
}

func (c Certificate) client() (*http.Client, error) {
	config, err := c.TLS()
	return &http.Client{Transport: &http.Transport{TLSClientConfig: config}}, err
}
