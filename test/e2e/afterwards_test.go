package e2e_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/stateward/stateward/policies/confirmations"
	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/environment"
	"github.com/stateward/stateward/webhook/recorder"
)

func TestRecorderWritesAfterDecisions(t *testing.T) {
	guarded := shared(t)
	for name, holds := range map[string]func(*testing.T, guard){
		"uses of a Confirmation are counted": countedUses,
		"two replicas lose no use":           twoRecorders,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			holds(t, newGuard(t, guarded))
		})
	}
}

func countedUses(t *testing.T, g guard) {
	install(t, g)
	spec := `{"operations": ["delete"], "helmRelease": "shop", "until": "` + soon(5*time.Minute) + `"}`
	g.allowed(t, g.confirmation("sweep", spec), append(g.as(t, "alice"), "create", "-f", "-")...)
	bob := g.as(t, "bob")
	// Neither a dry run nor what needs no confirmation is a use.
	g.warned(t, "cascade-delete", append(bob, "delete", "statefulset", "web", "--dry-run=server")...)
	g.warned(t, "cascade-delete", append(bob, "delete", "statefulset", "web")...)
	g.prints(t, "1 [bob DELETE statefulsets web]", "get", "confirmation", "sweep",
		"-o", "jsonpath={.status.uses} [{range .status.recent[*]}{.user} {.operation} {.resource} {.name}{end}]")
	g.prints(t, "ConfirmationUsed used by bob: DELETE statefulsets web", "get", "events",
		"--field-selector", "involvedObject.kind=Confirmation", "-o", "jsonpath={range .items[*]}{.reason} {.message}{end}")
	output, _ := g.kubectl(t, "", "get", "confirmation", "sweep")
	header, row, _ := strings.Cut(output, "\n")
	if !strings.Contains(header, "USES") || !strings.Contains(header, "LAST USED") || !strings.Contains(row, " 1 ") {
		t.Errorf("columns:\n%s", output)
	}
	if output, _ := g.kubectl(t, "", "describe", "confirmation", "sweep"); !strings.Contains(output, "used by bob: DELETE statefulsets web") {
		t.Errorf("no Event in\n%s", output)
	}
}

// prints waits until kubectl prints a text, which is written after the decision.
func (g guard) prints(t *testing.T, want string, arguments ...string) {
	t.Helper()
	var output string
	if err := poll(t.Context(), func(context.Context) (bool, error) {
		output, _ = g.kubectl(t, "", arguments...)
		return output == want, nil
	}); err != nil {
		t.Errorf("kubectl %v: want %q, got %q", arguments, want, output)
	}
}

// twoRecorders write into one status at the same time, as those of two replicas do.
func twoRecorders(t *testing.T, g guard) {
	const each = 10
	spec := `{"operations": ["delete"], "helmRelease": "shop", "until": "` + soon(time.Minute) + `"}`
	g.allowed(t, g.confirmation("sweep", spec), append(g.as(t, "alice"), "create", "-f", "-")...)
	api := typed(t, g.Environment)
	var replicas sync.WaitGroup
	for replica := range 2 {
		replicas.Go(func() {
			for use := range each {
				writes := recorder.New(recorder.Options{
					Client: api, Instance: fmt.Sprintf("replica-%d", replica), Now: time.Now, Log: logr.Discard(),
					Count: func(kind, result string) {
						if kind == "confirmation" && result != recorder.Written {
							t.Errorf("%s: %s", kind, result)
						}
					},
				})
				writes.Use(recorder.Used{
					Confirmation: types.NamespacedName{Namespace: g.namespace, Name: "sweep"},
					Use: confirmations.Use{
						Time: metav1.Now(), User: fmt.Sprintf("user-%d", replica), Operation: "DELETE", Resource: "services", Name: fmt.Sprintf("db-%d", use),
					},
				})
				ended, end := context.WithCancel(t.Context())
				end()
				if err := writes.Run(ended); err != nil {
					t.Error(err)
				}
			}
		})
	}
	replicas.Wait()
	output, _ := g.kubectl(t, "", "get", "confirmation", "sweep", "-o", "jsonpath={.status.uses}")
	if diff := cmp.Diff(strconv.Itoa(2*each), output); diff != "" {
		t.Errorf("uses (-want +got):\n%s", diff)
	}
}

// TestEventsHoldAdviceToAutomation is about a service account that the Guardrails name, as Flux applies what it has in git.
func TestEventsHoldAdviceToAutomation(t *testing.T) {
	g := newGuard(t, environment.ForTest(t))
	g.allowed(t, guardrails(`  actors:
    - {name: flux, subjects: [{kind: ServiceAccount, namespace: flux-system, name: "*"}]}
    - {name: pipelines, subjects: [{kind: User, name: pipeline-bot}]}
  automation: [pipelines]
  rules:
    - {id: image-tag, actions: {flux: warn}}
    - {id: headless-service, params: {missing: auto}}
  advice: {automation: event}
`), "apply", "-f", "-")
	g.becomes(t, "True", "in force")
	flux := g.as(t, "system:serviceaccount:flux-system:kustomize-controller")
	g.create(t, builders.MakeStatefulSet())
	const reason = `jsonpath={range .items[?(@.reason=="ImageTag")]}{.involvedObject.kind}/{.involvedObject.name} {.type} {.message}{"\n"}{end}`
	image := func(more ...string) []string {
		return append([]string{"patch", "statefulset", "web", "-p", `{"spec":{"template":{"spec":{"containers":[{"name":"nginx","image":"nginx:latest"}]}}}}`}, more...)
	}
	g.denied(t, "image-tag", image("--dry-run=server")...)
	g.allowed(t, "", append(flux, image("--dry-run=server")...)...)
	if page := fetch(t, g.Metrics+"/metrics"); !strings.Contains(page, `stateward_policy_results_total{level="event",policy="image-tag"} 1`) {
		t.Error("the dry run is not counted as an event")
	}
	g.allowed(t, "", append(flux, image()...)...)
	// A new object has its Event once it exists.
	other := builders.MakeStatefulSet().Name("other").Image("nginx:latest")
	other.Namespace = g.namespace
	g.allowed(t, string(other.JSON()), append(flux, "create", "--dry-run=server", "-f", "-")...)
	g.allowed(t, string(other.JSON()), append(flux, "create", "-f", "-")...)
	var output string
	want := []string{"StatefulSet/web Warning [image-tag] ", "StatefulSet/other Warning [image-tag] "}
	eventually(t, "an Event about each set", func(context.Context) (bool, error) {
		output, _ = g.kubectl(t, "", "get", "events", "-o", reason)
		return strings.Contains(output, want[0]) && strings.Contains(output, want[1]), nil
	})
	if lines := strings.Count(output, "\n"); lines != 2 {
		t.Errorf("%d Events:\n%s", lines, output)
	}
	if output, _ := g.kubectl(t, "", "describe", "statefulset", "other"); !strings.Contains(output, "ImageTag") {
		t.Errorf("no Event in\n%s", output)
	}
	t.Run("a set that never gets its Service", func(t *testing.T) { neverServed(t, g, flux) })

	// People get warnings as before, and a pipeline that signs in as a user does not.
	shorter := []string{"patch", "statefulset", "web", "--dry-run=server", "-p", `{"spec":{"template":{"spec":{"terminationGracePeriodSeconds":29}}}}`}
	g.says(t, false, "", []string{"Warning: [image-tag]"}, append(g.as(t, "alice"), shorter...)...)
	g.allowed(t, "", append(g.as(t, "pipeline-bot"), shorter...)...)
}

// neverServed waits for the look that Stateward takes a minute after the creation.
func neverServed(t *testing.T, g guard, flux []string) {
	alone := builders.MakeStatefulSet().Name("alone").Service("nowhere")
	alone.Namespace = g.namespace
	g.says(t, true, string(alone.JSON()), []string{"[headless-service]"}, append(g.as(t, "alice"), "create", "-f", "-")...)
	g.allowed(t, string(alone.JSON()), append(flux, "create", "-f", "-")...)
	told := func(context.Context) (bool, error) {
		output, _ := g.kubectl(t, "", "get", "events", "--field-selector", "involvedObject.name=alone,reason=HeadlessService", "-o", "jsonpath={.items[*].message}")
		return strings.Contains(output, "so the DNS names of 3 pods do not resolve"), nil
	}
	// The look is a minute after the creation, and a poll lasts as long.
	if poll(t.Context(), told) != nil {
		eventually(t, "an Event about the Service", told)
	}
	if page := fetch(t, g.Metrics+"/metrics"); !strings.Contains(page, `stateward_service_checks_total{result="missing"} 1`) {
		t.Error("the check is not counted")
	}
}
