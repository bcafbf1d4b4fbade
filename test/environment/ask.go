package environment

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Ask posts a body to the validating phase without an API server, as any pod can that reaches the port, and returns the answer.
// The client shows these certificates.
func (e *Environment) Ask(ctx context.Context, body []byte, shown ...tls.Certificate) ([]byte, error) {
	registered, err := e.Client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(ctx, "stateward", metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(registered.Webhooks[0].ClientConfig.CABundle)
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{
		RootCAs: roots, MinVersion: tls.VersionTLS12, Certificates: shown,
	}}}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.Webhook+"/validate", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	return io.ReadAll(response.Body)
}
