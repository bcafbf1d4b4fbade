package e2e_test

import (
	"cmp"
	"context"
	"encoding/json"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/stateward/stateward/test/builders"
)

// fault is something else than Stateward behind its registration.
type fault struct {
	handler http.HandlerFunc
	// change breaks the way to it.
	change func(*admissionregistrationv1.WebhookClientConfig)
	// says is what the API server says of it.
	says string
}

func (g guard) faults(t *testing.T) map[string]fault {
	t.Helper()
	allows := func(w http.ResponseWriter, r *http.Request) { answerFor(w, r, "") }
	silent := listensOnly(t)
	at := func(address string) func(*admissionregistrationv1.WebhookClientConfig) {
		url := "https://" + address + "/validate"
		return func(c *admissionregistrationv1.WebhookClientConfig) { c.URL = &url }
	}
	return map[string]fault{
		"it fails": {handler: func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "out of order", http.StatusInternalServerError)
		}, says: "out of order"},
		"it talks nonsense":    {handler: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "yes") }, says: "failed calling webhook"},
		"it answers another":   {handler: func(w http.ResponseWriter, r *http.Request) { answerFor(w, r, "another") }, says: "expected response.uid"},
		"it takes its time":    {handler: neverAnswers, says: "context deadline exceeded"},
		"it is another server": {handler: allows, change: func(c *admissionregistrationv1.WebhookClientConfig) { c.CABundle = g.Config().CAData }, says: "x509"},
		"it is not there":      {handler: allows, change: at("127.0.0.1:1"), says: "connect"},
		// So it is with a process that hangs.
		"it is connected to and shakes no hands": {handler: allows, change: at(silent), says: silent + "/validate?timeout=5s\": context deadline exceeded"},
	}
}

// faulty puts each fault in the place of Stateward: what destroys data waits for Stateward itself, what only creates goes on.
func (g guard) faulty(t *testing.T) {
	t.Helper()
	second := builders.MakeStatefulSet().Name("second")
	second.Namespace = g.namespace
	stored := g.registration(t)
	// Were it not really asked, nothing below would show anything.
	allows := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answerFor(w, r, "") }))
	defer allows.Close()
	g.register(t, func(_ int, config *admissionregistrationv1.WebhookClientConfig) { *config = clientOf(allows) })
	eventually(t, "the server in the place of Stateward is asked", func(context.Context) (bool, error) {
		_, code := g.kubectl(t, "", "delete", "statefulset", "web", "--dry-run=server")
		return code == 0, nil
	})
	defer g.register(t, func(index int, config *admissionregistrationv1.WebhookClientConfig) {
		*config = stored.Webhooks[index].ClientConfig
	})
	for what, each := range g.faults(t) {
		t.Run(what, func(t *testing.T) {
			server := httptest.NewTLSServer(each.handler)
			defer server.Close()
			g.register(t, func(_ int, config *admissionregistrationv1.WebhookClientConfig) {
				*config = clientOf(server)
				if each.change != nil {
					each.change(config)
				}
			})
			eventually(t, "the API server says "+each.says, func(context.Context) (bool, error) {
				output, code := g.kubectl(t, "", "delete", "statefulset", "web", "--dry-run=server")
				return code != 0 && strings.Contains(output, "failed calling webhook") && strings.Contains(output, each.says), nil
			})
			if output, code := g.kubectl(t, string(second.JSON()), "create", "--dry-run=server", "-f", "-"); code != 0 {
				t.Errorf("what only creates does not go on: %s", output)
			}
		})
	}
}

// register changes where the API server finds the validating webhooks.
func (g guard) register(t *testing.T, change func(index int, config *admissionregistrationv1.WebhookClientConfig)) {
	t.Helper()
	configuration := g.registration(t)
	for index := range configuration.Webhooks {
		change(index, &configuration.Webhooks[index].ClientConfig)
	}
	api := g.Client.AdmissionregistrationV1().ValidatingWebhookConfigurations()
	if _, err := api.Update(t.Context(), configuration, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func (g guard) registration(t *testing.T) *admissionregistrationv1.ValidatingWebhookConfiguration {
	t.Helper()
	api := g.Client.AdmissionregistrationV1().ValidatingWebhookConfigurations()
	configuration, err := api.Get(t.Context(), "stateward", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return configuration
}

func clientOf(server *httptest.Server) admissionregistrationv1.WebhookClientConfig {
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	return admissionregistrationv1.WebhookClientConfig{URL: &server.URL, CABundle: authority}
}

// answerFor allows the request, in the name of this uid or, without one, of its own.
func answerFor(w http.ResponseWriter, r *http.Request, uid types.UID) {
	var review admissionv1.AdmissionReview
	if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	review.Response = &admissionv1.AdmissionResponse{UID: cmp.Or(uid, review.Request.UID), Allowed: true}
	review.Request = nil
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(review)
}

// listensOnly does nothing else at the address that it returns: the kernel takes connections and what is sent on them.
func listensOnly(t *testing.T) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener.Addr().String()
}

// neverAnswers waits until the caller gives up, which only shows once all that it sent is read.
func neverAnswers(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}
