package certmanager_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/webhook/registration"
)

// TestCertManagerIssuesRenewsAndRollsOver goes through the life of the certificates, one step after the other, while a
// real API server asks all the time.
func TestCertManagerIssuesRenewsAndRollsOver(t *testing.T) {
	i := install(t)
	i.trusted(t)
	// What Stateward adds must be trusted as what was applied, from here on.
	if err := i.Manage(t.Context()); err != nil {
		t.Fatal(err)
	}
	i.create(t)
	first := i.bundle(t)
	t.Run("the first certificate is issued and trusted", func(t *testing.T) {
		for _, name := range []string{authority, serving} {
			certificate, err := i.certificates.CertmanagerV1().Certificates(namespace).Get(t.Context(), name, metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if !ready(certificate) {
				t.Errorf("Certificate %s is not ready: %+v", name, certificate.Status)
			}
		}
		if diff := cmp.Diff(1, len(first)); diff != "" {
			t.Errorf("authorities in the caBundle (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(first[0].Raw, i.issued(t, authority).Raw); diff != "" {
			t.Errorf("caBundle (-authority +bundle):\n%s", diff)
		}
		i.lostNone(t, func() {})
	})
	t.Run("a renewal changes what is served, and no caBundle", func(t *testing.T) {
		before := i.served(t)
		i.lostNone(t, func() {
			i.renew(t, serving)
			i.servesWhatIsIssued(t)
		})
		if i.served(t).Equal(before) {
			t.Error("the old certificate is served")
		}
		if diff := cmp.Diff(raw(first), raw(i.bundle(t))); diff != "" {
			t.Errorf("caBundle (-before +after):\n%s", diff)
		}
	})
	t.Run("a new authority is trusted beside the old one, and signs the next certificate", func(t *testing.T) {
		i.lostNone(t, func() {
			i.renew(t, authority)
			i.await(t, "the caBundle has the new authority", func(context.Context) (bool, error) {
				return len(i.bundle(t)) == 2, nil
			})
			if err := i.served(t).CheckSignatureFrom(first[0]); err != nil {
				t.Errorf("before the next renewal the old authority does not vouch for what is served: %v", err)
			}
			i.renew(t, serving)
			i.servesWhatIsIssued(t)
		})
		if err := i.served(t).CheckSignatureFrom(i.issued(t, authority)); err != nil {
			t.Errorf("the new authority does not vouch for what is served: %v", err)
		}
	})
}

// create makes what is asked about.
func (i *installation) create(t *testing.T) {
	t.Helper()
	for _, object := range [][]byte{builders.JSON(builders.HeadlessService()), builders.MakeStatefulSet().JSON()} {
		output, err := i.KubectlWithInput(t.Context(), bytes.NewReader(object), "create", "-f", "-")
		if err != nil || output.ExitCode != 0 {
			t.Fatalf("kubectl create: %v %s", err, output.Stderr)
		}
	}
}

// trusted waits until cert-manager has written every caBundle.
func (i *installation) trusted(t *testing.T) {
	t.Helper()
	i.await(t, "every caBundle is written", func(ctx context.Context) (bool, error) {
		bundles, err := i.bundles(ctx)
		for _, bundle := range bundles {
			if len(bundle) == 0 {
				return false, nil
			}
		}
		return len(bundles) > 0, err
	})
}

// bundles are those of all webhooks.
func (i *installation) bundles(ctx context.Context) (bundles [][]byte, err error) {
	api := i.Client.AdmissionregistrationV1()
	validating, err := api.ValidatingWebhookConfigurations().Get(ctx, registration.Name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	mutating, err := api.MutatingWebhookConfigurations().Get(ctx, registration.Name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	for _, each := range validating.Webhooks {
		bundles = append(bundles, each.ClientConfig.CABundle)
	}
	for _, each := range mutating.Webhooks {
		bundles = append(bundles, each.ClientConfig.CABundle)
	}
	return bundles, nil
}

// bundle is the one that all webhooks have, once they all have the same.
func (i *installation) bundle(t *testing.T) (authorities []*x509.Certificate) {
	t.Helper()
	var bundles [][]byte
	i.await(t, "all webhooks have the same caBundle", func(ctx context.Context) (bool, error) {
		var err error
		if bundles, err = i.bundles(ctx); err != nil {
			return false, err
		}
		for _, each := range bundles {
			if !bytes.Equal(each, bundles[0]) {
				return false, nil
			}
		}
		return true, nil
	})
	return parse(t, bundles[0])
}

// issued is the first certificate of a Secret.
func (i *installation) issued(t *testing.T, name string) *x509.Certificate {
	t.Helper()
	secret, err := i.Client.CoreV1().Secrets(namespace).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, secret.Data["tls.crt"])[0]
}

// served is the certificate that Stateward shows.
func (i *installation) served(t *testing.T) *x509.Certificate {
	t.Helper()
	connection, err := tls.Dial("tcp", i.replica.Address, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	return connection.ConnectionState().PeerCertificates[0]
}

// servesWhatIsIssued waits for the kubelet and for Stateward.
func (i *installation) servesWhatIsIssued(t *testing.T) {
	t.Helper()
	i.await(t, "Stateward serves what is issued", func(context.Context) (bool, error) {
		return i.served(t).Equal(i.issued(t, serving)), nil
	})
}

// lostNone runs do while requests arrive that Stateward must deny, and while a client that trusts the caBundle opens new
// connections: API servers check certificates only for those.
func (i *installation) lostNone(t *testing.T, do func()) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	asked, lost := 0, map[string]int{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for before := false; !before || ctx.Err() == nil; before = true {
			err := i.Client.AppsV1().StatefulSets("default").Delete(t.Context(), "web", metav1.DeleteOptions{DryRun: []string{metav1.DryRunAll}})
			if asked++; err == nil || !strings.Contains(err.Error(), "[cascade-delete]") {
				lost[fmt.Sprint(err)]++
			}
			if err := i.shakeHands(t.Context()); err != nil {
				lost[fmt.Sprint(err)]++
			}
		}
	}()
	do()
	stop()
	<-done
	t.Logf("%d requests", asked)
	for reason, count := range lost {
		t.Errorf("%d requests were not denied by Stateward: %s", count, reason)
	}
}

// shakeHands connects as an API server does that knows the caBundle of now, by the name of the Service.
func (i *installation) shakeHands(ctx context.Context) error {
	bundles, err := i.bundles(ctx)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(bundles[0])
	connection, err := tls.Dial("tcp", i.replica.Address, &tls.Config{RootCAs: roots, ServerName: serviceName})
	if err != nil {
		return err
	}
	return connection.Close()
}

func parse(t *testing.T, bundle []byte) (certificates []*x509.Certificate) {
	t.Helper()
	for block, rest := pem.Decode(bundle); block != nil; block, rest = pem.Decode(rest) {
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		certificates = append(certificates, certificate)
	}
	return certificates
}

func raw(certificates []*x509.Certificate) (all [][]byte) {
	for _, each := range certificates {
		all = append(all, each.Raw)
	}
	return all
}
