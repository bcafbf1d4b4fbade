package e2e_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stateward/stateward/policies/confirmations"
	"github.com/stateward/stateward/webhook/recorder"
)

func TestWritesAfterDecisions(t *testing.T) {
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
	api, err := client.New(g.Config(), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
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
	if diff := cmp.Diff(fmt.Sprint(2*each), output); diff != "" {
		t.Errorf("uses (-want +got):\n%s", diff)
	}
}
