package auditor

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/stored"
	"github.com/stateward/stateward/webhook/reports"
)

func TestTallyFindsTheOwnerOfAReport(t *testing.T) {
	t.Parallel()
	controller := func(apiVersion, kind string) *metav1.OwnerReference {
		return &metav1.OwnerReference{APIVersion: apiVersion, Kind: kind, Name: "db", UID: "s1", Controller: new(true)}
	}
	tests := map[string]struct {
		resource, name string
		facts          stored.Facts
		want           types.UID
	}{
		"a pod of a StatefulSet":     {"pods", "db-0", stored.Facts{UID: "p1", Controller: controller("apps/v1", "StatefulSet")}, "s1"},
		"a pod of another kind":      {"pods", "db-0", stored.Facts{UID: "p1", Controller: controller("apps.kruise.io/v1beta1", "StatefulSet")}, "p1"},
		"a pod of none":              {"pods", "db-0", stored.Facts{UID: "p1"}, "p1"},
		"a claim of a StatefulSet":   {"persistentvolumeclaims", "data-db-12", stored.Facts{UID: "c1"}, "s1"},
		"a claim that has no number": {"persistentvolumeclaims", "data-db", stored.Facts{UID: "c1"}, "c1"},
		"a claim of another set":     {"persistentvolumeclaims", "data-web-0", stored.Facts{UID: "c1"}, "c1"},
		"a Service":                  {"services", "db", stored.Facts{UID: "v1"}, "v1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tally := newTally(embedded(t))
			set := stored.Object{
				ObjectReference: engine.ObjectReference{Kind: "StatefulSet", Namespace: "data", Name: "db"}, Resource: "statefulsets",
				Raw: []byte(`{"spec":{"volumeClaimTemplates":[{"metadata":{"name":"data"}}]}}`),
			}
			tally.add(set, stored.Facts{UID: "s1"}, engine.Decision{}, nil)
			object := stored.Object{ObjectReference: engine.ObjectReference{Namespace: "data", Name: test.name}, Resource: test.resource}
			tally.add(object, test.facts, engine.Decision{Findings: []engine.Finding{{Rule: "r", Level: policies.Warn}}}, nil)
			if len(tally.drafts) != 1 || tally.drafts[test.want] == nil {
				t.Errorf("reports of %v instead of %s", tally.drafts, test.want)
			}
		})
	}
}

func TestTallyBoundsAReport(t *testing.T) {
	t.Parallel()
	tally := newTally(embedded(t))
	object := stored.Object{ObjectReference: engine.ObjectReference{Kind: "Service", Namespace: "data", Name: "db"}}
	for range longestReport + 2 {
		tally.add(object, stored.Facts{UID: "v1"}, engine.Decision{}, errors.New("no time"))
	}
	made := tally.drafts["v1"].in("data", reports.OpenReports())
	if diff := cmp.Diff(map[string]int{"pass": 0, "fail": 0, "warn": 0, "error": longestReport, "skip": 1}, made.Summary); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	const want = "2 more results have no room in this report: run stateward audit"
	if got := made.Results[longestReport].Message; got != want {
		t.Errorf("message %q instead of %q", got, want)
	}
}

func embedded(t *testing.T) *engine.Engine {
	t.Helper()
	library, err := policies.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	decider, err := engine.New(t.Context(), library, nil)
	if err != nil {
		t.Fatal(err)
	}
	return decider
}

func TestBudgetRepaysATwentieth(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)
	steps := []struct {
		spent, later     time.Duration
		changes, allElse bool
	}{
		{0, 0, true, true},
		{100 * time.Millisecond, 0, true, false},
		{0, time.Second, true, false},
		{0, time.Second, true, true},
		{time.Second, 0, false, false},
		{0, 10 * time.Second, false, false},
		{0, time.Second, true, false},
		{0, 9 * time.Second, true, true},
	}
	budget := budget{since: noon}
	for index, step := range steps {
		budget.spend(step.spent)
		budget.repay(budget.since.Add(step.later))
		if got := [2]bool{budget.allows(true), budget.allows(false)}; got != [2]bool{step.changes, step.allElse} {
			t.Errorf("step %d allows %v with a debt of %s", index, got, budget.debt)
		}
	}
}

// lookups is a Stock that holds these objects, and counts what is looked up.
type lookups struct {
	Stock

	holds map[string]bool
	asked *int
}

func (l lookups) Get(_ context.Context, resource, _, _ string) (ast.Value, error) {
	*l.asked++
	if l.holds[resource] {
		return ast.NewObject(), nil
	}
	return nil, nil
}

func TestUnitAsksOnceForWhatIsAbsent(t *testing.T) {
	t.Parallel()
	for resource, want := range map[string]struct {
		asked   int
		charged time.Duration
	}{
		"services":            {asked: 1, charged: perLookup},
		"pods":                {asked: 3},
		"controllerrevisions": {asked: 3, charged: 3 * perLookup},
	} {
		var charged budget
		asked := 0
		stock := lookups{holds: map[string]bool{"pods": true, "controllerrevisions": true}, asked: &asked}
		inventory := withCopies{stock, nil, map[string]bool{}, &charged}
		for range 3 {
			if _, err := inventory.Get(t.Context(), resource, "data", "db"); err != nil {
				t.Fatal(err)
			}
		}
		if asked != want.asked || charged.debt != want.charged {
			t.Errorf("%s: asked %d times and charged %s, not %d and %s", resource, asked, charged.debt, want.asked, want.charged)
		}
	}
}

func TestChangesAreNotPutOff(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)
	made := &changes{due: map[string]time.Time{}}
	made.mark("b", noon.Add(2*time.Second))
	made.mark("a", noon.Add(time.Second))
	made.mark("b", noon.Add(time.Second))
	made.mark("a", noon.Add(time.Minute))
	if early := made.take(noon); early != nil {
		t.Errorf("taken before they are due: %v", early)
	}
	if diff := cmp.Diff([]string{"a", "b"}, made.take(noon.Add(time.Second))); diff != "" {
		t.Errorf("taken (-want +got):\n%s", diff)
	}
	if again := made.take(noon.Add(time.Hour)); again != nil {
		t.Errorf("taken twice: %v", again)
	}
}

func TestMetricsBoundTheNamespaces(t *testing.T) {
	t.Parallel()
	metrics := NewMetrics()
	for index := range mostNamespaces + 2 {
		metrics.set(fmt.Sprintf("n%03d", index), map[series]int{{"r", "warn"}: index + 1}, 0)
	}
	bounded := metrics.bounded()
	if diff := cmp.Diff(map[series]int{{"r", "warn"}: 3}, bounded[otherNamespaces]); len(bounded) != mostNamespaces+1 || diff != "" {
		t.Errorf("%d namespaces, others (-want +got):\n%s", len(bounded), diff)
	}
}

// Last is when the last full pass ended.
func (m *Metrics) Last() time.Time { return m.last }

func TestChangesQueueANamespaceOnce(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)
	auditor := New(Options{Now: func() time.Time { return now }})
	policy := Policy{Engine: embedded(t)}
	queued := func() (names []string) {
		for _, namespace := range []string{"data", "web", "kube-system"} {
			auditor.changed("statefulsets", namespace)
		}
		now = now.Add(settling)
		auditor.takeChanges(policy)
		for _, each := range auditor.urgent {
			names = append(names, each.namespace)
		}
		return names
	}
	for range 3 {
		if diff := cmp.Diff([]string{"data", "web"}, queued()); diff != "" {
			t.Errorf("queue (-want +got):\n%s", diff)
		}
	}
	// What has begun may have read the objects before they changed.
	auditor.urgent[0].begun = true
	for range 2 {
		if diff := cmp.Diff([]string{"data", "web", "data"}, queued()); diff != "" {
			t.Errorf("queue beside a unit that has begun (-want +got):\n%s", diff)
		}
	}
}

func TestPassGoesOnBesideConstantChanges(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)
	auditor := New(Options{Now: func() time.Time { return now }, Metrics: NewMetrics()})
	policy := Policy{Engine: embedded(t)}
	auditor.pass = &pass{left: []string{"a", "b", wholeCluster}}
	evaluated := map[string]int{}
	for auditor.pass != nil && evaluated["busy"] < 100 {
		auditor.changed("statefulsets", "busy")
		now = now.Add(settling)
		auditor.takeChanges(policy)
		if next := auditor.next(policy); next != nil {
			evaluated[next.namespace]++
			auditor.leave(next)
		}
	}
	if diff := cmp.Diff(map[string]int{"busy": 40, "a": 1, "b": 1, wholeCluster: 1}, evaluated); diff != "" {
		t.Errorf("evaluated (-want +got):\n%s", diff)
	}
}
