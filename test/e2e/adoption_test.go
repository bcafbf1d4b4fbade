package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/cluster"
	"github.com/stateward/stateward/test/environment"
)

// TestAdoptionPageMatchesACluster walks manifests/ADOPTION.md: everything is recorded and nothing denied, the record is evaluated
// under the Guardrails to come, what would be denied gets exceptions, and then it is denied.
func TestAdoptionPageMatchesACluster(t *testing.T) {
	folder := t.TempDir()
	root, err := cluster.Root()
	must(t, err)
	g := guard{Environment: environment.ForTestWith(t, environment.Options{
		ServeArgs: []string{"--decision-log", filepath.Join(folder, "decisions.jsonl")},
	}), namespace: "shop"}
	_, err = g.Client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: g.namespace}}, metav1.CreateOptions{})
	must(t, err)
	// That nothing is denied is a warning.
	g.says(t, false, "", nil, "apply", "-f", filepath.Join(root, "manifests", "components", "audit-only", "guardrails.yaml"))
	g.says(t, false, "", nil, "patch", "guardrails", "stateward", "--type=merge", "-p", `{"spec":{"decisionLog":{"mode":"All"}}}`)
	g.becomes(t, "True", "")
	twoWeeks(t, g)

	page, err := os.ReadFile(filepath.Join(root, "manifests", "ADOPTION.md"))
	must(t, err)
	_, binary := environment.BinaryForTest(t)
	must(t, os.WriteFile(filepath.Join(folder, "guardrails.yaml"), []byte(blocks(page, "yaml")[0]), 0o600))
	shown := 0
	for _, block := range blocks(page, "") {
		command, want, _ := strings.Cut(block, "\n")
		arguments, is := strings.CutPrefix(command, "$ stateward ")
		if !is {
			continue
		}
		shown++
		run := exec.CommandContext(t.Context(), binary, strings.Fields(arguments)...)
		run.Dir, run.Env = folder, append(os.Environ(), "KUBECONFIG="+g.Kubeconfig())
		output, _ := environment.Output(t, run)
		holds(t, command, output, want)
	}
	if shown != 3 {
		t.Errorf("the page shows %d commands", shown)
	}

	g.allowed(t, "", "apply", "-f", filepath.Join(folder, "eased.yaml"))
	g.becomes(t, "True", "in force")
	for _, block := range blocks(page, "") {
		if want, is := strings.CutPrefix(block, "$ kubectl delete statefulset web\n"); is {
			output, _ := g.kubectl(t, "", append(g.as(t, "alice"), "delete", "statefulset", "web")...)
			holds(t, "kubectl delete", output, want)
		}
	}
	g.denied(t, "partition-range", append(g.as(t, "bob"), "patch", "statefulset", "web", "--dry-run=server", "-p", beyondPatch)...)
	g.warnedOrAllowed(t, append(g.as(t, "ci"), "patch", "statefulset", "web", "--dry-run=server", "-p", beyondPatch)...)
}

// twoWeeks are what the page says that the team does. Nothing of it is denied or warned of.
func twoWeeks(t *testing.T, g guard) {
	t.Helper()
	service := builders.HeadlessService()
	service.Namespace = g.namespace
	g.allowed(t, string(builders.JSON(service)), "create", "-f", "-")
	set := withClaim(builders.MakeStatefulSet().Replicas(3))
	set.Namespace = g.namespace
	g.allowed(t, string(set.JSON()), "create", "-f", "-")
	g.ready(t, "web", 3)
	for _, each := range []struct {
		user      string
		arguments []string
	}{
		{"ci", []string{"patch", "statefulset", "web", "-p", beyondPatch}},
		{"ci", []string{"patch", "statefulset", "web", "-p", `{"spec":{"updateStrategy":{"rollingUpdate":{"partition":0}}}}`}},
		{"alice", []string{"delete", "service", "nginx", "--dry-run=server"}},
		{"alice", []string{"delete", "statefulset", "web", "--dry-run=server"}},
	} {
		g.allowed(t, "", append(g.as(t, each.user), each.arguments...)...)
	}
}

// blocks are the fenced blocks of a page in one language, without the fences.
func blocks(page []byte, language string) (found []string) {
	for _, block := range regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$").FindAllSubmatch(page, -1) {
		if string(block[1]) == language {
			found = append(found, string(block[2]))
		}
	}
	return found
}

// holds wants the lines of a page in an output; [a line in brackets] means lines that are left out.
func holds(t *testing.T, command, output, page string) {
	t.Helper()
	rest := output
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]\n") {
			continue
		}
		_, after, found := strings.Cut(rest, line)
		if !found {
			t.Errorf("%s: the page has %q, which does not follow in\n%s", command, line, output)
			return
		}
		rest = after
	}
}
