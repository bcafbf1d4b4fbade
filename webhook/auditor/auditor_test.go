package auditor_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"

	"github.com/stateward/stateward/webhook/reports"
)

// quiet switches off what these tests are not about.
const quiet = `{"rules":[{"id":"disruption-budget","action":"off"},{"id":"grace-period","action":"off"}]}`

// lines are what reports say, each by its object and its rule.
func lines(all []reports.Report) (lines []string) {
	for _, report := range all {
		for _, result := range report.Results {
			lines = append(lines, report.Scope.Kind+"/"+report.Scope.Name+": "+result.Result+" "+result.Rule+" "+result.Resources[0].Kind+"/"+result.Resources[0].Name)
		}
	}
	return lines
}

func TestAuditorReportsOnEachWorkload(t *testing.T) {
	t.Parallel()
	c := newCluster(t, quiet, set, claim, lostClaim, system)
	c.after(t, time.Minute)
	want := []string{
		"PersistentVolumeClaim/data-old-0: warn orphaned-claim PersistentVolumeClaim/data-old-0",
		"StatefulSet/db: fail headless-service StatefulSet/db",
	}
	if diff := cmp.Diff(want, lines(c.reports(t, reports.OpenReports(), "reports"))); diff != "" {
		t.Errorf("reports (-want +got):\n%s", diff)
	}
}

func TestAuditorWritesEachField(t *testing.T) {
	t.Parallel()
	for _, api := range []reports.API{reports.OpenReports(), reports.PolicyReports()} {
		t.Run(api.Group, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t, quiet, set)
			c.served = []reports.API{api}
			c.after(t, time.Second)
			made := api.New(reports.Metadata{
				Name: "stateward-s1", Namespace: "data",
				OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "StatefulSet", Name: "db", UID: "s1"}},
			}, []reports.Result{{
				Source: "stateward", Policy: "headless-service", Rule: "headless-service", Category: "identity", Severity: "high", Result: "fail", Scored: true,
				Timestamp: &metav1.Timestamp{Seconds: time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC).Unix()},
				Message: "[headless-service] spec.serviceName: Service \"db\" does not exist in namespace data. " +
					"Fix: first create a Service \"db\" with `clusterIP: None`.",
				Resources:  []reports.Reference{{Kind: "StatefulSet", Namespace: "data", Name: "db"}},
				Properties: map[string]string{"field": "spec.serviceName"},
			}})
			made.Scope = &reports.Reference{APIVersion: "apps/v1", Kind: "StatefulSet", Namespace: "data", Name: "db", UID: "s1"}
			if diff := cmp.Diff([]reports.Report{made}, c.reports(t, api, api.Resource)); diff != "" {
				t.Errorf("reports (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAuditorWritesOnlyWhatChanges(t *testing.T) {
	t.Parallel()
	c := newCluster(t, quiet, set, lostClaim)
	c.after(t, time.Minute)
	steps := []struct {
		name    string
		objects []string
		want    []string
	}{
		{"nothing changed", []string{set, lostClaim}, nil},
		{"a finding is mended", []string{set, service, lostClaim}, []string{"delete reports data"}},
		{"a finding is new", []string{set, lostClaim}, []string{"create reports data"}},
		{"all objects are gone", nil, []string{"delete reports data", "delete reports data"}},
	}
	c.writes()
	for _, step := range steps {
		c.holds(t, step.objects...)
		c.changed("services", "data")
		c.after(t, time.Minute)
		if diff := cmp.Diff(step.want, c.writes()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.name, diff)
		}
	}
}

func TestAuditorKeepsTheTimeOfAFinding(t *testing.T) {
	t.Parallel()
	c := newCluster(t, quiet, lostClaim)
	c.after(t, time.Second)
	before := c.reports(t, reports.OpenReports(), "reports")[0].Results[0]
	c.writes()
	c.after(t, 25*time.Hour)
	c.after(t, 2*time.Hour)
	after := c.reports(t, reports.OpenReports(), "reports")[0].Results[0]
	if diff := cmp.Diff(before.Timestamp, after.Timestamp); diff != "" {
		t.Errorf("timestamp (-before +after):\n%s", diff)
	}
	// The text has the age of the claim in days.
	if diff := cmp.Diff([]string{"update reports data"}, c.writes()); before.Message == after.Message || diff != "" {
		t.Errorf("message %q, then %q, writes (-want +got):\n%s", before.Message, after.Message, diff)
	}
}

func TestAuditorPassesOnceAnInterval(t *testing.T) {
	t.Parallel()
	c := newCluster(t, quiet, set)
	c.after(t, time.Minute)
	c.writes()
	c.holds(t, set, service)
	c.after(t, 58*time.Minute)
	if got := c.writes(); got != nil {
		t.Errorf("written before the interval ended: %v", got)
	}
	c.after(t, 2*time.Minute)
	if diff := cmp.Diff([]string{"delete reports data"}, c.writes()); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
}

func TestAuditorRestsAfterWork(t *testing.T) {
	t.Parallel()
	c := newCluster(t, quiet, set)
	c.each = time.Second
	c.after(t, time.Minute)
	if got := c.writes(); got != nil {
		t.Errorf("written within a minute, at a second of work for each step: %v", got)
	}
	c.after(t, 20*time.Minute)
	if diff := cmp.Diff([]string{"create reports data"}, c.writes()); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
}

func TestAuditorWaitsForAnAPIOfReports(t *testing.T) {
	t.Parallel()
	c := newCluster(t, quiet, set)
	c.served = nil
	c.after(t, time.Minute)
	if got := c.writes(); got != nil {
		t.Errorf("written without an API: %v", got)
	}
	c.served = []reports.API{reports.PolicyReports()}
	c.after(t, time.Minute)
	if diff := cmp.Diff([]string{"create policyreports data"}, c.writes()); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
	c.served = append(c.served, reports.OpenReports())
	c.after(t, time.Minute)
	if diff := cmp.Diff([]string{"create reports data"}, c.writes()); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
}

func TestAuditorFindsUnusedExceptions(t *testing.T) {
	t.Parallel()
	exception := func(rule string) string {
		return `{"rules":["` + rule + `"],"match":{"namespaces":["data"]},"reason":"` + rule + `","owner":"o@example.com","expires":"2027-06-01T00:00:00Z"}`
	}
	c := newCluster(t, `{"exceptions":[`+exception("headless-service")+`,`+exception("image-registry")+`]}`, set)
	c.after(t, time.Minute)
	all := c.reports(t, reports.OpenReports(), "clusterreports")
	if diff := cmp.Diff([]string{"Guardrails/stateward: warn exception-unused Guardrails/stateward"}, lines(all)); diff != "" {
		t.Fatalf("reports of the cluster (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"field": "spec.exceptions[1]"}, all[0].Results[0].Properties); diff != "" {
		t.Errorf("properties (-want +got):\n%s", diff)
	}
}

func TestAuditorFindsNoExceptionUnusedBesideFailures(t *testing.T) {
	t.Parallel()
	const exceptions = `{"exceptions":[{"rules":["image-registry"],"match":{"namespaces":["data"]},"reason":"r","owner":"o@example.com","expires":"2027-06-01T00:00:00Z"}]}`
	broken := strings.Replace(set, `"replicas":1`, `"replicas":"many"`, 1)
	tests := map[string]struct {
		object  string
		fails   bool
		reports []string
	}{
		"nothing fails":                   {set, false, []string{"Guardrails/stateward: warn exception-unused Guardrails/stateward"}},
		"an object cannot be evaluated":   {broken, false, nil},
		"a namespace cannot be evaluated": {set, true, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t, exceptions, test.object)
			c.api.PrependReactor("list", "confirmations", func(action clienttesting.Action) (bool, runtime.Object, error) {
				return test.fails && action.GetNamespace() != "", nil, errors.New("the API server is away")
			})
			c.after(t, time.Minute)
			if diff := cmp.Diff(test.reports, lines(c.reports(t, reports.OpenReports(), "clusterreports"))); diff != "" {
				t.Errorf("reports of the cluster (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAuditorTriesAgainWhatFailed(t *testing.T) {
	t.Parallel()
	c := newCluster(t, quiet, set)
	away := true
	c.api.PrependReactor("list", "confirmations", func(clienttesting.Action) (bool, runtime.Object, error) {
		return away, nil, errors.New("the API server is away")
	})
	c.after(t, time.Minute)
	if got := c.writes(); got != nil || !c.metrics.Last().IsZero() {
		t.Errorf("a pass that failed ended at %s and wrote %v", c.metrics.Last(), got)
	}
	away = false
	c.after(t, time.Minute)
	if diff := cmp.Diff([]string{"create reports data"}, c.writes()); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
	c.after(t, time.Hour)
	c.after(t, time.Minute)
	if c.metrics.Last().IsZero() {
		t.Error("a pass that did not fail is not recorded")
	}
}
