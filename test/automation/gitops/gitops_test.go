// Package gitops_test runs the agent of Argo CD's gitops-engine behind Stateward.
package gitops_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stateward/stateward/test/automation"
	"github.com/stateward/stateward/test/cluster"
)

const (
	tool      = "gitops-agent"
	module    = "github.com/argoproj/argo-cd/gitops-engine"
	namespace = "shop"
	// manifest is the only file of the repository.
	manifest = "db.yaml"
)

// agent keeps a namespace as a git repository has it, each time that it is asked to.
type agent struct {
	automation.Cluster
	repository, address string
}

// TestGitOpsEngine goes through the life of an app, one step after the other.
func TestGitOpsEngine(t *testing.T) {
	older, newer := automation.Image("16.4"), automation.Image("16.5")
	a := run(t, automation.ForTest(t))
	// What people look at before they push.
	a.Do(t, automation.Database(older), "apply", "--dry-run=server", "-n", namespace, "-f", "-")

	a.push(t, automation.Database(older))
	a.synced(t)
	a.Becomes(t, namespace, automation.DatabaseState(3, older)...)
	a.push(t, automation.Database(newer))
	a.synced(t)
	a.Becomes(t, namespace, automation.DatabaseState(3, newer)...)

	a.push(t, "")
	result := a.sync(t)
	automation.Contains(t, result, "[cascade-delete]", "[service-in-use]", "[budget-in-use]")
	a.Is(t, namespace, automation.DatabaseState(3, newer)...)

	// It is back in git, so that syncs apply the object that a person confirms.
	a.push(t, automation.Database(newer))
	a.Paste(t, result, "statefulset db")
	for range 3 {
		a.synced(t)
	}
	a.Confirmed(t, namespace, "statefulset/db")
	a.push(t, "")
	a.sync(t)
	a.Gone(t, namespace)
}

// run starts the agent with the rights of its module. It looks at an empty repository first.
func run(t *testing.T, guarded automation.Cluster) agent {
	t.Helper()
	ports, err := cluster.FreePorts(1)
	automation.Must(t, err)
	a := agent{Cluster: guarded, repository: t.TempDir(), address: fmt.Sprintf("http://127.0.0.1:%d/api/v1/sync", ports[0])}
	a.git(t, "init", "--quiet")
	a.push(t, "")
	account := automation.Account{Namespace: tool, Name: tool}
	manifests := filepath.Join(automation.Module(t, tool, module), "agent", "manifests")
	guarded.Do(t, "", "create", "namespace", account.Namespace)
	guarded.Do(t, "", "create", "namespace", namespace)
	guarded.Do(t, "", "apply", "-n", account.Namespace, "-f", filepath.Join(manifests, "base", "gitops-agent-sa.yaml"))
	for _, file := range []string{"gitops-agent-cluster-role.yaml", "gitops-agent-cluster-role-binding.yaml"} {
		guarded.Do(t, "", "apply", "-f", filepath.Join(manifests, "cluster-install", file))
	}
	guarded.Run(t, automation.Program{
		Tool: tool, Account: account,
		Arguments: []string{
			a.repository, "--kubeconfig={kubeconfig}", "--default-namespace=" + namespace, fmt.Sprintf("--port=%d", ports[0]),
			"--resync-seconds=3600",
		},
	})
	a.await(t, 0)
	return a
}

func (a agent) git(t *testing.T, arguments ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "git", append([]string{
		"-C", a.repository, "-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false",
	}, arguments...)...)
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("git %s: %v %s", strings.Join(arguments, " "), err, output)
	}
}

func (a agent) push(t *testing.T, text string) {
	t.Helper()
	automation.Write(t, a.repository, manifest, text)
	a.git(t, "add", "--all")
	a.git(t, "commit", "--quiet", "--allow-empty", "--message", "change")
}

// results are the tables that the agent has printed, one a sync.
func (a agent) results(t *testing.T) []string {
	t.Helper()
	log, err := os.ReadFile(a.Process(tool).LogPath())
	automation.Must(t, err)
	return strings.Split(string(log), "RESULT\n")[1:]
}

// await returns the result of the sync after so many. The agent prints it piece by piece.
func (a agent) await(t *testing.T, before int) string {
	t.Helper()
	var last string
	automation.Eventually(t, "a sync", func(context.Context) string {
		results := a.results(t)
		if len(results) <= before {
			return fmt.Sprintf("%d syncs are done", len(results))
		}
		seen := last
		last = results[before] + "end"
		if seen != last {
			return "its result grows"
		}
		return ""
	})
	return last
}

// sync asks the agent to do its work, and returns what came of it.
func (a agent) sync(t *testing.T) string {
	t.Helper()
	before := len(a.results(t))
	_, err := cluster.Get(t.Context(), http.DefaultClient, a.address)
	automation.Must(t, err)
	return a.await(t, before)
}

// synced wants a sync to apply the app without a denial.
func (a agent) synced(t *testing.T) {
	t.Helper()
	if result := a.sync(t); strings.Contains(result, "denied the request") || !strings.Contains(result, "statefulset.apps/db ") {
		t.Fatalf("a sync did not apply the app: %s", result)
	}
}
