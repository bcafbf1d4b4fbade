package e2e_test

import (
	"os"
	"path/filepath"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/environment"
)

// auditPolicy records what rules check, as the page about replay shows it.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: RequestResponse
  verbs: [create, update, patch, delete, deletecollection]
  resources:
  - {group: "", resources: [services, pods, pods/eviction, persistentvolumeclaims, persistentvolumes, namespaces]}
  - {group: apps, resources: [statefulsets, statefulsets/scale, statefulsets/status]}
  - {group: policy, resources: [poddisruptionbudgets]}
- level: None
`

// TestAuditLogOfAnAPIServerReplays records what happens before Stateward is there, and evaluates it.
func TestAuditLogOfAnAPIServerReplays(t *testing.T) {
	folder := t.TempDir()
	log, policy, config := filepath.Join(folder, "audit.log"), filepath.Join(folder, "policy.yaml"), filepath.Join(folder, "guardrails.yaml")
	for file, content := range map[string]string{policy: auditPolicy, config: guardrails("  rules: [{id: image-digest, action: deny}]\n")} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	g := guard{Environment: environment.ForTestWith(t, environment.Options{
		Unguarded: true, APIServerArgs: []string{"--audit-policy-file=" + policy, "--audit-log-path=" + log},
	}), namespace: "default"}
	g.allowed(t, string(builders.JSON(builders.HeadlessService())), "create", "-f", "-")
	g.allowed(t, string(builders.MakeStatefulSet().Replicas(2).JSON()), "create", "-f", "-")
	g.ready(t, "web", 2)
	g.allowed(t, "", "patch", "statefulset", "web", "-p", beyondPatch)
	g.allowed(t, "", "patch", "statefulset", "web", "-p", `{"spec":{"updateStrategy":{"rollingUpdate":{"partition":0}}}}`)
	g.allowed(t, "", "scale", "statefulset", "web", "--replicas=3")
	g.allowed(t, "", "patch", "statefulset", "web", "-p", imagePatch)
	exported := filepath.Join(folder, "there.yaml")
	output, code := g.kubectl(t, "", "get", "sts,svc,pdb,pods,pvc,pv,sc,nodes,ns,deploy,controllerrevisions", "-A", "-o", "yaml")
	if code != 0 {
		t.Fatal(output)
	}
	must(t, os.WriteFile(exported, []byte(output), 0o600))
	all := metav1.DeleteOptions{DryRun: []string{metav1.DryRunAll}, PropagationPolicy: new(metav1.DeletePropagationOrphan)}
	must(t, g.Client.AppsV1().StatefulSets("default").DeleteCollection(t.Context(), all, metav1.ListOptions{}))
	g.allowed(t, "", "delete", "statefulset", "web", "--cascade=orphan")

	said := g.replay(t, 0, "--config", config, log)
	t.Log(said.Headline)
	denied := said.Classes["denied"]
	if denied.Rules["partition-range"] != 1 || denied.Rules["image-digest"] == 0 {
		t.Errorf("%s: %+v", said.Headline, said)
	}
	if orphaned := said.Classes["other"].Rules["orphan-delete"]; orphaned != 2 {
		t.Errorf("%d deletions without pods are warned of, not that of one and that of all", orphaned)
	}
	seen := g.replay(t, 0, "--config", config, "--data", exported, log)
	t.Log(seen.Headline)
	if now, before := seen.Classes["undecided"], said.Classes["undecided"]; now.Rules["headless-service"] != 0 || before.Rules["headless-service"] == 0 {
		t.Errorf("undecided with an export %+v, without %+v", now, before)
	}
	if said.Requests != seen.Requests || seen.Classes["denied"].Rules["headless-service"] != 0 {
		t.Errorf("%s: %+v", seen.Headline, seen)
	}
	if verified := g.replay(t, 1, "--verify", log); verified.Classes["unverified"].Count != said.Requests {
		t.Errorf("%s: %+v", verified.Headline, verified)
	}
}
