package decisionlog_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/decisions"
	"github.com/stateward/stateward/webhook/admission"
	"github.com/stateward/stateward/webhook/metrics"
)

// deletion is the AdmissionReview of `kubectl delete secret password`, with the secret wherever tools put it.
const deletion = `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u1","operation":"DELETE",
"kind":{"group":"","version":"v1","kind":"Secret"},"resource":{"group":"","version":"v1","resource":"secrets"},
"name":"password","namespace":"default","userInfo":{"username":"alice"},"options":{},"oldObject":{"apiVersion":"v1","kind":"Secret",
"metadata":{"name":"password","namespace":"default","uid":"s1","annotations":{"kubectl.kubernetes.io/last-applied-configuration":"swordfish"},
"managedFields":[{"manager":"swordfish"}]},"type":"Opaque","data":{"swordfish":"swordfish"},"stringData":{"password":"swordfish"}}}}`

func TestOutputsHoldNoDataOfSecrets(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ body, says string }{
		"denied":                    {deletion, `StatefulSet \"web\" names this Secret`},
		"exempt":                    {strings.Replace(deletion, "alice", "system:serviceaccount:kube-system:namespace-controller", 1), `"allowed":true`},
		"with fields written twice": {strings.Replace(deletion, `"oldObject"`, `"oldObject":{},"oldObject"`, 1), `StatefulSet \"web\" names this Secret`},
		"not an object":             {strings.Replace(deletion, `"oldObject":{`, `"oldObject":["swordfish"],"x":{`, 1), "is not a JSON object"},
		"of a wrong type":           {strings.Replace(deletion, `"uid":"s1"`, `"uid":["swordfish"]`, 1), "is not a JSON object"},
		"torn":                      {deletion[:len(deletion)-20], `"allowed":false`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			output := everything(t, test.body)
			if strings.Contains(output, secret) {
				t.Errorf("data of the Secret:\n%s", output)
			}
			if !strings.Contains(output, test.says) {
				t.Errorf("want %s in:\n%s", test.says, output)
			}
		})
	}
}

// everything is what the webhook answers to a body, its log and its decision log, at the highest verbosity.
func everything(t *testing.T, body string) string {
	t.Helper()
	var records, written bytes.Buffer
	logged, _ := newLog(&records)
	metrics, err := metrics.New(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	inv := tutorial(t)
	set := builders.MakeStatefulSet()
	set.Namespace = "default"
	set.Spec.Template.Spec.ImagePullSecrets = []corev1.LocalObjectReference{{Name: "password"}}
	if err := inv.Add(set.JSON()); err != nil {
		t.Fatal(err)
	}
	decider := decisions.Engine(t, `{"decisionLog":{"mode":"All"},"rules":[{"id":"references-in-use","action":"deny"}]}`)
	handler := &admission.Handler{
		Policy: func() (*admission.Policy, error) { return &admission.Policy{Engine: decider, Inventory: inv}, nil },
		Phase:  engine.ValidatingPhase, Now: func() time.Time { return now }, Metrics: metrics, Log: logged,
	}
	logger := funcr.New(func(prefix, args string) { written.WriteString(prefix + args + "\n") }, funcr.Options{Verbosity: 10})
	request := httptest.NewRequestWithContext(log.IntoContext(context.Background(), logger), http.MethodPost, "/validate", strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	handler.HTTP().ServeHTTP(answer, request)
	finish(t, logged)
	return answer.Body.String() + written.String() + records.String()
}
