package e2e_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stateward/stateward/policies/confirmations"
	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/environment"
	"github.com/stateward/stateward/webhook"
)

func TestConfirmationObjects(t *testing.T) {
	guarded := shared(t)
	for name, holds := range map[string]func(*testing.T, guard){
		"a release goes whole, in any order":            release,
		"labels and rules limit what is confirmed":      labelsAndRules,
		"manifests confirm what they name":              manifests,
		"what would not count is refused":               uncounted,
		"automation confirms for named subjects only":   automation,
		"a scale is confirmed on its set":               scaled,
		"the Namespace is confirmed from inside":        namespaceInside,
		"a recreated set is not the one that was meant": formerSet,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			holds(t, newGuard(t, guarded))
		})
	}
}

// install creates a set with its Service and budget, as release shop of Helm would.
func install(t *testing.T, g guard) {
	t.Helper()
	g.create(t, builders.MakeStatefulSet())
	budget := &policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Name: "web"}}
	budget.Spec.MaxUnavailable = &intstr.IntOrString{IntVal: 1}
	budget.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": "nginx"}}
	if _, err := g.Client.PolicyV1().PodDisruptionBudgets(g.namespace).Create(t.Context(), budget, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, object := range []string{"statefulset/web", "service/nginx", "poddisruptionbudget/web"} {
		g.allowed(t, "", "annotate", object, "meta.helm.sh/release-name=shop")
	}
}

func release(t *testing.T, g guard) {
	install(t, g)
	for rule, object := range map[string]string{
		"budget-in-use": "poddisruptionbudget/web", "service-in-use": "service/nginx", "cascade-delete": "statefulset/web",
	} {
		g.denied(t, rule, "delete", object, "--dry-run=server")
	}
	g.says(t, true, "", []string{"confirm it: stateward confirm release shop delete -n " + g.namespace}, "delete", "service", "nginx")
	output, code := g.stateward(t, "alice", "confirm", "release", "shop", "delete", "--yes", "--reason", "it moves", "-n", g.namespace)
	for _, want := range []string{
		"A Confirmation in namespace " + g.namespace + " covers until ",
		"  StatefulSet web: 3 pods stop\n", "  Service nginx\n", "  PodDisruptionBudget web\n", ": alice confirms delete until ",
	} {
		if !strings.Contains(output, want) {
			t.Errorf("no %q in %s", want, output)
		}
	}
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, output)
	}
	g.allowed(t, "", "delete", "poddisruptionbudget", "web")
	g.allowed(t, "", "delete", "service", "nginx")
	g.warned(t, "cascade-delete", "delete", "statefulset", "web")
}

func labelsAndRules(t *testing.T, g guard) {
	install(t, g)
	g.allowed(t, "", "label", "statefulset/web", "team=shop")
	if output, code := g.stateward(t, "alice", "confirm", "-l", "team=none", "delete", "--yes", "-n", g.namespace); code != 2 || !strings.Contains(output, "nothing to confirm: ") {
		t.Errorf("exit code %d: %s", code, output)
	}
	if output, code := g.stateward(t, "alice", "confirm", "-l", "team=shop", "delete", "--rules", "quorum", "--yes", "-n", g.namespace); code != 0 {
		t.Fatalf("exit code %d: %s", code, output)
	}
	g.denied(t, "cascade-delete", "delete", "statefulset", "web", "--dry-run=server")
	if output, code := g.stateward(t, "alice", "confirm", "-l", "team=shop", "delete", "--rules", "cascade-delete", "--yes", "-n", g.namespace); code != 0 {
		t.Fatalf("exit code %d: %s", code, output)
	}
	g.warned(t, "cascade-delete", "delete", "statefulset", "web")
}

func manifests(t *testing.T, g guard) {
	install(t, g)
	set := builders.MakeStatefulSet()
	set.Namespace = g.namespace
	file := filepath.Join(t.TempDir(), "set.json")
	if err := os.WriteFile(file, set.JSON(), 0o600); err != nil {
		t.Fatal(err)
	}
	if output, code := g.stateward(t, "alice", "confirm", "-f", file, "delete", "-n", g.namespace); code != 2 || !strings.Contains(output, "nothing is confirmed: standard input has no answer") {
		t.Errorf("exit code %d: %s", code, output)
	}
	if output, code := g.stateward(t, "alice", "confirm", "-f", file, "delete", "--yes", "-n", g.namespace); code != 0 {
		t.Fatalf("exit code %d: %s", code, output)
	}
	g.warned(t, "cascade-delete", "delete", "-f", file)
}

func uncounted(t *testing.T, g guard) {
	for want, spec := range map[string]string{
		"is in the past":                 `{"operations": ["delete"], "objects": [{"kind": "Service", "name": "nginx"}], "until": "2020-01-01T00:00:00Z"}`,
		"is more than an hour away":      `{"operations": ["delete"], "helmRelease": "shop", "until": "` + soon(2*time.Hour) + `"}`,
		"leave the field out":            `{"operations": ["delete"], "helmRelease": "shop", "until": "` + soon(time.Minute) + `", "confirmedBy": "bob"}`,
		"set exactly one of objects":     `{"operations": ["delete"], "helmRelease": "shop", "selector": {"matchLabels": {"a": "b"}}, "until": "` + soon(time.Minute) + `"}`,
		"an empty selector selects":      `{"operations": ["delete"], "selector": {}, "until": "` + soon(time.Minute) + `"}`,
		"spec.rules[0]: unknown rule":    `{"operations": ["delete"], "helmRelease": "shop", "rules": ["nothing"], "until": "` + soon(time.Minute) + `"}`,
		"denies cannot be confirmed":     `{"operations": ["delete"], "helmRelease": "shop", "rules": ["name-length"], "until": "` + soon(time.Minute) + `"}`,
		"Unsupported value: \"restart\"": `{"operations": ["restart"], "helmRelease": "shop", "until": "` + soon(time.Minute) + `"}`,
	} {
		g.says(t, true, g.confirmation("wrong", spec), []string{want}, "create", "-f", "-")
	}
	spec := `{"operations": ["delete"], "helmRelease": "shop", "until": "` + soon(time.Minute) + `"}`
	g.allowed(t, g.confirmation("right", spec), append(g.as(t, "alice"), "create", "-f", "-")...)
	g.says(t, true, "", []string{"a Confirmation cannot be changed"}, "patch", "confirmation", "right", "--type=merge", "-p", `{"spec": {"helmRelease": "other"}}`)
}

// confirmation is one as a user would write it.
func (g guard) confirmation(name, spec string) string {
	return fmt.Sprintf(`{"apiVersion": "stateward.dev/v1alpha1", "kind": "Confirmation", "metadata": {"name": %q, "namespace": %q}, "spec": %s}`,
		name, g.namespace, spec)
}

func automation(t *testing.T, g guard) {
	install(t, g)
	deployer := g.as(t, "system:serviceaccount:"+g.namespace+":deployer")
	spec := `{"operations": ["delete"], "helmRelease": "shop", "until": "` + soon(time.Minute) + `"%s}`
	g.allowed(t, g.confirmation("by-a-chart", fmt.Sprintf(spec, "")), append(deployer, "create", "-f", "-")...)
	g.denied(t, "cascade-delete", append(deployer, "delete", "statefulset", "web", "--dry-run=server")...)
	subjects := `, "subjects": [{"kind": "ServiceAccount", "namespace": "` + g.namespace + `", "name": "deployer"}]`
	g.allowed(t, g.confirmation("by-intent", fmt.Sprintf(spec, subjects)), append(deployer, "create", "-f", "-")...)
	g.denied(t, "cascade-delete", append(g.as(t, "bob"), "delete", "statefulset", "web", "--dry-run=server")...)
	g.warned(t, "cascade-delete", append(deployer, "delete", "statefulset", "web", "--dry-run=server")...)
}

func scaled(t *testing.T, g guard) {
	install(t, g)
	g.allowed(t, "", "label", "statefulset/web", "stateward.dev/quorum=true")
	g.denied(t, "quorum", "scale", "statefulset", "web", "--replicas=1")
	spec := `{"operations": ["scale"], "objects": [{"group": "apps", "kind": "StatefulSet", "name": "web"}], "until": "` + soon(time.Minute) + `"}`
	g.allowed(t, g.confirmation("scale-web", spec), append(g.as(t, "alice"), "create", "-f", "-")...)
	g.warned(t, "quorum", "scale", "statefulset", "web", "--replicas=1")
}

func namespaceInside(t *testing.T, g guard) {
	g.create(t, withClaim(builders.MakeStatefulSet().Replicas(1)))
	g.settled(t, 1)
	g.denied(t, "namespace-delete", "delete", "namespace", g.namespace, "--dry-run=server")
	spec := `{"operations": ["delete"], "objects": [{"kind": "Namespace", "name": "` + g.namespace + `"}], "until": "` + soon(time.Minute) + `"}`
	g.allowed(t, g.confirmation("all", spec), append(g.as(t, "alice"), "create", "-f", "-")...)
	g.warned(t, "namespace-delete", "delete", "namespace", g.namespace, "--dry-run=server")
}

func formerSet(t *testing.T, g guard) {
	install(t, g)
	spec := `{"operations": ["delete"], "objects": [{"group": "apps", "kind": "StatefulSet", "name": "web", "uid": "6b0bd2b8-1f6c-4f0e-9d5b-000000000000"}], "until": "` + soon(time.Minute) + `"}`
	g.allowed(t, g.confirmation("former", spec), append(g.as(t, "alice"), "create", "-f", "-")...)
	g.denied(t, "cascade-delete", "delete", "statefulset", "web", "--dry-run=server")
}

// TestEndedConfirmationsAreSwept looks three hours ahead, so it has a control plane of its own.
func TestEndedConfirmationsAreSwept(t *testing.T) {
	guarded := environment.ForTest(t)
	g := newGuard(t, guarded)
	spec := `{"operations": ["delete"], "helmRelease": "shop", "until": "` + soon(time.Hour-time.Minute) + `"}`
	g.allowed(t, g.confirmation("ending", spec), append(g.as(t, "alice"), "create", "-f", "-")...)
	api := typed(t, guarded)
	for _, test := range []struct {
		at   time.Time
		left string
	}{{time.Now().Add(90 * time.Minute), "confirmation.stateward.dev/ending"}, {time.Now().Add(3 * time.Hour), ""}} {
		if err := webhook.SweepConfirmations(t.Context(), api, api, test.at); err != nil {
			t.Fatal(err)
		}
		if left, _ := g.kubectl(t, "", "get", "confirmations", "-o", "name"); strings.TrimSpace(left) != test.left {
			t.Errorf("%s: %q left, want %q", test.at, left, test.left)
		}
	}
}

// typed is the administrator's client for Confirmations and Kubernetes' own kinds.
func typed(t *testing.T, guarded *environment.Environment) client.Client {
	t.Helper()
	kinds := runtime.NewScheme()
	must(t, errors.Join(scheme.AddToScheme(kinds), confirmations.AddToScheme(kinds)))
	api, err := client.New(guarded.Config(), client.Options{Scheme: kinds})
	must(t, err)
	return api
}
