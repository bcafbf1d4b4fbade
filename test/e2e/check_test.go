package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/environment"
)

// TestCheckSeesTheCluster checks a file together with objects that only the cluster has.
func TestCheckSeesTheCluster(t *testing.T) {
	g := newGuard(t, shared(t))
	set := withClaim(builders.MakeStatefulSet())
	file := filepath.Join(t.TempDir(), "web.json")
	must(t, os.WriteFile(file, builders.JSON(g.placed(set)), 0o600))
	check := func(code int, words string, arguments ...string) {
		t.Helper()
		output, got := g.stateward(t, "alice", append([]string{"check", file}, arguments...)...)
		if got != code || !strings.Contains(output, words) {
			t.Errorf("check %v: exit code %d, no %q in %s", arguments, got, words, output)
		}
	}
	check(1, "[headless-service]")
	check(1, "[headless-service]", "--context-from-cluster")
	g.create(t, set)
	g.settled(t, 3)
	check(1, "[headless-service]")
	check(0, "0 denied", "--context-from-cluster")

	unknown := "no-such-class"
	set.Spec.VolumeClaimTemplates[0].Spec.StorageClassName = &unknown
	must(t, os.WriteFile(file, builders.JSON(g.placed(set)), 0o600))
	check(1, "[storage-class]", "--context-from-cluster")
}

// TestWebhookDeniesWhatManifestsIgnore keeps what a check may let pass from counting in the cluster.
func TestWebhookDeniesWhatManifestsIgnore(t *testing.T) {
	g := newGuard(t, shared(t))
	g.allowed(t, string(builders.JSON(g.placed(builders.HeadlessService()))), "create", "-f", "-")
	set := builders.MakeStatefulSet().Image("nginx").Annotate("stateward.dev/ignore", "image-tag: so")
	g.says(t, true, string(builders.JSON(g.placed(set))), []string{"[image-tag]"}, "create", "-f", "-")
}

// TestPreSyncHookHasTheRightsItNeeds checks with nothing but the rights that manifests/ci gives to the hook.
func TestPreSyncHookHasTheRightsItNeeds(t *testing.T) {
	g := newGuard(t, shared(t))
	root, binary := environment.BinaryForTest(t)
	hook, err := os.ReadFile(filepath.Join(root, "manifests", "ci", "argocd-presync.yaml"))
	must(t, err)
	g.allowed(t, strings.ReplaceAll(string(hook), "NAMESPACE", g.namespace), "create", "-f", "-")
	g.create(t, builders.MakeStatefulSet())
	file := filepath.Join(t.TempDir(), "web.json")
	must(t, os.WriteFile(file, builders.JSON(g.placed(withClaim(builders.MakeStatefulSet()))), 0o600))

	account := "system:serviceaccount:" + g.namespace + ":stateward-presync"
	kubeconfig, err := g.KubeconfigFor(g.namespace+"-presync", account, "system:serviceaccounts", "system:authenticated")
	must(t, err)
	output, code := g.runAs(t, binary, kubeconfig, "check", file, "--context-from-cluster")
	if code != 0 || !strings.Contains(output, "1 judged: 0 denied") {
		t.Errorf("exit code %d: %s", code, output)
	}
	g.allowed(t, "", "delete", "clusterrolebinding", "stateward-presync")
	output, code = g.runAs(t, binary, kubeconfig, "check", file, "--context-from-cluster")
	if code != 3 || !strings.Contains(output, "of the cluster: ") || !strings.Contains(output, "forbidden") {
		t.Errorf("exit code %d: %s", code, output)
	}
}
