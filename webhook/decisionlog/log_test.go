package decisionlog_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	ctrladmission "sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
	"github.com/stateward/stateward/webhook/admission"
	"github.com/stateward/stateward/webhook/decisionlog"
	"github.com/stateward/stateward/webhook/metrics"
)

const reviews = "../../test/testdata/reviews"

// now is shortly after the reviews were recorded.
var now = time.Date(2026, time.November, 23, 5, 0, 0, 123456789, time.UTC)

// newEngine decides with this decisionLog in its Guardrails.
func newEngine(t testing.TB, log string) *engine.Engine {
	t.Helper()
	library, err := policies.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	raw := `{"apiVersion":"stateward.dev/v1alpha1","kind":"Guardrails","metadata":{"name":"stateward","generation":7},"spec":{"decisionLog":` + log + `}}`
	guardrails, err := v1alpha1.ParseGuardrails([]byte(raw), library)
	if err != nil {
		t.Fatal(err)
	}
	decider, err := engine.New(t.Context(), library, guardrails)
	if err != nil {
		t.Fatal(err)
	}
	return decider
}

// recorded are the recorded requests by file.
func recorded(t testing.TB) map[string]*admissionv1.AdmissionRequest {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(reviews, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal(err, len(files))
	}
	requests := map[string]*admissionv1.AdmissionRequest{}
	for _, file := range files {
		requests[filepath.Base(file)] = request(t, file)
	}
	return requests
}

func request(t testing.TB, file string) *admissionv1.AdmissionRequest {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var review admissionv1.AdmissionReview
	if err := json.Unmarshal(raw, &review); err != nil {
		t.Fatal(err)
	}
	return review.Request
}

// tutorial holds the objects as they were when the reviews were recorded.
func tutorial(t testing.TB) *inventory.Snapshot {
	t.Helper()
	inv := inventory.NewSnapshot("default", []string{"services", "statefulsets", "persistentvolumeclaims", "pods", "poddisruptionbudgets", "storageclasses", "namespaces"})
	for _, name := range []string{"14-delete-service.json", "11-delete-background.json"} {
		if err := inv.Add(request(t, filepath.Join(reviews, name)).OldObject.Raw); err != nil {
			t.Fatal(err)
		}
	}
	return inv
}

// results counts what becomes of records.
type results struct {
	mutex  sync.Mutex
	counts map[string]int
}

func (r *results) count(result string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.counts == nil {
		r.counts = map[string]int{}
	}
	r.counts[result]++
}

// ask sends the requests through both phases of the webhook, and returns what is logged.
func ask(t testing.TB, decider *engine.Engine, inv inventory.Inventory, requests ...*admissionv1.AdmissionRequest) []byte {
	t.Helper()
	var out bytes.Buffer
	log, counted := newLog(&out)
	metrics, err := metrics.New(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	for _, phase := range []engine.Phase{engine.ValidatingPhase, engine.MutatingPhase} {
		handler := &admission.Handler{
			Policy: func() (*admission.Policy, error) { return &admission.Policy{Engine: decider, Inventory: inv}, nil },
			Phase:  phase, Now: func() time.Time { return now }, Metrics: metrics, Log: log,
		}
		for _, each := range requests {
			handler.Handle(t.Context(), ctrladmission.Request{AdmissionRequest: *each})
		}
	}
	finish(t, log)
	if counted.counts[decisionlog.Failed]+counted.counts[decisionlog.Dropped] > 0 {
		t.Errorf("records: %v", counted.counts)
	}
	return out.Bytes()
}

func newLog(out interface{ Write([]byte) (int, error) }) (*decisionlog.Log, *results) {
	counted := &results{}
	return decisionlog.New(decisionlog.Options{
		Out: out, Labels: map[string]string{"id": "test"}, Warn: admission.Warnings, Count: counted.count, Log: logr.Discard(),
	}), counted
}

// finish writes what waits.
func finish(t testing.TB, log *decisionlog.Log) {
	t.Helper()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := log.Run(ended); err != nil {
		t.Fatal(err)
	}
}

// parsed are the records of decisions in a log; the first is of the Guardrails.
func parsed(t testing.TB, log []byte) (decisions []*decisionlog.Record) {
	t.Helper()
	for line := range bytes.Lines(log) {
		record, err := decisionlog.Parse(line)
		if err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		if !record.IsGuardrails() {
			decisions = append(decisions, record)
		}
	}
	return decisions
}

// again evaluates a recorded request a second time.
func again(t testing.TB, decider *engine.Engine, record *decisionlog.Record) (result string, masked bool) {
	t.Helper()
	read, err := decider.Prepare(record.EngineRequest())
	if err != nil {
		t.Fatal(err)
	}
	inv := decisionlog.NewObjects().NewInventory(record, true)
	decision, err := decider.Evaluate(t.Context(), read, inv)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(decisionlog.Result{Decision: decision, Warnings: admission.Warnings(decision.Findings)})
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded), read.MetMask() || inv.MetMask()
}

// TestSnapshotsAreLookedUpLast reads a record of a decision that looked none up, since nothing was denied.
func TestSnapshotsAreLookedUpLast(t *testing.T) {
	t.Parallel()
	other := decisionlog.NewObjects().NewInventory(&decisionlog.Record{}, false)
	if found, err := other.List(t.Context(), "volumesnapshots", "default"); err != nil || found.String() != "{}" {
		t.Errorf("got %v, %v", found, err)
	}
	if found, err := other.Get(t.Context(), "volumesnapshotcontents", "", "content"); err != nil || found != nil {
		t.Errorf("got %v, %v", found, err)
	}
	var missing *inventory.NotRecordedError
	if _, err := decisionlog.NewObjects().NewInventory(&decisionlog.Record{}, true).List(t.Context(), "volumesnapshots", "default"); !errors.As(err, &missing) {
		t.Errorf("repeated: got %v", err)
	}
}

func TestLogHoldsAllInputsOfADecision(t *testing.T) {
	t.Parallel()
	decider := newEngine(t, `{"mode":"All"}`)
	for name, request := range recorded(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			records := parsed(t, ask(t, decider, tutorial(t), request))
			if len(records) != 2 {
				t.Fatalf("%d records instead of one of each phase", len(records))
			}
			for _, record := range records {
				if got, masked := again(t, decider, record); got != string(record.Result) || masked {
					t.Errorf("decided again, masked %v (-then +now):\n%s", masked, cmp.Diff(string(record.Result), got))
				}
				if !record.Timestamp.Equal(now) || record.DecisionID != string(request.UID) || record.Labels["id"] != "test" {
					t.Errorf("the record begins with %v %s %v", record.Timestamp, record.DecisionID, record.Labels)
				}
			}
		})
	}
}

func TestLogBeginsWithTheGuardrails(t *testing.T) {
	t.Parallel()
	decider := newEngine(t, `{"mode":"All"}`)
	log := ask(t, decider, tutorial(t), request(t, reviews+"/02-scale-up.json"))
	first, _, _ := bytes.Cut(log, []byte("\n"))
	record, err := decisionlog.Parse(first)
	if err != nil || !record.IsGuardrails() {
		t.Fatalf("the log begins with %s: %v", first, err)
	}
	guardrails, err := v1alpha1.ParseGuardrails(record.Guardrails, decider.Library())
	if err != nil {
		t.Fatal(err)
	}
	if _, want := decider.Revision(); record.Revision != want || guardrails.Revision() != want || guardrails.Generation != 7 {
		t.Errorf("revision %s, generation %d", record.Revision, guardrails.Generation)
	}
}

func TestLogFollowsItsMode(t *testing.T) {
	t.Parallel()
	denied, allowed := request(t, reviews+"/11-delete-background.json"), request(t, reviews+"/02-scale-up.json")
	for log, want := range map[string]int{
		`{"mode":"All"}`: 4, `{"mode":"Denied"}`: 1, `{"mode":"Off"}`: 0, `{}`: 0,
		// The uid of the other request is not among the first hundredth.
		`{"mode":"All","allowedPercent":1}`: 1,
	} {
		if got := len(parsed(t, ask(t, newEngine(t, log), tutorial(t), denied, allowed))); got != want {
			t.Errorf("%s: %d records instead of %d", log, got, want)
		}
	}
}

func TestLogRecordsFailedEvaluations(t *testing.T) {
	t.Parallel()
	broken := request(t, reviews+"/10-create-statefulset.json").DeepCopy()
	broken.Object.Raw = []byte(`{"metadata":`)
	records := parsed(t, ask(t, newEngine(t, `{"mode":"Denied"}`), tutorial(t), broken))
	if len(records) != 2 || !strings.Contains(records[0].Error, "read object of the review") || len(records[0].Result) > 0 || len(records[0].LackedObjects()) == 0 {
		t.Errorf("records: %+v", records)
	}
}

func TestLogLeavesSecretsAndCredentialsOut(t *testing.T) {
	t.Parallel()
	secret := &admissionv1.AdmissionRequest{UID: "1", Operation: admissionv1.Create}
	secret.Kind.Version, secret.Kind.Kind = "v1", "Secret"
	secret.Resource.Version, secret.Resource.Resource = "v1", "secrets"
	secret.Object.Raw = []byte(`{"apiVersion":"v1","kind":"Secret","data":{"token":"c3dvcmRmaXNo"}}`)
	secret.UserInfo.Extra = map[string]authenticationv1.ExtraValue{"credential-id": {"c3dvcmRmaXNo"}}
	log := ask(t, newEngine(t, `{"mode":"All"}`), tutorial(t), secret)
	if bytes.Contains(log, []byte("c3dvcmRmaXNo")) || len(parsed(t, log)) != 2 {
		t.Errorf("the log is %s", log)
	}
}

func TestLogDropsRecordsWhenItsQueueIsFull(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log, counted := newLog(&out)
	decider := newEngine(t, `{"mode":"All"}`)
	asked := request(t, reviews+"/02-scale-up.json")
	read, err := decider.Prepare(engine.FromAdmission(asked, now))
	if err != nil {
		t.Fatal(err)
	}
	for range 1100 {
		log.Offer(decisionlog.Entry{Path: decisionlog.PathValidate, Request: asked, Engine: decider, Prepared: read, Decision: engine.Decision{Allowed: true}, Time: now})
	}
	finish(t, log)
	if diff := cmp.Diff(map[string]int{decisionlog.Dropped: 76, decisionlog.Written: 1024}, counted.counts); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}

// disk is full after some bytes, until it is mended.
type disk struct {
	bytes.Buffer
	room int
}

func (d *disk) Write(text []byte) (int, error) {
	if len(text) <= d.room {
		d.room -= len(text)
		return d.Buffer.Write(text)
	}
	written, _ := d.Buffer.Write(text[:d.room])
	d.room = 0
	return written, errors.New("no space left on device")
}

func TestLogLosesOnlyRecordsOfAFullDisk(t *testing.T) {
	t.Parallel()
	decider := newEngine(t, `{"mode":"All"}`)
	var whole bytes.Buffer
	log, _ := newLog(&whole)
	offer(t, log, decider, 2)
	out := &disk{room: whole.Len() - 10}
	log, counted := newLog(out)
	offer(t, log, decider, 3)
	out.room = 1 << 20
	offer(t, log, decider, 2)
	if diff := cmp.Diff(map[string]int{decisionlog.Failed: 2, decisionlog.Written: 3}, counted.counts); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	good := 0
	for line := range bytes.Lines(out.Bytes()) {
		if _, err := decisionlog.Parse(line); err == nil {
			good++
		}
	}
	if good != 4 {
		t.Errorf("%d whole records instead of the Guardrails and 3 decisions in:\n%s", good, out.Bytes())
	}
}

// offer offers a scale so many times and writes what waits.
func offer(t *testing.T, log *decisionlog.Log, decider *engine.Engine, times int) {
	t.Helper()
	asked := request(t, reviews+"/02-scale-up.json")
	for range times {
		read, err := decider.Prepare(engine.FromAdmission(asked, now))
		if err != nil {
			t.Fatal(err)
		}
		log.Offer(decisionlog.Entry{Path: decisionlog.PathValidate, Request: asked, Engine: decider, Prepared: read, Decision: engine.Decision{Allowed: true}, Time: now})
	}
	finish(t, log)
}
