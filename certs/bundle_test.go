package certs

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
)

var now = time.Date(2026, time.November, 23, 5, 0, 0, 0, time.UTC)

// signer is the PEM of a certificate of this name that ends at notAfter.
func signer(t *testing.T, name string, notAfter time.Time) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: notAfter.Add(-time.Hour), NotAfter: notAfter,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return encodePEM(der)
}

// inBundle lists the names in a bundle, which must hold nothing but certificates.
func inBundle(t *testing.T, bundle []byte) (names []string) {
	t.Helper()
	for len(bundle) > 0 {
		block, rest := pem.Decode(bundle)
		if block == nil {
			t.Fatalf("bundle ends with %q", bundle)
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		names, bundle = append(names, certificate.Subject.CommonName), rest
	}
	return names
}

func TestBundleKeepsValidAuthoritiesAndAddsNewOnes(t *testing.T) {
	t.Parallel()
	later := now.Add(time.Hour)
	one, two, three := signer(t, "one", later), signer(t, "two", later), signer(t, "three", later)
	expired, ending := signer(t, "expired", now.Add(-time.Second)), signer(t, "ending", now)
	garbage := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("no certificate")})
	key := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("secret")})
	var many [][]byte
	var last []string
	for index := range maxAuthorities + 4 {
		name := fmt.Sprintf("old %d", index)
		many = append(many, signer(t, name, later))
		if index >= 5 {
			last = append(last, name)
		}
	}
	tests := map[string]struct {
		bundle, added [][]byte
		want          []string
	}{
		"nothing and nothing":                 {want: nil},
		"the first":                           {added: [][]byte{one}, want: []string{"one"}},
		"another one":                         {bundle: [][]byte{one}, added: [][]byte{two}, want: []string{"one", "two"}},
		"one that is there":                   {bundle: [][]byte{one, two}, added: [][]byte{one}, want: []string{"one", "two"}},
		"one that comes twice":                {added: [][]byte{one, one}, want: []string{"one"}},
		"one that is there twice":             {bundle: [][]byte{one, one}, added: [][]byte{two}, want: []string{"one", "two"}},
		"beside one that has expired":         {bundle: [][]byte{expired, one}, added: [][]byte{two}, want: []string{"one", "two"}},
		"one that has expired itself":         {bundle: [][]byte{one}, added: [][]byte{expired}, want: []string{"one"}},
		"beside one in its last moment":       {bundle: [][]byte{ending}, added: [][]byte{two}, want: []string{"ending", "two"}},
		"beside what is no certificate":       {bundle: [][]byte{garbage, one}, added: [][]byte{two}, want: []string{"one", "two"}},
		"beside a key":                        {bundle: [][]byte{key, one}, added: [][]byte{two}, want: []string{"one", "two"}},
		"beside what is no PEM":               {bundle: [][]byte{[]byte("Cg==\n"), one, []byte("the end")}, added: [][]byte{two}, want: []string{"one", "two"}},
		"to what is no PEM at all":            {bundle: [][]byte{[]byte("Cg==")}, added: [][]byte{two}, want: []string{"two"}},
		"several":                             {bundle: [][]byte{one}, added: [][]byte{two, three}, want: []string{"one", "two", "three"}},
		"to too many, of which the oldest go": {bundle: many, added: [][]byte{one}, want: append(last, "one")},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			merged := merge(bytes.Join(test.bundle, nil), bytes.Join(test.added, nil), now)
			if diff := cmp.Diff(test.want, inBundle(t, merged)); diff != "" {
				t.Errorf("bundle (-want +got):\n%s", diff)
			}
			again := merge(merged, bytes.Join(test.added, nil), now)
			if diff := cmp.Diff(string(merged), string(again)); diff != "" {
				t.Errorf("merged again (-want +got):\n%s", diff)
			}
		})
	}
}

// TestBundleIsWrittenOnlyWhenItChanges keeps replicas from writing for ever.
func TestBundleIsWrittenOnlyWhenItChanges(t *testing.T) {
	t.Parallel()
	later := time.Now().Add(time.Hour)
	one, two := signer(t, "one", later), signer(t, "two", later)
	tests := map[string]struct {
		bundle []byte
		want   []string
		change bool
	}{
		"an empty bundle":           {want: []string{"two"}, change: true},
		"a bundle without it":       {bundle: one, want: []string{"one", "two"}, change: true},
		"a bundle with it":          {bundle: append(bytes.Clone(one), two...), want: []string{"one", "two"}},
		"a bundle of something odd": {bundle: []byte("Cg=="), want: []string{"two"}, change: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := &admissionregistrationv1.WebhookClientConfig{CABundle: test.bundle}
			if changed := extend(config, two); changed != test.change {
				t.Errorf("changed %v, want %v", changed, test.change)
			}
			if diff := cmp.Diff(test.want, inBundle(t, config.CABundle)); diff != "" {
				t.Errorf("bundle (-want +got):\n%s", diff)
			}
		})
	}
}
