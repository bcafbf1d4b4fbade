package availability_test

import (
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/environment"
)

// admissionConfiguration names the kubeconfig by which an API server calls webhooks.
const admissionConfiguration = `apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
  - name: ValidatingAdmissionWebhook
    configuration: {apiVersion: apiserver.config.k8s.io/v1, kind: WebhookAdmissionConfiguration, kubeConfigFile: %[1]q}
  - name: MutatingAdmissionWebhook
    configuration: {apiVersion: apiserver.config.k8s.io/v1, kind: WebhookAdmissionConfiguration, kubeConfigFile: %[1]q}
`

// TestClientsNeedACertificate has an API server that shows one, another one that does not, and a pod.
func TestClientsNeedACertificate(t *testing.T) {
	t.Parallel()
	folder, clients := t.TempDir(), newAuthority(t)
	authorities := filepath.Join(folder, "ca.crt")
	write(t, authorities, pemOf(clients))
	guarded := environment.ForTestWith(t, environment.Options{
		APIServerArgs: []string{"--admission-control-config-file=" + shown(t, folder, clients)},
		ServeArgs:     []string{"--client-ca-file=" + authorities},
	})
	// It has refused what Stateward denies, or it would not have started.
	bare, err := guarded.AddAPIServer(t.Context(), "bare")
	if err != nil {
		t.Fatal(err)
	}
	config := rest.CopyConfig(guarded.Config())
	config.Host = bare
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	sets := client.AppsV1().StatefulSets("default")
	// Creations go on while Stateward cannot be asked.
	if _, err := sets.Create(t.Context(), &builders.MakeStatefulSet().StatefulSet, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	refused(t, guarded, "tls: client didn't provide a certificate", func() error {
		err := sets.Delete(t.Context(), "web", metav1.DeleteOptions{})
		if err != nil && !strings.Contains(err.Error(), `failed calling webhook "critical.stateward.dev"`) {
			t.Errorf("an API server without a certificate: %v", err)
		}
		return err
	})
	asksInVain(t, guarded, "tls: client didn't provide a certificate")
	own := pair(t, clients)
	asks(t, guarded, own)

	next := newAuthority(t)
	write(t, authorities, pemOf(next))
	asksInVain(t, guarded, "tls: failed to verify certificate", own)
	asks(t, guarded, pair(t, next))
	write(t, authorities, []byte("torn"))
	asks(t, guarded, pair(t, next))
}

// shown returns the configuration of an API server that shows webhooks a certificate.
func shown(t *testing.T, folder string, clients *authority) string {
	t.Helper()
	certificate, key := clients.issue(t)
	kubeconfig := clientcmdapi.NewConfig()
	kubeconfig.AuthInfos["*"] = &clientcmdapi.AuthInfo{ClientCertificateData: certificate, ClientKeyData: key}
	file := filepath.Join(folder, "webhooks.kubeconfig")
	if err := clientcmd.WriteToFile(*kubeconfig, file); err != nil {
		t.Fatal(err)
	}
	admission := filepath.Join(folder, "admission.yaml")
	write(t, admission, fmt.Appendf(nil, admissionConfiguration, file))
	return admission
}

func pemOf(clients *authority) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: clients.certificate.Raw})
}

func pair(t *testing.T, clients *authority) tls.Certificate {
	t.Helper()
	issued, err := tls.X509KeyPair(clients.issue(t))
	if err != nil {
		t.Fatal(err)
	}
	return issued
}

func write(t *testing.T, file string, text []byte) {
	t.Helper()
	// The clock of some file systems is coarse, and a change shows by its time.
	if state, err := os.Stat(file); err == nil {
		defer func() {
			if err := os.Chtimes(file, time.Time{}, state.ModTime().Add(time.Second)); err != nil {
				t.Fatal(err)
			}
		}()
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func asks(t *testing.T, guarded *environment.Environment, shown ...tls.Certificate) {
	t.Helper()
	if _, err := guarded.Ask(t.Context(), []byte("{}"), shown...); err != nil {
		t.Errorf("with a certificate: %v", err)
	}
}

func asksInVain(t *testing.T, guarded *environment.Environment, reason string, shown ...tls.Certificate) {
	t.Helper()
	refused(t, guarded, reason, func() error {
		_, err := guarded.Ask(t.Context(), []byte("{}"), shown...)
		return err
	})
}

// refused wants an error, and Stateward to log why. A client may hear of it by the alert, or find the connection closed when
// it sends its request: in TLS 1.3 it is done with the handshake before the server has seen its certificate.
func refused(t *testing.T, guarded *environment.Environment, reason string, do func() error) {
	t.Helper()
	count := func() int {
		log, err := os.ReadFile(guarded.Stateward.LogPath())
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(log), reason)
	}
	before := count()
	if do() == nil {
		t.Errorf("no error, want one because of %q", reason)
	}
	for deadline := time.Now().Add(30 * time.Second); count() == before; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("Stateward has not logged %q", reason)
		}
	}
}
