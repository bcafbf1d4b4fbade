package e2e_test

import (
	"context"
	"encoding/json"
	"os"
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
	if now := g.reportOn(t, "reports.openreports.io", "web"); now.Metadata.ResourceVersion != owned.Metadata.ResourceVersion {
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
	if now := g.reportOn(t, "reports.openreports.io", "first"); now.Metadata.ResourceVersion != report.Metadata.ResourceVersion {
		t.Errorf("an unchanged report was written again: %v, then %v", report, now)
	}
}

// TestAuditorWritesTheReportsThatTheClusterServes installs the older API as Kyverno brings it, and then the newer one.
func TestAuditorWritesTheReportsThatTheClusterServes(t *testing.T) {
	g := newGuard(t, environment.ForTestWith(t, environment.Options{ServeArgs: []string{"--audit"}}))
	g.mayAudit(t)
	g.createLone(t, "lone")
	g.createLone(t, "other")
	g.serves(t, environment.Definitions{
		Requiring: "kyverno", Module: "github.com/kyverno/kyverno", Folder: "config/crds/policyreport", Group: "wgpolicyk8s.io",
		Resources: []string{"policyreports", "clusterpolicyreports"},
	})
	want := map[string][]string{"StatefulSet/lone": {"deny headless-service"}, "StatefulSet/other": {"deny headless-service"}}
	g.reportedAs(t, "policyreports.wgpolicyk8s.io", want)
	owned := g.reportOn(t, "policyreports.wgpolicyk8s.io", "lone")
	if want := []owner{{"apps/v1", "StatefulSet", "lone", g.uid(t, "statefulset/lone")}}; !cmp.Equal(want, owned.Metadata.OwnerReferences) {
		t.Errorf("owners %v instead of %v", owned.Metadata.OwnerReferences, want)
	}
	g.servesReports(t)
	g.reported(t, want)
	g.allowed(t, "", append(breakGlass(), "delete", "statefulset", "lone")...)
	delete(want, "StatefulSet/lone")
	g.reported(t, want)
	g.reportedAs(t, "policyreports.wgpolicyk8s.io", want)
	g.deletesReports(t)
}

// deletesReports runs the commands of the page about an audit that was turned off, beside reports of another program.
func (g guard) deletesReports(t *testing.T) {
	t.Helper()
	g.Stateward.Stop()
	kinds := map[string]string{
		"reports.openreports.io": "openreports.io/v1alpha1 Report", "clusterreports.openreports.io": "openreports.io/v1alpha1 ClusterReport",
		"policyreports.wgpolicyk8s.io": "wgpolicyk8s.io/v1alpha2 PolicyReport", "clusterpolicyreports.wgpolicyk8s.io": "wgpolicyk8s.io/v1alpha2 ClusterPolicyReport",
	}
	for _, each := range kinds {
		version, kind, _ := strings.Cut(each, " ")
		for _, program := range []string{"stateward", "another"} {
			g.allowed(t, `{"apiVersion":"`+version+`","kind":"`+kind+`","metadata":{"name":"of-`+program+`","labels":{"app.kubernetes.io/managed-by":"`+program+`"}},`+
				`"scope":{"kind":"Node","name":"of-`+program+`"},"results":[]}`, "create", "-f", "-")
		}
	}
	for _, command := range documentedCommands(t, "webhook/README.md", "turn the audit off") {
		// As on the page, without a namespace: kubectl does not take -n beside -A.
		result, err := g.Kubectl(t.Context(), command...)
		must(t, err)
		if result.ExitCode != 0 {
			t.Errorf("kubectl %v: exit code %d:\n%s", command, result.ExitCode, result.Stderr)
		}
	}
	for resource := range kinds {
		var left []string
		for _, each := range g.listed(t, resource) {
			left = append(left, each.Scope.Name)
		}
		if diff := cmp.Diff([]string{"of-another"}, left); diff != "" {
			t.Errorf("%s that are left (-want +got):\n%s", resource, diff)
		}
	}
}

// documentedCommands are the arguments of kubectl in a block of a page that says that a test runs it.
func documentedCommands(t *testing.T, page, block string) (commands [][]string) {
	t.Helper()
	root, err := cluster.Root()
	must(t, err)
	text, err := os.ReadFile(filepath.Join(root, page))
	must(t, err)
	_, after, found := strings.Cut(string(text), "<!-- "+block+": a test runs these commands -->\n```sh\n")
	if !found {
		t.Fatalf("%s has no block %q", page, block)
	}
	lines, _, _ := strings.Cut(after, "```")
	for line := range strings.Lines(lines) {
		commands = append(commands, strings.Fields(strings.TrimPrefix(line, "kubectl ")))
	}
	return commands
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
	g.serves(t, environment.Reports())
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

func (g guard) reportOn(t *testing.T, resource, name string) storedReport {
	t.Helper()
	all := g.listed(t, resource)
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
