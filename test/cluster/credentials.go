package cluster

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// validity of all certificates: longer than any test, shorter than anything
// that its user might want to keep.
const validity = 7 * 24 * time.Hour

// authority is the certificate authority of one cluster. Because no two
// clusters share one, a client can never mistake another cluster's server for
// its own, even if both were given the same port.
type authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
	pem         []byte
}

// pair is a certificate and its private key, both PEM encoded.
type pair struct {
	certificate, key []byte
}

func newAuthority() (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template, err := certificateTemplate(pkix.Name{CommonName: "stateward-test-ca"})
	if err != nil {
		return nil, err
	}
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &authority{certificate: certificate, key: key, pem: encode("CERTIFICATE", der)}, nil
}

func certificateTemplate(subject pkix.Name) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      subject,
		// An hour back, so that a clock that is being set does no harm.
		NotBefore: now.Add(-time.Hour),
		NotAfter:  now.Add(validity),
	}, nil
}

// serving returns a certificate for servers on the loopback interface. It
// serves as etcd's client certificate too.
func (a *authority) serving() (pair, error) {
	template, err := certificateTemplate(pkix.Name{CommonName: "localhost"})
	if err != nil {
		return pair{}, err
	}
	template.DNSNames = []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"}
	template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	return a.sign(template)
}

// client returns a certificate that authenticates as the given user.
func (a *authority) client(identity Identity) (pair, error) {
	template, err := certificateTemplate(pkix.Name{CommonName: identity.User, Organization: identity.Groups})
	if err != nil {
		return pair{}, err
	}
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	return a.sign(template)
}

func (a *authority) sign(template *x509.Certificate) (pair, error) {
	template.KeyUsage = x509.KeyUsageDigitalSignature
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair{}, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return pair{}, err
	}
	encodedKey, err := encodeKey(key)
	if err != nil {
		return pair{}, err
	}
	return pair{certificate: encode("CERTIFICATE", der), key: encodedKey}, nil
}

// serviceAccountKey returns the key that signs service account tokens. It is
// an RSA key, as in nearly all clusters.
func serviceAccountKey() ([]byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	return encodeKey(key)
}

func encodeKey(key any) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return encode("PRIVATE KEY", der), nil
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// certificateFiles are the paths at which the programs find their credentials.
type certificateFiles struct {
	authority, certificate, key, serviceAccountKey string
}

func writeCertificates(dir string, authority *authority) (certificateFiles, error) {
	serving, err := authority.serving()
	if err != nil {
		return certificateFiles{}, fmt.Errorf("make the serving certificate: %w", err)
	}
	accountKey, err := serviceAccountKey()
	if err != nil {
		return certificateFiles{}, fmt.Errorf("make the key for service accounts: %w", err)
	}
	files := certificateFiles{
		authority:         filepath.Join(dir, "ca.crt"),
		certificate:       filepath.Join(dir, "serving.crt"),
		key:               filepath.Join(dir, "serving.key"),
		serviceAccountKey: filepath.Join(dir, "service-account.key"),
	}
	content := map[string][]byte{
		files.authority:         authority.pem,
		files.certificate:       serving.certificate,
		files.key:               serving.key,
		files.serviceAccountKey: accountKey,
	}
	for path, bytes := range content {
		if err := os.WriteFile(path, bytes, 0o600); err != nil {
			return certificateFiles{}, err
		}
	}
	return files, nil
}
