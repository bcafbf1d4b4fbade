package e2e_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/cluster"
	"github.com/stateward/stateward/test/environment"
)

// TestOutage stops Stateward and shows what that means: nothing is destroyed by accident, what is only being created
// goes on, and who may break the glass gets through.
func TestOutage(t *testing.T) {
	guarded := environment.ForTest(t)
	g := newGuard(t, guarded)
	g.create(t, builders.MakeStatefulSet())
	guarded.Stateward.Stop()

	g.says(t, true, "", []string{"failed calling webhook", "critical.stateward.dev"}, "delete", "statefulset", "web")
	g.says(t, true, "", []string{"failed calling webhook"}, "scale", "statefulset", "web", "--replicas=2")
	second := builders.MakeStatefulSet().Name("second").Partition(99)
	second.Namespace = g.namespace
	g.allowed(t, string(second.JSON()), "create", "-f", "-")
	g.allowed(t, "", append(breakGlass(), "delete", "statefulset", "second")...)
	g.goesOn(t, "kube-system", "stateward-system")
	g.faulty(t)

	if err := guarded.Stateward.Start(); err != nil {
		t.Fatal(err)
	}
	if err := guarded.Stateward.WaitReady(t.Context(), guarded.Ready); err != nil {
		t.Fatal(err)
	}
	g.trusted(t)

	// Applying the manifests again empties the caBundle: it must be written again soon.
	if err := g.emptyCABundle(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the caBundle is written again", func(ctx context.Context) (bool, error) {
		configuration, err := g.Client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(ctx, "stateward", metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		return len(configuration.Webhooks[0].ClientConfig.CABundle) > 0, nil
	})
	g.trusted(t)
}

// goesOn checks that no request in these namespaces waits for Stateward: they may hold what it needs to start.
func (g guard) goesOn(t *testing.T, namespaces ...string) {
	t.Helper()
	for _, namespace := range namespaces {
		set := builders.MakeStatefulSet().Name("needed")
		set.Namespace = namespace
		// Pod security may have its own opinion.
		g.says(t, false, string(set.JSON()), nil, "create", "-f", "-", "-n", namespace)
		g.allowed(t, "", "scale", "statefulset", "needed", "--replicas=0", "-n", namespace)
		g.allowed(t, "", "delete", "statefulset", "needed", "-n", namespace)
	}
}

// trusted waits until the API server asks Stateward and believes it.
func (g guard) trusted(t *testing.T) {
	t.Helper()
	eventually(t, "Stateward is trusted again", func(context.Context) (bool, error) {
		output, _ := g.kubectl(t, "", "delete", "statefulset", "web", "--dry-run=server")
		return strings.Contains(output, "[cascade-delete]"), nil
	})
}

func TestMetricsAndProbesAreServed(t *testing.T) {
	guarded := shared(t)
	g := newGuard(t, guarded)
	g.create(t, builders.MakeStatefulSet())
	g.denied(t, "cascade-delete", "delete", "statefulset", "web")
	for url, words := range map[string][]string{
		guarded.Probes + "/healthz": {"ok"},
		guarded.Probes + "/readyz":  {"ok"},
		guarded.Metrics + "/metrics": {
			// No numbers: one DELETE may call a webhook more than once.
			`stateward_admission_requests_total{decision="denied",dry_run="false",operation="DELETE"}`,
			`stateward_policy_results_total{level="deny",policy="cascade-delete"}`,
			"stateward_admission_duration_seconds_bucket", "stateward_evaluation_errors_total 0",
			"stateward_policy_library_info{", "stateward_certificate_not_after_timestamp_seconds",
			"stateward_ca_bundle_mismatches",
			"controller_runtime_webhook_requests_total",
		},
	} {
		page := fetch(t, url)
		for _, word := range words {
			if !strings.Contains(page, word) {
				t.Errorf("%s has no %s", url, word)
			}
		}
	}
}

func fetch(t *testing.T, url string) string {
	t.Helper()
	page, err := cluster.Get(t.Context(), http.DefaultClient, url)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}
