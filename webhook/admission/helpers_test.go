package admission

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/prometheus/client_golang/prometheus"
	admissionv1 "k8s.io/api/admission/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/webhook/metrics"
)

var update = flag.Bool("update", false, "write the golden files")

const (
	reviews     = "../../test/testdata/reviews"
	contentType = "application/json"
)

// now is the clock of every handler here, shortly after the reviews were recorded.
var now = time.Date(2026, time.November, 23, 5, 0, 0, 0, time.UTC)

// shared is compiled once: it takes longer than all the questions that are asked of it.
var shared = sync.OnceValues(func() (*engine.Engine, error) {
	library, err := policies.Embedded()
	if err != nil {
		return nil, err
	}
	return engine.New(context.Background(), library, nil)
})

// TestMain silences controller-runtime, which logs each request that it cannot read.
func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	os.Exit(m.Run())
}

func decider(t testing.TB) *engine.Engine {
	t.Helper()
	compiled, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

// newHandler is ready, and sees the cluster of the tutorial.
func newHandler(t testing.TB, phase engine.Phase) *Handler {
	t.Helper()
	metrics, err := metrics.New(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	return &Handler{
		Policy:  fixed(decider(t), tutorial(t)),
		Phase:   phase,
		Now:     func() time.Time { return now },
		Metrics: metrics,
	}
}

// fixed is a Policy that never changes.
func fixed(decider *engine.Engine, inv inventory.Inventory) func() (*Policy, error) {
	return func() (*Policy, error) { return &Policy{Engine: decider, Inventory: inv}, nil }
}

// overlay puts something in the way of the handler's inventory.
func overlay(handler *Handler, answer func(context.Context) (ast.Value, error)) {
	policy, err := handler.Policy()
	handler.Policy = func() (*Policy, error) {
		return &Policy{Engine: policy.Engine, Inventory: fakeInventory{policy.Inventory, answer}}, err
	}
}

// tutorial holds the headless Service and the StatefulSet as they were when the reviews were recorded.
func tutorial(t testing.TB) *inventory.Snapshot {
	t.Helper()
	inv := inventory.NewSnapshot("default", []string{"services", "statefulsets"})
	for _, name := range []string{"14-delete-service.json", "11-delete-background.json"} {
		if err := inv.Add(recording(t, name).OldObject.Raw); err != nil {
			t.Fatal(err)
		}
	}
	return inv
}

// serve listens, so that requests come as an API server's do.
func serve(t testing.TB, handler *Handler) string {
	t.Helper()
	server := httptest.NewServer(handler.HTTP())
	t.Cleanup(server.Close)
	return server.URL
}

func post(t testing.TB, url, contentType string, body []byte) *admissionv1.AdmissionResponse {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("HTTP status %s", answer.Status)
	}
	return decode(t, answer.Body)
}

func decode(t testing.TB, body io.Reader) *admissionv1.AdmissionResponse {
	t.Helper()
	var review admissionv1.AdmissionReview
	if err := json.NewDecoder(body).Decode(&review); err != nil {
		t.Fatal(err)
	}
	if review.Response == nil {
		t.Fatal("the answer has no response")
	}
	return review.Response
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(reviews, name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// recording is the request of a recorded review.
func recording(t testing.TB, name string) *admissionv1.AdmissionRequest {
	t.Helper()
	var review admissionv1.AdmissionReview
	if err := json.Unmarshal(read(t, name), &review); err != nil {
		t.Fatal(err)
	}
	return review.Request
}

// altered is the body of a recorded review after the request was changed as a tree of JSON.
func altered(t testing.TB, name string, change func(request map[string]any)) []byte {
	t.Helper()
	var review map[string]any
	if err := json.Unmarshal(read(t, name), &review); err != nil {
		t.Fatal(err)
	}
	request, ok := review["request"].(map[string]any)
	if !ok {
		t.Fatalf("%s has no request", name)
	}
	change(request)
	return encode(t, review)
}

// spliced is the body of a recorded review with the first old text replaced, to say what no JSON encoder would.
func spliced(t testing.TB, name, old, text string) []byte {
	t.Helper()
	before, after, found := bytes.Cut(read(t, name), []byte(old))
	if !found {
		t.Fatalf("%s does not contain %q", name, old)
	}
	return slices.Concat(before, []byte(text), after)
}

func encode(t testing.TB, value any) []byte {
	t.Helper()
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

// fakeInventory is the tutorial's cluster with look-ups of the test.
type fakeInventory struct {
	inventory.Inventory
	get func(ctx context.Context) (ast.Value, error)
}

func (i fakeInventory) Get(ctx context.Context, _, _, _ string) (ast.Value, error) { return i.get(ctx) }

func (i fakeInventory) List(ctx context.Context, _, _ string) (ast.Value, error) { return i.get(ctx) }

func (i fakeInventory) Mounting(ctx context.Context, _, _ string) (ast.Value, error) {
	return i.get(ctx)
}

func (i fakeInventory) Governed(ctx context.Context, _, _ string) (ast.Value, error) {
	return i.get(ctx)
}

func (i fakeInventory) Selecting(ctx context.Context, _, _ string, _ inventory.Labels) (ast.Value, error) {
	return i.get(ctx)
}

func (i fakeInventory) Labelled(ctx context.Context, _, _ string, _ inventory.Labels) (ast.Value, error) {
	return i.get(ctx)
}

// names are those of the recorded reviews.
func names(t testing.TB) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(reviews, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("recorded reviews: %v, %v", files, err)
	}
	for _, file := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(file), ".json"))
	}
	return names
}
