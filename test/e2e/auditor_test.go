package e2e_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/cluster"
	"github.com/stateward/stateward/test/environment"
)

// writesOfAudit is a metric that only the replica which audits has.
const writesOfAudit = `stateward_audit_report_writes_total{result="created"} `

// TestAuditorReportsWhatIsStored installs the real definitions of reports in a cluster that runs.
func TestAuditorReportsWhatIsStored(t *testing.T) {
	g := newGuard(t, environment.ForTestWith(t, environment.Options{ServeArgs: []string{"--audit"}}))
	must(t, offerClasses(t.Context(), g.Environment))
	g.create(t, ofClass(growing, builders.MakeStatefulSet().Image(oldImage)))
	g.settled(t, 3)
	g.retained(t, "Retain")
	g.mayAudit(t)
	eventually(t, "the audit is in the metrics", func(context.Context) (bool, error) {
		return g.hasMetric(t, `stateward_audit_findings{level="warn",namespace="`+g.namespace+`",rule="disruption-budget"} 1`), nil
	})

	g.servesReports(t)
	g.reported(t, map[string][]string{"StatefulSet/web": {"warn disruption-budget"}})
	owned := g.reports(t)[0]
	if want := []owner{{"apps/v1", "StatefulSet", "web", g.uid(t, "statefulset/web")}}; !cmp.Equal(want, owned.Metadata.OwnerReferences) {
		t.Errorf("owners %v instead of %v", owned.Metadata.OwnerReferences, want)
	}

	// Another finding in the namespace says that all of it was evaluated again.
	g.createLone(t, "lone")
	g.reported(t, map[string][]string{"StatefulSet/lone": {"deny headless-service"}, "StatefulSet/web": {"warn disruption-budget"}})
	if now := g.reportOn(t, "web"); now.Metadata.ResourceVersion != owned.Metadata.ResourceVersion {
		t.Errorf("an unchanged report was written again: %v, then %v", owned, now)
	}

	g.allowed(t, string(builders.JSON(g.placed(budget("web")))), append(breakGlass(), "create", "-f", "-")...)
	g.reported(t, map[string][]string{"StatefulSet/lone": {"deny headless-service"}})
	g.allowed(t, "", append(breakGlass(), "delete", "statefulset", "lone")...)
	g.reported(t, map[string][]string{})

	g.allowed(t, guardrails(`  exceptions:
  - rules: [image-tag]
    match: {namespaces: [`+g.namespace+`]}
    reason: the vendor tags nothing
    owner: team-data@example.com
    expires: "`+time.Now().Add(90*24*time.Hour).UTC().Format(time.RFC3339)+`"
`), append(breakGlass(), "apply", "-f", "-")...)
	eventually(t, "the report on the Guardrails", func(context.Context) (bool, error) {
		return cmp.Equal(map[string][]string{"Guardrails/stateward": {"warn exception-unused"}}, summaries(g.listed(t, "clusterreports"))), nil
	})
}

// TestAuditorRunsInOneReplica lets a second replica take over from the first.
func TestAuditorRunsInOneReplica(t *testing.T) {
	g := newGuard(t, environment.ForTestWith(t, environment.Options{ServeArgs: []string{"--audit"}}))
	g.servesReports(t)
	g.mayAudit(t)
	eventually(t, "the first replica audits", func(context.Context) (bool, error) { return g.hasMetric(t, "stateward_audit_failures"), nil })
	second := g.second(t, "--audit")

	g.createLone(t, "first")
	g.reported(t, map[string][]string{"StatefulSet/first": {"deny headless-service"}})
	if page := fetch(t, second.Metrics+"/metrics"); strings.Contains(page, "stateward_audit_") {
		t.Errorf("the second replica audits while the first does:\n%s", page)
	}
	report := g.reports(t)[0]

	g.Stateward.Stop()
	eventually(t, "the second replica audits", func(context.Context) (bool, error) {
		return strings.Contains(fetch(t, second.Metrics+"/metrics"), "stateward_audit_last_pass_duration_seconds"), nil
	})
	g.createLone(t, "second")
	g.reported(t, map[string][]string{"StatefulSet/first": {"deny headless-service"}, "StatefulSet/second": {"deny headless-service"}})
	if page := fetch(t, second.Metrics+"/metrics"); !strings.Contains(page, writesOfAudit+"1\n") {
		t.Errorf("the second replica did not write the new report, and it alone:\n%s", page)
	}
	if now := g.reportOn(t, "first"); now.Metadata.ResourceVersion != report.Metadata.ResourceVersion {
		t.Errorf("an unchanged report was written again: %v, then %v", report, now)
	}
}

// TestAuditorWritesTheReportsThatTheClusterServes installs the older API as Kyverno brings it, and then the newer one.
func TestAuditorWritesTheReportsThatTheClusterServes(t *testing.T) {
	g := newGuard(t, environment.ForTestWith(t, environment.Options{ServeArgs: []string{"--audit"}}))
	g.mayAudit(t)
	g.createLone(t, "lone")
	g.serves(t, project{"kyverno", "github.com/kyverno/kyverno", "config/crds/policyreport"}, "wgpolicyk8s.io", "policyreports", "clusterpolicyreports")
	want := map[string][]string{"StatefulSet/lone": {"deny headless-service"}}
	g.reportedAs(t, "policyreports.wgpolicyk8s.io", want)
	owned := g.listed(t, "policyreports.wgpolicyk8s.io")[0]
	if want := []owner{{"apps/v1", "StatefulSet", "lone", g.uid(t, "statefulset/lone")}}; !cmp.Equal(want, owned.Metadata.OwnerReferences) {
		t.Errorf("owners %v instead of %v", owned.Metadata.OwnerReferences, want)
	}
	g.servesReports(t)
	g.reported(t, want)
	g.allowed(t, "", append(breakGlass(), "delete", "statefulset", "lone")...)
	g.reported(t, map[string][]string{})
	g.reportedAs(t, "policyreports.wgpolicyk8s.io", map[string][]string{})
}

// createLone creates a StatefulSet without pods and without its Service.
func (g guard) createLone(t *testing.T, name string) {
	t.Helper()
	lone := relabelled(builders.MakeStatefulSet().Name(name).Image(oldImage).Replicas(0), map[string]string{"app": name})
	lone.Spec.ServiceName = "nothing"
	g.allowed(t, string(builders.JSON(g.placed(lone))), append(breakGlass(), "create", "-f", "-")...)
}

// mayAudit gives Stateward the rights of the component.
func (g guard) mayAudit(t *testing.T) {
	t.Helper()
	root, err := cluster.Root()
	must(t, err)
	g.allowed(t, "", "apply", "-f", filepath.Join(root, "manifests/components/audit/rbac.yaml"), "-n", "stateward-system")
}

func (g guard) servesReports(t *testing.T) {
	t.Helper()
	g.serves(t, project{"openreports", "github.com/openreports/reports-api", "config/crd"}, "openreports.io", "reports", "clusterreports")
}

func (g guard) hasMetric(t *testing.T, line string) bool {
	t.Helper()
	return strings.Contains(fetch(t, g.Metrics+"/metrics"), line)
}

type owner struct{ APIVersion, Kind, Name, UID string }

// storedReport is what tests read of a report.
type storedReport struct {
	Metadata struct {
		ResourceVersion string
		OwnerReferences []owner
	}
	Scope   struct{ Kind, Name string }
	Results []struct {
		Result, Rule string
		Timestamp    struct{ Seconds int64 }
	}
}

func (g guard) reports(t *testing.T) []storedReport {
	t.Helper()
	return g.listed(t, "reports.openreports.io")
}

func (g guard) listed(t *testing.T, resource string) []storedReport {
	t.Helper()
	output, code := g.kubectl(t, "", "get", resource, "-o", "json")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, output)
	}
	var list struct{ Items []storedReport }
	must(t, json.Unmarshal([]byte(output), &list))
	return list.Items
}

func (g guard) reportOn(t *testing.T, name string) storedReport {
	t.Helper()
	all := g.reports(t)
	index := slices.IndexFunc(all, func(each storedReport) bool { return each.Scope.Name == name })
	if index < 0 {
		t.Fatalf("no report on %s: %v", name, all)
	}
	return all[index]
}

// reported waits for the reports of the namespace, each as what it found.
func (g guard) reported(t *testing.T, want map[string][]string) {
	t.Helper()
	g.reportedAs(t, "reports.openreports.io", want)
}

// reportedAs is reported by objects of this resource.
func (g guard) reportedAs(t *testing.T, resource string, want map[string][]string) {
	t.Helper()
	var got map[string][]string
	defer func() {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("reports (-want +got):\n%s", diff)
		}
	}()
	eventually(t, "the reports", func(context.Context) (bool, error) {
		got = summaries(g.listed(t, resource))
		return cmp.Equal(want, got), nil
	})
}

func summaries(all []storedReport) map[string][]string {
	summaries := map[string][]string{}
	for _, each := range all {
		for _, result := range each.Results {
			level := map[string]string{"fail": "deny", "warn": "warn"}[result.Result]
			summaries[each.Scope.Kind+"/"+each.Scope.Name] = append(summaries[each.Scope.Kind+"/"+each.Scope.Name], level+" "+result.Rule)
		}
	}
	return summaries
}
