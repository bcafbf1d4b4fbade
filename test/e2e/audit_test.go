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
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/environment"
)

// atOnce lets the audit rules report without the time that they leave controllers and people.
const atOnce = `  rules:
  - {id: orphaned-pod, params: {minutes: 0}}
  - {id: orphaned-claim, params: {minutes: 0}}
  - {id: stuck-pods, params: {minutes: 0}}
`

// TestAuditFindsEachFault audits a good set, and then one fault of each kind, created past the webhook.
func TestAuditFindsEachFault(t *testing.T) {
	g := newGuard(t, shared(t))
	g.allowed(t, string(builders.JSON(g.placed(budget("web")))), append(breakGlass(), "create", "-f", "-")...)
	g.create(t, ofClass(growing, builders.MakeStatefulSet().Image(oldImage)))
	g.settled(t, 3)
	g.retained(t, "Retain")
	config := guardrailsFile(t, atOnce)
	if found, code := g.audited(t, config); len(found) > 0 || code != 0 {
		t.Fatalf("a good set: exit code %d, findings %v", code, found)
	}

	// The set that goes leaves its pods, the one that is deleted leaves its claims.
	for _, name := range []string{"orphan", "gone"} {
		set := relabelled(ofClass(growing, builders.MakeStatefulSet().Name(name).Replicas(1)), map[string]string{"app": name})
		g.allowed(t, string(builders.JSON(g.placed(set))), append(breakGlass(), "create", "-f", "-")...)
		g.ready(t, name, 1)
	}
	g.allowed(t, "", append(breakGlass(), "delete", "statefulset", "orphan", "--cascade=orphan")...)
	g.allowed(t, "", append(breakGlass(), "delete", "statefulset", "gone", "--cascade=foreground")...)
	g.allowed(t, "", append(breakGlass(), "patch", "pvc", "www-web-1", "-p", `{"spec":{"resources":{"requests":{"storage":"2Gi"}}}}`)...)
	g.retained(t, "Delete")
	g.allowed(t, "", append(breakGlass(), setImage(badImage)...)...)
	g.confirmed(t, "pdb/web", "delete")
	g.allowed(t, "", append(breakGlass(), "delete", "service", "nginx")...)
	broken := guardrailsFile(t, atOnce+`  exceptions:
  - rules: [image-tag]
    match: {namespaces: [`+g.namespace+`]}
    reason: the vendor tags nothing
    owner: team-data@example.com
    expires: "`+time.Now().Add(48*time.Hour).UTC().Format(time.RFC3339)+`"
`)
	want := []string{
		"audit confirmation-in-force PodDisruptionBudget/web",
		"deny headless-service StatefulSet/web",
		"warn claim-drift StatefulSet/web",
		"warn exception-end Guardrails/stateward",
		"warn exception-unused Guardrails/stateward",
		"warn orphaned-claim PersistentVolumeClaim/www-gone-0",
		"warn orphaned-pod Pod/orphan-0",
		"warn stuck-pods StatefulSet/web",
		"warn volume-retention StatefulSet/web",
	}
	var got []string
	defer func() {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("findings (-want +got):\n%s", diff)
		}
	}()
	eventually(t, "the audit sees each fault", func(context.Context) (bool, error) {
		var code int
		got, code = g.audited(t, broken)
		return code == 1 && cmp.Equal(want, got), nil
	})
}

// audited runs an audit of the namespace, and lists what it finds without repetition.
func (g guard) audited(t *testing.T, config string) (found []string, code int) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "audit.json")
	output, code := g.stateward(t, "admin", "audit", "--config", config, "-o", "json="+file)
	if code > 1 {
		t.Fatalf("exit code %d: %s", code, output)
	}
	written, err := os.ReadFile(file)
	must(t, err)
	var report struct {
		Findings []struct {
			Level, Rule string
			Object      struct{ Kind, Name string }
		}
	}
	must(t, json.Unmarshal(written, &report))
	for _, each := range report.Findings {
		found = append(found, strings.Join([]string{each.Level, each.Rule, each.Object.Kind + "/" + each.Object.Name}, " "))
	}
	slices.Sort(found)
	return slices.Compact(found), code
}

// retained sets the reclaim policy of the volumes of all claims.
func (g guard) retained(t *testing.T, policy string) {
	t.Helper()
	claims, err := g.Client.CoreV1().PersistentVolumeClaims(g.namespace).List(t.Context(), metav1.ListOptions{})
	must(t, err)
	for _, claim := range claims.Items {
		g.allowed(t, "", append(breakGlass(), "patch", "pv", claim.Spec.VolumeName, "-p",
			`{"spec":{"persistentVolumeReclaimPolicy":"`+policy+`"}}`)...)
	}
}

func guardrailsFile(t *testing.T, spec string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "guardrails.yaml")
	must(t, os.WriteFile(file, []byte(guardrails(spec)), 0o600))
	return file
}

// TestAuditNamesWhatItCannotRead audits as a user who may list two kinds.
func TestAuditNamesWhatItCannotRead(t *testing.T) {
	g := newGuard(t, shared(t))
	g.create(t, builders.MakeStatefulSet().Replicas(1))
	g.allowed(t, "", "create", "role", "auditor", "--verb=list", "--resource=statefulsets.apps,services")
	g.allowed(t, "", "create", "rolebinding", "auditor", "--role=auditor", "--user=auditor")
	_, binary := environment.BinaryForTest(t)
	kubeconfig, err := g.KubeconfigFor(g.namespace+"-auditor", "auditor")
	must(t, err)
	output, code := g.runAs(t, binary, kubeconfig, "audit", "--config", guardrailsFile(t, atOnce))
	if code != 2 {
		t.Errorf("exit code %d", code)
	}
	for _, words := range []string{
		"3 objects in 1 namespace judged: 0 denied, 0 warnings", "note: pods: not known here, so ", "note: list pods of the cluster: pods is forbidden",
		"error: not all objects could be read",
	} {
		if !strings.Contains(output, words) {
			t.Errorf("no %q in\n%s", words, output)
		}
	}
}
