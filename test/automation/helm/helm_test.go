// Package helm_test runs Helm as a pipeline does, under a service account with the rights of a namespace's admin.
package helm_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stateward/stateward/test/automation"
	"github.com/stateward/stateward/test/cluster"
	"github.com/stateward/stateward/test/environment"
)

// helm is the program in the hands of a pipeline that deploys to a namespace.
type helm struct {
	automation.Cluster
	binary, kubeconfig, namespace, chart string
}

func TestHelm(t *testing.T) {
	guarded := automation.ForTest(t)
	for name, holds := range map[string]func(*testing.T, helm){
		"installs, upgrades and goes back":            upgrades,
		"goes back after a failed readiness":          goesBack,
		"uninstalls a confirmed release and no other": uninstalls,
		"does not confirm what it installs":           confirmsItself,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			holds(t, newHelm(t, guarded))
		})
	}
}

func newHelm(t *testing.T, guarded automation.Cluster) helm {
	t.Helper()
	_, name, _ := strings.Cut(t.Name(), "/")
	namespace := strings.NewReplacer(",", "", "_", "-").Replace(name)
	account := automation.Account{Namespace: namespace, Name: "deployer"}
	guarded.Do(t, "", "create", "namespace", namespace)
	guarded.Do(t, "", "create", "serviceaccount", account.Name, "-n", namespace)
	guarded.Do(t, "", "create", "rolebinding", "deployer", "-n", namespace, "--clusterrole=admin", "--serviceaccount="+namespace+":"+account.Name)
	h := helm{
		Cluster: guarded, binary: automation.Binary(t, "helm"), kubeconfig: guarded.Kubeconfig(t, account),
		namespace: namespace, chart: t.TempDir(),
	}
	automation.Write(t, h.chart, "Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.0.0\n")
	h.template(t)
	return h
}

// template writes the chart's only template.
func (h helm) template(t *testing.T, annotations ...string) {
	t.Helper()
	automation.Write(t, h.chart, filepath.Join("templates", "db.yaml"), automation.Database("{{ .Values.image }}", annotations...))
}

// run returns what Helm wrote, and its exit code.
func (h helm) run(t *testing.T, arguments ...string) (output string, code int) {
	t.Helper()
	home := t.TempDir()
	command := exec.CommandContext(t.Context(), h.binary, append(arguments, "--namespace", h.namespace)...)
	command.Env = append(os.Environ(), "KUBECONFIG="+h.kubeconfig, "HELM_CACHE_HOME="+home, "HELM_CONFIG_HOME="+home, "HELM_DATA_HOME="+home)
	return environment.Output(t, command)
}

// deploy upgrades the release, or installs it, and waits for its pods.
func (h helm) deploy(t *testing.T, image string, arguments ...string) (output string, code int) {
	t.Helper()
	return h.run(t, slices.Concat([]string{"upgrade", "--install", "shop", h.chart, "--set", "image=" + image, "--wait"}, arguments)...)
}

func (h helm) deployed(t *testing.T, image string) {
	t.Helper()
	if output, code := h.deploy(t, image, "--timeout", "3m"); code != 0 {
		t.Fatalf("helm upgrade to %s: exit code %d: %s", image, code, output)
	}
	h.Becomes(t, h.namespace, automation.DatabaseState(3, image)...)
}

func upgrades(t *testing.T, h helm) {
	older, newer := automation.Image("16.4"), automation.Image("16.5")
	h.deployed(t, older)
	h.deployed(t, newer)
	if output, code := h.run(t, "rollback", "shop", "1", "--wait", "--timeout", "3m"); code != 0 {
		t.Fatalf("helm rollback: exit code %d: %s", code, output)
	}
	h.Becomes(t, h.namespace, automation.DatabaseState(3, older)...)
	h.status(t, "deployed")
}

func (h helm) status(t *testing.T, want string) {
	t.Helper()
	output, code := h.run(t, "status", "shop")
	if code != 0 {
		t.Fatalf("helm status: exit code %d: %s", code, output)
	}
	automation.Contains(t, output, "STATUS: "+want)
}

func goesBack(t *testing.T, h helm) {
	good, bad := automation.Image("16.4"), automation.Image("16.5-"+cluster.MissingImage)
	h.deployed(t, good)
	output, code := h.deploy(t, bad, "--rollback-on-failure", "--timeout", "20s")
	if code == 0 {
		t.Fatalf("pods with an image that no registry has became ready: %s", output)
	}
	h.Becomes(t, h.namespace, automation.DatabaseState(3, good)...)
	h.status(t, "deployed")
}

func uninstalls(t *testing.T, h helm) {
	image := automation.Image("16.4")
	h.deployed(t, image)
	h.uninstallRefused(t, image)
	h.Stateward(t, "alice", "confirm", "release", "shop", "delete", "--yes", "-n", h.namespace)
	if output, code := h.run(t, "uninstall", "shop"); code != 0 {
		t.Fatalf("helm uninstall of a confirmed release: exit code %d: %s", code, output)
	}
	h.Becomes(t, h.namespace, automation.Claims()...)
}

// confirmsItself installs a chart that renders the confirmation of its own deletion.
func confirmsItself(t *testing.T, h helm) {
	image := automation.Image("16.4")
	h.template(t, "stateward.dev/confirm: delete", "stateward.dev/confirm-for: 10m")
	h.deployed(t, image)
	h.uninstallRefused(t, image)
}

// uninstallRefused wants nothing of a release to go.
func (h helm) uninstallRefused(t *testing.T, image string) {
	t.Helper()
	if output, code := h.run(t, "uninstall", "shop"); code == 0 {
		t.Fatalf("an uninstall without confirmation succeeded: %s", output)
	}
	h.Is(t, h.namespace, automation.DatabaseState(3, image)...)
}
