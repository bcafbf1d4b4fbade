// Package e2e_test shows on a real API server, with real controllers, that Stateward does what it promises.
package e2e_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	corev1 "k8s.io/api/core/v1"

	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/environment"
)

// guard is one namespace of a guarded cluster, in the hands of a test.
type guard struct {
	*environment.Environment
	namespace string
	// server is the URL of the API server, where it is not the usual one.
	server string
}

func newGuard(t *testing.T, guarded *environment.Environment) guard {
	t.Helper()
	name := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(t.Name(), "Test"), "/", "-"))
	name = strings.Trim(strings.Map(func(r rune) rune {
		if r == '_' || r == ',' || r == '.' {
			return '-'
		}
		return r
	}, name)[max(0, len(name)-40):], "-")
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if _, err := guarded.Client.CoreV1().Namespaces().Create(t.Context(), namespace, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	return guard{Environment: guarded, namespace: name}
}

// create creates the tutorial's Service and a StatefulSet, through break glass.
func (g guard) create(t *testing.T, set *builders.StatefulSet) {
	t.Helper()
	service := builders.HeadlessService()
	service.Namespace, set.Namespace = g.namespace, g.namespace
	for _, object := range []any{service, set.StatefulSet} {
		g.allowed(t, string(builders.JSON(object)), append(breakGlass(), "create", "-f", "-")...)
	}
}

// breakGlass are the arguments that let an administrator through unseen.
func breakGlass() []string {
	return []string{"--as=admin", "--as-group=system:masters", "--as-group=stateward:breakglass"}
}

// kubectl runs kubectl in the guard's namespace and returns both of its streams as one.
func (g guard) kubectl(t *testing.T, stdin string, arguments ...string) (output string, code int) {
	t.Helper()
	arguments = append([]string{"-n", g.namespace, "--server", g.server}, arguments...)
	result, err := g.KubectlWithInput(t.Context(), strings.NewReader(stdin), arguments...)
	if err != nil {
		t.Fatal(err)
	}
	return result.Stdout + result.Stderr, result.ExitCode
}

// allowed wants a command to go through without a word from Stateward.
func (g guard) allowed(t *testing.T, stdin string, arguments ...string) {
	t.Helper()
	output, code := g.kubectl(t, stdin, arguments...)
	if code != 0 || strings.Contains(output, "[") {
		t.Errorf("kubectl %v: exit code %d:\n%s", arguments, code, output)
	}
}

// says wants the words in the output, of a command that Stateward denies or only warns of.
func (g guard) says(t *testing.T, denied bool, stdin string, words []string, arguments ...string) {
	t.Helper()
	output, code := g.kubectl(t, stdin, arguments...)
	if (code != 0) != denied {
		t.Errorf("kubectl %v: exit code %d:\n%s", arguments, code, output)
	}
	for _, word := range words {
		if !strings.Contains(output, word) {
			t.Errorf("kubectl %v: no %q in\n%s", arguments, word, output)
		}
	}
}

func (g guard) denied(t *testing.T, rule string, arguments ...string) {
	t.Helper()
	g.says(t, true, "", []string{"denied the request", "[" + rule + "]"}, arguments...)
}

func (g guard) warned(t *testing.T, rule string, arguments ...string) {
	t.Helper()
	g.says(t, false, "", []string{"Warning: [" + rule + "]"}, arguments...)
}

// eventually waits for a condition of the cluster, as long as the test may run.
func eventually(t *testing.T, what string, condition func(context.Context) (bool, error)) {
	t.Helper()
	if err := poll(t.Context(), condition); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func (g guard) emptyCABundle(ctx context.Context) error {
	patch := `[{"op":"replace","path":"/webhooks/0/clientConfig/caBundle","value":""}]`
	_, err := g.Client.AdmissionregistrationV1().ValidatingWebhookConfigurations().
		Patch(ctx, "stateward", types.JSONPatchType, []byte(patch), metav1.PatchOptions{})
	if err != nil {
		return fmt.Errorf("empty caBundle: %w", err)
	}
	return nil
}
