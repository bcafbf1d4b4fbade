package e2e_test

import (
	"context"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/environment"
)

const (
	confirmAnnotation = "stateward.dev/confirm"
	untilAnnotation   = "stateward.dev/confirm-until"
	stampAnnotation   = "stateward.dev/confirmed-by"
)

func TestConfirmationsAreRecorded(t *testing.T) {
	guarded := shared(t)
	for name, holds := range map[string]func(*testing.T, guard){
		"who confirms by the command line is recorded":      commandLine,
		"a user cannot confirm for another user":            forAnotherUser,
		"a confirmation is for one operation and some time": oneOperation,
		"every kind that can be confirmed is stamped":       everyKind,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			holds(t, newGuard(t, guarded))
		})
	}
}

func commandLine(t *testing.T, g guard) {
	g.create(t, builders.MakeStatefulSet())
	g.denied(t, "cascade-delete", "delete", "statefulset", "web")
	output, code := g.stateward(t, "alice", "confirm", "sts/web", "delete", "--for", "5m", "--reason", "the cluster moves")
	if code != 0 || !strings.Contains(output, "statefulset/web: alice confirms delete until ") {
		t.Fatalf("exit code %d: %s", code, output)
	}
	if got := g.annotations(t, "statefulset/web"); got[stampAnnotation] != "alice" || got["stateward.dev/confirm-reason"] != "the cluster moves" {
		t.Errorf("annotations %v", got)
	}
	g.warned(t, "cascade-delete", "delete", "statefulset", "web")

	output, code = g.stateward(t, "alice", "confirm", "sts/none", "delete")
	if code != 2 || !strings.Contains(output, `statefulsets.apps "none" not found`) {
		t.Errorf("exit code %d: %s", code, output)
	}
}

func forAnotherUser(t *testing.T, g guard) {
	g.create(t, builders.MakeStatefulSet())
	bob := g.as(t, "bob")
	until := soon(10 * time.Minute)
	g.warned(t, "confirmed-by", append(bob, "annotate", "statefulset", "web",
		confirmAnnotation+"=delete", untilAnnotation+"="+until, stampAnnotation+"=alice")...)
	g.stamped(t, "statefulset/web", "bob")
	g.warned(t, "confirmed-by", append(g.as(t, "alice"), "annotate", "statefulset", "web", "--overwrite", untilAnnotation+"="+soon(20*time.Minute))...)
	g.stamped(t, "statefulset/web", "alice")
	g.warned(t, "confirmed-by", append(bob, "annotate", "statefulset", "web", "--overwrite", stampAnnotation+"=bob")...)
	g.stamped(t, "statefulset/web", "alice")
	g.warned(t, "confirmed-by", append(bob, "annotate", "statefulset", "web", stampAnnotation+"-")...)
	g.stamped(t, "statefulset/web", "alice")

	// Who applies it all again, as a pipeline does, takes nothing over; who drops the marks drops the name.
	applied := builders.MakeStatefulSet().Annotate(confirmAnnotation, "delete").Annotate(untilAnnotation, until).Annotate(stampAnnotation, "alice")
	applied.Namespace = g.namespace
	apply := []string{"--kubeconfig", g.kubeconfig(t, "bob"), "apply", "--server-side", "--force-conflicts", "-f", "-"}
	g.says(t, false, string(applied.JSON()), []string{"[confirmed-by]"}, apply...)
	g.stamped(t, "statefulset/web", "bob")
	g.allowed(t, string(applied.Annotate(stampAnnotation, "bob").JSON()), apply...)
	g.says(t, false, "", []string{"[confirmed-by]"}, append(bob, "annotate", "statefulset", "web", confirmAnnotation+"-")...)
	g.stamped(t, "statefulset/web", "")
}

func oneOperation(t *testing.T, g guard) {
	g.create(t, builders.MakeStatefulSet())
	for _, mark := range []struct{ operation, until string }{
		{"update", soon(10 * time.Minute)}, {"delete", soon(-time.Minute)},
	} {
		g.says(t, false, "", nil, "annotate", "statefulset", "web", "--overwrite", confirmAnnotation+"="+mark.operation, untilAnnotation+"="+mark.until)
		g.denied(t, "cascade-delete", "delete", "statefulset", "web")
	}
	g.denied(t, "protected-labels", "annotate", "statefulset", "web", "--overwrite", confirmAnnotation+"=delete", untilAnnotation+"="+soon(2*time.Hour))
}

func everyKind(t *testing.T, g guard) {
	g.create(t, withClaim(builders.MakeStatefulSet().Replicas(1)))
	g.settled(t, 1)
	for _, object := range []string{"statefulset/web", "service/nginx", "persistentvolumeclaim/www-web-0", "pod/web-0", "namespace/" + g.namespace} {
		g.allowed(t, "", "annotate", object, "example.com/note=hello")
		g.warned(t, "confirmed-by", append(g.as(t, "bob"), "annotate", object, confirmAnnotation+"=delete", untilAnnotation+"="+soon(time.Minute), stampAnnotation+"=alice")...)
		g.stamped(t, object, "bob")
	}
}

// TestConfirmationWithoutARecordIsIgnored takes the mutations away, as an outage would that only they meet.
func TestConfirmationWithoutARecordIsIgnored(t *testing.T) {
	guarded := environment.ForTest(t)
	g := newGuard(t, guarded)
	g.create(t, withClaim(builders.MakeStatefulSet().Replicas(1)))
	g.settled(t, 1)
	bob := g.as(t, "bob")
	g.warned(t, "confirmed-by", append(g.as(t, "alice"), "annotate", "statefulset", "web", confirmAnnotation+"=delete", untilAnnotation+"="+soon(time.Minute))...)
	if err := g.Client.AdmissionregistrationV1().MutatingWebhookConfigurations().Delete(t.Context(), "stateward", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the mutations are gone", func(context.Context) (bool, error) {
		output, _ := g.kubectl(t, "", "annotate", "pod", "web-0", "--dry-run=server", confirmAnnotation+"=delete")
		return !strings.Contains(output, "[confirmed-by]"), nil
	})

	g.denied(t, "protected-labels", append(bob, "annotate", "statefulset", "web", "--overwrite", untilAnnotation+"="+soon(10*time.Minute))...)
	for _, object := range []string{"service/nginx", "persistentvolumeclaim/www-web-0", "pod/web-0", "namespace/" + g.namespace} {
		g.denied(t, "protected-labels", append(bob, "annotate", object, confirmAnnotation+"=delete", untilAnnotation+"="+soon(time.Minute), stampAnnotation+"=alice")...)
	}
	output, code := g.stateward(t, "bob", "confirm", "pvc/www-web-0", "delete")
	if code != 3 || !strings.Contains(output, "Stateward's mutating webhook did not answer") {
		t.Errorf("exit code %d: %s", code, output)
	}
	g.denied(t, "claim-in-use", append(bob, "delete", "persistentvolumeclaim", "www-web-0", "--wait=false")...)
}

// as returns the arguments with which kubectl acts as a user with all rights.
func (g guard) as(t *testing.T, user string) []string {
	t.Helper()
	return []string{"--kubeconfig", g.kubeconfig(t, user)}
}

func (g guard) kubeconfig(t *testing.T, user string) string {
	t.Helper()
	path, err := g.KubeconfigFor(g.namespace+"-"+user, user, "system:masters")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// stateward runs the command line as the user, in the guard's namespace, and returns both of its streams as one.
func (g guard) stateward(t *testing.T, user string, arguments ...string) (output string, code int) {
	t.Helper()
	_, binary := environment.BinaryForTest(t)
	return g.runAs(t, binary, g.kubeconfig(t, user), arguments...)
}

// runAs runs stateward with a kubeconfig.
func (g guard) runAs(t *testing.T, binary, kubeconfig string, arguments ...string) (output string, code int) {
	t.Helper()
	command := exec.CommandContext(t.Context(), binary, append(arguments, "-n", g.namespace, "--kubeconfig", kubeconfig)...)
	return environment.Output(t, command)
}

func (g guard) annotations(t *testing.T, object string) map[string]string {
	t.Helper()
	output, code := g.kubectl(t, "", "get", object, "-o", "jsonpath={.metadata.annotations}")
	if code != 0 {
		t.Fatal(output)
	}
	var annotations map[string]string
	if output == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(output), &annotations); err != nil {
		t.Fatal(err)
	}
	return annotations
}

func (g guard) stamped(t *testing.T, object, want string) {
	t.Helper()
	if got := g.annotations(t, object)[stampAnnotation]; got != want {
		t.Errorf("%s is confirmed by %q, want %q", object, got, want)
	}
}

func soon(in time.Duration) string { return time.Now().Add(in).UTC().Format(time.RFC3339) }
