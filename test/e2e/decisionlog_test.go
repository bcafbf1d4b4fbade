package e2e_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/environment"
)

// replayed is what `stateward replay -o json` says.
type replayed struct {
	Headline string `json:"headline"`
	Requests int    `json:"requests"`
	Damaged  int    `json:"damaged"`
	Classes  map[string]struct {
		Count    int            `json:"count"`
		Rules    map[string]int `json:"rules"`
		Examples []struct {
			Details []string `json:"details"`
		} `json:"examples"`
	} `json:"classes"`
}

// TestDecisionLogOfARealClusterReplays records what happens in a cluster, and evaluates it again: under the same Guardrails,
// where all must be the same, and under stricter ones, where it must be what the webhook says then.
func TestDecisionLogOfARealClusterReplays(t *testing.T) {
	folder := t.TempDir()
	log := filepath.Join(folder, "decisions.jsonl")
	guarded := environment.ForTestWith(t, environment.Options{ServeArgs: []string{"--decision-log", log, "--decision-log-max-size", "512Ki"}})
	g := newGuard(t, guarded)
	// Forecasts are no part of what is recorded.
	const recorded = "  forecast: Always\n  decisionLog: {mode: All, masks: [\"metadata.annotations[\\\"example.com/token\\\"]\"]}\n"
	g.allowed(t, guardrails(recorded), "apply", "-f", "-")
	g.becomes(t, "True", "in force")
	mixed(t, g)
	g.counts(t, `stateward_decision_log_records_total{result="written"}`)

	verified := g.replay(t, 0, "--verify", folder)
	same := verified.Classes["same"].Count
	if same < 100 || verified.Damaged > 0 || !strings.HasSuffix(verified.Headline, "are the same byte for byte: 100 %") {
		t.Errorf("%s: %+v", verified.Headline, verified)
	}
	t.Logf("%s, %d masked", verified.Headline, verified.Classes["masked"].Count)

	strict := "  rules: [{id: image-digest, action: deny}, {id: partition-range, action: \"off\"}]\n"
	config := filepath.Join(t.TempDir(), "strict.yaml")
	if err := os.WriteFile(config, []byte(guardrails(recorded+strict)), 0o600); err != nil {
		t.Fatal(err)
	}
	changed := g.replay(t, 0, "--config", config, folder)
	t.Log(changed.Headline)
	if changed.Classes["denied"].Rules["image-digest"] == 0 || changed.Classes["allowed"].Rules["partition-range"] == 0 || changed.Requests != verified.Requests {
		t.Errorf("%s: %+v", changed.Headline, changed)
	}
	// What the replay says of the recorded requests is what the webhook says of them now.
	digest := []string{"patch", "statefulset", "web", "--dry-run=server", "-p", imagePatch}
	beyond := []string{"patch", "statefulset", "web", "--dry-run=server", "-p", beyondPatch}
	g.warnedOrAllowed(t, digest...)
	g.denied(t, "partition-range", beyond...)
	g.allowed(t, guardrails(recorded+strict), "apply", "-f", "-")
	g.becomes(t, "True", "in force")
	g.denied(t, "image-digest", digest...)
	g.warnedOrAllowed(t, beyond...)
	if again := g.replay(t, 0, "--verify", folder); again.Requests <= verified.Requests || again.Classes["different"].Count+again.Classes["unverified"].Count > 0 {
		t.Errorf("with decisions under two revisions of the Guardrails: %s", again.Headline)
	}
	if content := all(t, folder); strings.Contains(content, "swordfish") || !strings.Contains(content, "[masked ") {
		t.Error("the log holds what is masked, or masks nothing")
	}
}

const imagePatch = `{"spec":{"template":{"spec":{"containers":[{"name":"nginx","image":"nginx:1.27.5"}]}}}}`

const beyondPatch = `{"spec":{"updateStrategy":{"rollingUpdate":{"partition":9}}}}`

// mixed is a day of a cluster: creations, updates, scales and deletions, some of them denied.
func mixed(t *testing.T, g guard) {
	t.Helper()
	service := builders.HeadlessService()
	service.Namespace = g.namespace
	g.allowed(t, string(builders.JSON(service)), "create", "-f", "-")
	set := builders.MakeStatefulSet().Replicas(2).Annotate("example.com/token", "swordfish")
	set.Namespace = g.namespace
	g.warnedOrAllowedWith(t, string(set.JSON()), "create", "-f", "-")
	g.ready(t, "web", 2)
	alone := builders.MakeStatefulSet().Name("alone").Service("none")
	alone.Namespace = g.namespace
	g.says(t, true, string(alone.JSON()), []string{"[headless-service]"}, "create", "-f", "-")
	g.denied(t, "partition-range", "patch", "statefulset", "web", "-p", beyondPatch)
	g.warned(t, "scale-to-zero", "scale", "statefulset", "web", "--replicas=0", "--dry-run=server")
	g.denied(t, "cascade-delete", "delete", "statefulset", "web", "--wait=false")
	g.denied(t, "service-in-use", "delete", "service", "nginx")
	g.warnedOrAllowed(t, "patch", "statefulset", "web", "--dry-run=server", "-p", imagePatch)
	g.warnedOrAllowed(t, "annotate", "statefulset", "web", "--overwrite", "example.com/token=swordfish2")
	g.warnedOrAllowed(t, "scale", "statefulset", "web", "--replicas=3")
	g.ready(t, "web", 3)
	g.warnedOrAllowed(t, "delete", "pod", "web-1")
	dry := metav1.PatchOptions{DryRun: []string{metav1.DryRunAll}}
	sets := g.Client.AppsV1().StatefulSets(g.namespace)
	for _, patch := range []string{
		imagePatch, beyondPatch, `{"spec":{"replicas":5}}`, `{"spec":{"replicas":0}}`, `{"spec":{"serviceName":"other"}}`, `{"spec":{"minReadySeconds":10}}`,
		`{"spec":{"template":{"spec":{"terminationGracePeriodSeconds":0}}}}`, `{"metadata":{"labels":{"team":"data"}}}`,
		`{"spec":{"updateStrategy":{"type":"OnDelete","rollingUpdate":null}}}`,
	} {
		for range 15 {
			// Some of them are denied, which is recorded too.
			_, _ = sets.Patch(t.Context(), "web", types.StrategicMergePatchType, []byte(patch), dry)
		}
	}
}

// warnedOrAllowed wants a command to go through.
func (g guard) warnedOrAllowed(t *testing.T, arguments ...string) {
	t.Helper()
	g.warnedOrAllowedWith(t, "", arguments...)
}

func (g guard) warnedOrAllowedWith(t *testing.T, stdin string, arguments ...string) {
	t.Helper()
	g.says(t, false, stdin, nil, arguments...)
}

// replay runs `stateward replay -o json`.
func (g guard) replay(t *testing.T, want int, arguments ...string) (said replayed) {
	t.Helper()
	_, binary := environment.BinaryForTest(t)
	output, code := environment.Output(t, exec.CommandContext(t.Context(), binary, append([]string{"replay", "-o", "json"}, arguments...)...))
	if code != want {
		t.Fatalf("stateward replay %v: exit code %d:\n%s", arguments, code, output)
	}
	if err := json.Unmarshal([]byte(output), &said); err != nil {
		t.Fatalf("%v in %s", err, output)
	}
	return said
}

// all is what the files of a folder hold that are not compressed.
func all(t *testing.T, folder string) string {
	t.Helper()
	var text strings.Builder
	files, err := filepath.Glob(filepath.Join(folder, "*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		text.Write(content)
	}
	return text.String()
}
