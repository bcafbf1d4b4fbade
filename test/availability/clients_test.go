package availability_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
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

// TestOnlyClientsWithACertificateGetThrough has an API server that shows one, another one that does not, and a pod.
func TestOnlyClientsWithACertificateGetThrough(t *testing.T) {
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
	if err := sets.Delete(t.Context(), "web", metav1.DeleteOptions{}); err == nil || !strings.Contains(err.Error(), "certificate required") {
		t.Errorf("an API server without a certificate: %v", err)
	}
	asksInVain(t, guarded, nil)
	own := pair(t, clients)
	asks(t, guarded, own)

	next := newAuthority(t)
	write(t, authorities, pemOf(next))
	asksInVain(t, guarded, own)
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

func pair(t *testing.T, clients *authority) *tls.Certificate {
	t.Helper()
	issued, err := tls.X509KeyPair(clients.issue(t))
	if err != nil {
		t.Fatal(err)
	}
	return &issued
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

func asks(t *testing.T, guarded *environment.Environment, shows *tls.Certificate) {
	t.Helper()
	if err := ask(t, guarded, shows); err != nil {
		t.Errorf("with a certificate: %v", err)
	}
}

func asksInVain(t *testing.T, guarded *environment.Environment, shows *tls.Certificate) {
	t.Helper()
	if err := ask(t, guarded, shows); err == nil || !strings.Contains(err.Error(), "tls: ") {
		t.Errorf("without a certificate that counts: %v", err)
	}
}

func ask(t *testing.T, guarded *environment.Environment, shows *tls.Certificate) error {
	t.Helper()
	config, err := guarded.Client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(t.Context(), "stateward", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(config.Webhooks[0].ClientConfig.CABundle)
	secured := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	if shows != nil {
		secured.Certificates = []tls.Certificate{*shows}
	}
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: secured}}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, guarded.Webhook+"/validate", bytes.NewReader([]byte("{}")))
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	return response.Body.Close()
}
