package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
	"github.com/stateward/stateward/test/builders"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestDecide(t *testing.T) {
	t.Parallel()
	decider := newEngine(t, nil)
	tests := map[string]struct {
		request engine.Request
		objects []json.RawMessage
		want    []string
		denied  bool
	}{
		"a StatefulSet behind its headless Service is allowed": {
			request: create(builders.MakeStatefulSet()), objects: service(),
		},
		"a StatefulSet without its Service is denied": {
			request: create(builders.MakeStatefulSet()), want: []string{"deny headless-service"}, denied: true,
		},
		"all that is wrong is found at once": {
			request: create(builders.MakeStatefulSet().Partition(9).Image("nginx")), objects: service(),
			want: []string{"deny image-tag", "deny partition-range"}, denied: true,
		},
		"what was wrong before an update is a warning": {
			request: update(builders.MakeStatefulSet().Partition(9).Replicas(4), builders.MakeStatefulSet().Partition(9)),
			objects: service(), want: []string{"warn partition-range"},
		},
		"a scale below the partition of the StatefulSet behind it is denied": {
			request: scale(1, 3),
			objects: append(service(), builders.MakeStatefulSet().Partition(2).JSON()),
			want:    []string{"deny partition-range"}, denied: true,
		},
		"a deletion is denied": {
			request: remove(builders.MakeStatefulSet()), want: []string{"deny cascade-delete"}, denied: true,
		},
		"a confirmed deletion is a warning": {
			request: remove(confirmed("delete", now.Add(time.Minute))), want: []string{"warn cascade-delete"},
		},
		"a confirmation in a plan confirms nothing": {
			request: planned(remove(confirmed("delete", now.Add(time.Minute)))), want: []string{"deny cascade-delete"}, denied: true,
		},
		"a confirmation of something else confirms nothing": {
			request: remove(confirmed("scale", now.Add(time.Minute))), want: []string{"deny cascade-delete"}, denied: true,
		},
		"a confirmation without a record confirms nothing": {
			request: remove(confirmed("delete", now.Add(time.Minute)).Annotate("stateward.dev/confirmed-by", "")),
			want:    []string{"deny cascade-delete"}, denied: true,
		},
		"an expired confirmation confirms nothing": {
			request: remove(confirmed("delete", now.Add(-time.Second))), want: []string{"deny cascade-delete"}, denied: true,
		},
		"a confirmation of more than an hour confirms nothing": {
			request: remove(confirmed("delete", now.Add(61*time.Minute))), want: []string{"deny cascade-delete"}, denied: true,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			decision, err := decider.Decide(t.Context(), test.request, inv(t, test.objects...))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, levels(decision)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			if decision.Allowed == test.denied {
				t.Errorf("allowed is %v", decision.Allowed)
			}
		})
	}
}

func planned(request engine.Request) engine.Request {
	request.Planned = true
	return request
}

func TestDecisionNamesTheConfirmationUsed(t *testing.T) {
	t.Parallel()
	decision, err := newEngine(t, nil).Decide(t.Context(), remove(confirmed("delete", now.Add(time.Minute))), inv(t))
	if err != nil || len(decision.Findings) != 1 {
		t.Fatalf("findings %v, error %v", decision.Findings, err)
	}
	want := &engine.Confirmation{By: "alice", Until: now.Add(time.Minute).Format(time.RFC3339), Reason: "it moves"}
	if diff := cmp.Diff(want, decision.Findings[0].Confirmation); diff != "" {
		t.Errorf("confirmation (-want +got):\n%s", diff)
	}
}

func TestMutatingPhasePatchesAndNeverDenies(t *testing.T) {
	t.Parallel()
	request := create(builders.MakeStatefulSet().NoSelector().Service(""))
	request.Phase = engine.MutatingPhase
	decision, err := newEngine(t, nil).Decide(t.Context(), request, inv(t))
	if err != nil {
		t.Fatal(err)
	}
	want := []engine.Patch{{Op: "add", Path: "/spec/selector", Value: json.RawMessage(`{"matchLabels":{"app":"nginx"}}`)}}
	if diff := cmp.Diff(want, decision.Patches); diff != "" {
		t.Errorf("patches (-want +got):\n%s", diff)
	}
	if !decision.Allowed {
		t.Error("the mutating phase denied")
	}
}

func TestInventoryWithoutAResourceLeavesRulesUndecided(t *testing.T) {
	t.Parallel()
	decider := newEngine(t, nil)
	unknowing := inventory.NewSnapshot("default", nil)
	decision, err := decider.Decide(t.Context(), create(builders.MakeStatefulSet()), unknowing)
	if err != nil {
		t.Fatal(err)
	}
	if want := (engine.Undecided{Rule: "headless-service", Resource: "services"}); !slices.Contains(decision.Undecided, want) {
		t.Errorf("%v is not among the undecided: %v", want, decision.Undecided)
	}
	looked := []string{"services", "statefulsets", "deployments", "storageclasses", "persistentvolumeclaims", "pods", "poddisruptionbudgets"}
	for _, undecided := range decision.Undecided {
		if !slices.Contains(looked, undecided.Resource) {
			t.Errorf("%s is undecided for %s, which no rule reads on a creation", undecided.Rule, undecided.Resource)
		}
	}
	if len(decision.Findings) > 0 || !decision.Allowed {
		t.Errorf("absence was taken for evidence: %v", decision.Findings)
	}
}

func TestInventoryWithoutAResourceShowsWhatItHas(t *testing.T) {
	t.Parallel()
	balanced := builders.HeadlessService()
	balanced.Spec.ClusterIP = "10.0.0.7"
	partial := inventory.NewSnapshot("default", nil)
	if err := partial.Add(builders.JSON(balanced)); err != nil {
		t.Fatal(err)
	}
	decision, err := newEngine(t, nil).Decide(t.Context(), create(builders.MakeStatefulSet()), partial)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"deny headless-service"}, levels(decision)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

func TestInventoryThatFailsEndsTheEvaluation(t *testing.T) {
	t.Parallel()
	_, err := newEngine(t, nil).Decide(t.Context(), create(builders.MakeStatefulSet()), brokenInventory{})
	// Which of the rules looks first is none of a test's business.
	if err == nil || !strings.Contains(err.Error(), " default") || !strings.HasSuffix(err.Error(), ": the API server is away") {
		t.Errorf("got error %v", err)
	}
}

func TestEvaluationEndsAtItsDeadline(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := newEngine(t, nil).Decide(ctx, create(builders.MakeStatefulSet()), inv(t))
	if !errors.Is(err, engine.ErrDeadline) {
		t.Errorf("got error %v", err)
	}
}

func TestDecideRejectsInvalidObjects(t *testing.T) {
	t.Parallel()
	decider := newEngine(t, nil)
	for name, object := range map[string]string{
		"a string":          `"web"`,
		"a list":            `[]`,
		"half an object":    `{"kind":`,
		"two in one":        `{}{}`,
		"replicas of words": `{"kind":"StatefulSet","metadata":{"name":"web"},"spec":{"serviceName":"nginx","replicas":"many"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			request := create(builders.MakeStatefulSet())
			request.Object = json.RawMessage(object)
			if decision, err := decider.Decide(t.Context(), request, inv(t, service()...)); err == nil {
				t.Errorf("got verdict %+v", decision)
			}
		})
	}
}

func TestDecisionsAreDeterministic(t *testing.T) {
	t.Parallel()
	decider := newEngine(t, nil)
	request := create(builders.MakeStatefulSet().Partition(9).Image("nginx").Service("none"))
	var first []byte
	for range 20 {
		decision, err := decider.Decide(t.Context(), request, inv(t))
		if err != nil {
			t.Fatal(err)
		}
		encoded := builders.JSON(decision)
		if first == nil {
			first = encoded
		}
		if diff := cmp.Diff(string(first), string(encoded)); diff != "" {
			t.Fatalf("verdicts differ:\n%s", diff)
		}
	}
}

func newEngine(t testing.TB, guardrails *v1alpha1.Guardrails) *engine.Engine {
	t.Helper()
	decider, err := engine.New(t.Context(), builders.Library(t), guardrails)
	if err != nil {
		t.Fatal(err)
	}
	return decider
}

// world knows Services and StatefulSets.
func inv(t *testing.T, objects ...json.RawMessage) inventory.Inventory {
	t.Helper()
	snapshot := inventory.NewSnapshot("default", []string{"services", "statefulsets"})
	for _, object := range objects {
		if err := snapshot.Add(object); err != nil {
			t.Fatal(err)
		}
	}
	return snapshot
}

// brokenInventory is a cluster that cannot be asked.
type brokenInventory struct{}

func (brokenInventory) Knows(string) bool { return true }

func (brokenInventory) Get(context.Context, string, string, string) (ast.Value, error) {
	return nil, errors.New("the API server is away")
}

func (brokenInventory) List(context.Context, string, string) (ast.Value, error) {
	return nil, errors.New("the API server is away")
}

func (brokenInventory) Selecting(context.Context, string, string, inventory.Labels) (ast.Value, error) {
	return nil, errors.New("the API server is away")
}

func (brokenInventory) Labelled(context.Context, string, string, inventory.Labels) (ast.Value, error) {
	return nil, errors.New("the API server is away")
}

func (brokenInventory) Governed(context.Context, string, string) (ast.Value, error) {
	return nil, errors.New("the API server is away")
}

func (brokenInventory) Mounting(context.Context, string, string) (ast.Value, error) {
	return nil, errors.New("the API server is away")
}

func (brokenInventory) Owner(context.Context, string, string) (ast.Value, error) {
	return nil, errors.New("the API server is away")
}

func (brokenInventory) Naming(context.Context, string, string) (ast.Value, error) {
	return nil, errors.New("the cache is on fire")
}

func (brokenInventory) Matching(context.Context, string, string) (ast.Value, error) {
	return nil, errors.New("the API server is away")
}

func (brokenInventory) Owned(context.Context, string, string) (ast.Value, error) {
	return nil, errors.New("the API server is away")
}

func service() []json.RawMessage { return []json.RawMessage{builders.JSON(builders.HeadlessService())} }

func create(set *builders.StatefulSet) engine.Request {
	return engine.Request{
		Phase: engine.ValidatingPhase, Operation: "CREATE", Group: "apps", Kind: "StatefulSet", Resource: "statefulsets",
		Namespace: "default", Name: set.StatefulSet.Name, Object: set.JSON(), Time: now,
		User: authenticationv1.UserInfo{Username: "alice"},
	}
}

func update(set, old *builders.StatefulSet) engine.Request {
	request := create(set)
	request.Operation, request.OldObject = "UPDATE", old.JSON()
	return request
}

// remove is a deletion as one item of a deletecollection: without a name and without options.
func remove(set *builders.StatefulSet) engine.Request {
	request := create(set)
	request.Operation, request.Name = "DELETE", ""
	request.Object, request.OldObject = nil, request.Object
	return request
}

func scale(replicas, before int32) engine.Request {
	return engine.Request{
		Phase: engine.ValidatingPhase, Operation: "UPDATE", Group: "autoscaling", Kind: "Scale", Resource: "statefulsets",
		Subresource: "scale", Namespace: "default", Name: "web", Object: builders.Scale(replicas),
		OldObject: builders.Scale(before), Time: now,
	}
}

func confirmed(operation string, until time.Time) *builders.StatefulSet {
	return builders.MakeStatefulSet().
		Annotate("stateward.dev/confirm", operation).
		Annotate("stateward.dev/confirm-rules", "cascade-delete").
		Annotate("stateward.dev/confirm-until", until.Format(time.RFC3339)).
		Annotate("stateward.dev/confirm-reason", "it moves").
		Annotate("stateward.dev/confirmed-by", "alice")
}

func terminating() *builders.StatefulSet {
	return builders.MakeStatefulSet().Terminating(metav1.NewTime(now))
}

// levels is "deny rule-id" for each finding.
func levels(decision engine.Decision) (levels []string) {
	for _, finding := range decision.Findings {
		levels = append(levels, string(finding.Level)+" "+finding.Rule)
	}
	return levels
}
