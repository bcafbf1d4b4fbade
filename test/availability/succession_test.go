package availability_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stateward/stateward/certs"
	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/environment"
	"github.com/stateward/stateward/webhook/registration"
)

// TestAuthoritySuccessionLosesNoRequest has authorities of a few seconds, and a real API server that asks all
// the time.
func TestAuthoritySuccessionLosesNoRequest(t *testing.T) {
	guarded := environment.ForTestWith(t, environment.Options{ServeArgs: []string{"--authority-lifetime", "20s"}})
	create(t, guarded)
	ctx, stop := context.WithCancel(t.Context())
	var asked, lost int
	var asking sync.WaitGroup
	asking.Go(func() {
		for ctx.Err() == nil {
			err := guarded.Client.AppsV1().StatefulSets("default").Delete(t.Context(), "web", metav1.DeleteOptions{DryRun: []string{metav1.DryRunAll}})
			asked++
			if err == nil || !strings.Contains(err.Error(), "[cascade-delete]") {
				lost++
				t.Errorf("not denied by Stateward: %v", err)
			}
		}
	})
	issuers := map[string]bool{}
	deadline := time.Now().Add(3 * time.Minute)
	for len(issuers) < 3 {
		if time.Now().After(deadline) {
			t.Errorf("%d authorities have signed what is served, want 3", len(issuers))
			break
		}
		issuers[issuerOf(t, guarded)] = true
		time.Sleep(100 * time.Millisecond)
	}
	stop()
	asking.Wait()
	t.Logf("%d requests, %d lost, %d authorities", asked, lost, len(issuers))
	t.Run("and who is not trusted is told by which webhooks", func(t *testing.T) { distrusts(t, guarded) })
}

// distrusts compares a certificate of an unknown authority with the registration.
func distrusts(t *testing.T, guarded *environment.Environment) {
	t.Helper()
	reader, err := client.New(guarded.Config(), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := certs.NewSelfManaged([]string{"127.0.0.1"}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	served, err := stranger.GetCertificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	distrusted, err := certs.Distrusted(t.Context(), reader, registration.Name, served)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"critical.stateward.dev", "advisory.stateward.dev", "confirmation.stateward.dev", "owner.stateward.dev",
		"protection.stateward.dev", "reclaim.stateward.dev", "claim-ref.stateward.dev",
		"image.stateward.dev", "label.stateward.dev", "eviction.stateward.dev",
		"selection.stateward.dev", "four-eyes.stateward.dev", "snapshots.stateward.dev", "guardrails.stateward.dev", "confirmations.stateward.dev",
		"mutation.stateward.dev", "confirmation.stateward.dev", "confirmations.stateward.dev",
	}
	if diff := cmp.Diff(want, distrusted); diff != "" {
		t.Errorf("webhooks (-want +got):\n%s", diff)
	}
	if _, err := certs.Distrusted(t.Context(), reader, "missing", served); err == nil || !strings.HasPrefix(err.Error(), "read ValidatingWebhookConfiguration missing: ") {
		t.Errorf("without a registration: %v", err)
	}
}

// issuerOf returns the authority of the caBundle that signed the current serving certificate.
func issuerOf(t *testing.T, guarded *environment.Environment) string {
	t.Helper()
	connection, err := tls.Dial("tcp", strings.TrimPrefix(guarded.Webhook, "https://"), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	leaf := connection.ConnectionState().PeerCertificates[0]
	configuration, err := guarded.Client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(t.Context(), registration.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	bundle := configuration.Webhooks[0].ClientConfig.CABundle
	for block, rest := pem.Decode(bundle); block != nil; block, rest = pem.Decode(rest) {
		authority, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if leaf.CheckSignatureFrom(authority) == nil {
			return string(authority.Raw)
		}
	}
	t.Fatal("no authority of the caBundle has signed what is served")
	return ""
}

// create makes what is asked about, so that nothing has to be looked up that is not there.
func create(t *testing.T, guarded *environment.Environment) {
	t.Helper()
	for _, object := range [][]byte{builders.JSON(builders.HeadlessService()), builders.MakeStatefulSet().JSON()} {
		output, err := guarded.KubectlWithInput(t.Context(), bytes.NewReader(object), "create", "-f", "-")
		if err != nil || output.ExitCode != 0 {
			t.Fatalf("kubectl create: %v %s", err, output.Stderr)
		}
	}
}
