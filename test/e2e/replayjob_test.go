package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/test/cluster"
	"github.com/stateward/stateward/test/decisions"
	"github.com/stateward/stateward/test/environment"
)

// replayNamespace enforces what most clusters do, and has the claims that a team makes.
const replayNamespace = `apiVersion: v1
kind: Namespace
metadata:
  name: replays
  labels: {pod-security.kubernetes.io/enforce: restricted}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: stateward-decisions, namespace: replays}
spec: {accessModes: [ReadWriteMany], resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: stateward-replay-results, namespace: replays}
spec: {accessModes: [ReadWriteMany], resources: {requests: {storage: 1Gi}}}
`

// TestReplayJobEqualsOneReplay lets the real Job controller make the pods of the component, and runs what each of them
// would run on a node.
func TestReplayJobEqualsOneReplay(t *testing.T) {
	g := newGuard(t, shared(t))
	g.namespace = "replays"
	job := replayJob{folder: t.TempDir()}
	log := decisions.Log(t, `{"decisionLog":{"mode":"All"}}`)
	for name, content := range map[string][]byte{
		"decisions/a.jsonl": log, "decisions/b.jsonl": log, "decisions/c.jsonl": log, "results/.keep": nil,
		"config/guardrails.yaml": []byte(guardrails("  rules: [{id: canary-first, action: deny}]\n")),
		"kustomization.yaml":     []byte(job.kustomization(t)),
	} {
		job.write(t, name, content)
	}
	if err := os.Remove(filepath.Join(job.folder, "results/.keep")); err != nil {
		t.Fatal(err)
	}
	g.allowed(t, replayNamespace, "apply", "-f", "-")
	g.allowed(t, "", "apply", "-k", job.folder)
	g.allowed(t, "", "wait", "--for=condition=complete", "--timeout=120s", "job/stateward-replay")
	pods := g.podsOf(t, "stateward-replay")
	if len(pods) != 8 {
		t.Fatalf("%d pods, not 8", len(pods))
	}
	for _, pod := range pods {
		job.run(t, pod)
	}
	g.allowed(t, "", "patch", "job/stateward-replay-merge", "-p", `{"spec":{"suspend":false}}`)
	g.allowed(t, "", "wait", "--for=condition=complete", "--timeout=120s", "job/stateward-replay-merge")
	merging := g.podsOf(t, "stateward-replay-merge")
	if len(merging) != 1 {
		t.Fatalf("%d pods merge, not 1", len(merging))
	}
	merged := job.run(t, merging[0])
	whole := job.stateward(t, "replay", "--config", job.folder+"/config/guardrails.yaml", job.folder+"/decisions")
	if diff := cmp.Diff(whole, merged); diff != "" || !strings.HasPrefix(whole, "of 42 requests, 3 would be denied now") {
		t.Errorf("-one replay +the Job:\n%s", diff)
	}
}

// replayJob is a folder in the place of the pods' volumes.
type replayJob struct{ folder string }

func (r replayJob) write(t *testing.T, name string, content []byte) {
	t.Helper()
	file := filepath.Join(r.folder, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// kustomization is what the page of the manifests asks a team to write.
func (r replayJob) kustomization(t *testing.T) string {
	t.Helper()
	root, err := cluster.Root()
	if err != nil {
		t.Fatal(err)
	}
	folder, err := filepath.EvalSymlinks(r.folder)
	if err != nil {
		t.Fatal(err)
	}
	component, err := filepath.Rel(folder, filepath.Join(root, "manifests/components/replay"))
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: replays
components: [%s]
generatorOptions: {disableNameSuffixHash: true}
configMapGenerator: [{name: stateward-replay, files: [config/guardrails.yaml]}]
`, component)
}

// run does what a kubelet would: it expands the arguments, and mounts the volumes.
func (r replayJob) run(t *testing.T, pod corev1.Pod) string {
	t.Helper()
	expand := []string{"=/", "=" + r.folder + "/"}
	for _, variable := range pod.Spec.Containers[0].Env {
		if source := variable.ValueFrom; source != nil && source.FieldRef != nil {
			expand = append(expand, "$("+variable.Name+")", field(t, pod, source.FieldRef.FieldPath))
		}
	}
	var arguments []string
	for _, argument := range pod.Spec.Containers[0].Args {
		if strings.HasPrefix(argument, "/") {
			argument = r.folder + argument
		}
		arguments = append(arguments, strings.NewReplacer(expand...).Replace(argument))
	}
	return r.stateward(t, arguments...)
}

// field is what a path such as metadata.labels['KEY'] leads to.
func field(t *testing.T, pod corev1.Pod, path string) string {
	t.Helper()
	where, key, _ := strings.Cut(strings.TrimSuffix(path, "']"), "['")
	value := map[string]map[string]string{"metadata.labels": pod.Labels, "metadata.annotations": pod.Annotations}[where][key]
	if value == "" {
		t.Fatalf("the pod has no %s", path)
	}
	return value
}

func (r replayJob) stateward(t *testing.T, arguments ...string) string {
	t.Helper()
	_, binary := environment.BinaryForTest(t)
	output, code := environment.Output(t, exec.CommandContext(t.Context(), binary, arguments...))
	if code != 0 {
		t.Fatalf("stateward %v: exit code %d:\n%s", arguments, code, output)
	}
	return output
}

func (g guard) podsOf(t *testing.T, job string) []corev1.Pod {
	t.Helper()
	pods, err := g.Client.CoreV1().Pods(g.namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "batch.kubernetes.io/job-name=" + job})
	if err != nil {
		t.Fatal(err)
	}
	return pods.Items
}
