package contestants

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/test/bench/contest/corpus"
	"github.com/stateward/stateward/test/bench/contest/rules"
	"github.com/stateward/stateward/test/cluster"
)

// null reads the body and answers what it always answers.
func (a *Arena) null(ctx context.Context, _ cluster.Binaries) (Contestant, error) {
	binary := filepath.Join(a.folder, "null")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "./null")
	build.Dir = filepath.Join(a.root, "test", "bench", "contest")
	if output, err := build.CombinedOutput(); err != nil {
		return Contestant{}, fmt.Errorf("build the null webhook: %w\n%s", err, output)
	}
	ports, err := cluster.FreePorts(1)
	if err != nil {
		return Contestant{}, err
	}
	client, err := a.Certificate.client()
	if err != nil {
		return Contestant{}, err
	}
	contestant := Contestant{Name: "null webhook", Slug: "null", Path: "/", Port: ports[0]}
	contestant.Process, err = run(ctx, a.Main.Cluster, "null", contestant.URL(), client, exec.Command(binary,
		"-address", local(ports[0]), "-cert-file", a.Certificate.file(), "-key-file", a.Certificate.key()))
	return contestant, err
}

// What the rules of Stateward look for beside the StatefulSets of the corpus. Without them it would deny everything.
const (
	class = `{"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "fast"},
	"provisioner": "example.com/fast", "allowVolumeExpansion": true, "volumeBindingMode": "WaitForFirstConsumer"}`
	surroundings = `{"apiVersion": "v1", "kind": "List", "items": [
	{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "db"},
		"spec": {"clusterIP": "None", "selector": {"tier": "data"}, "ports": [{"name": "db", "port": 5432}]}},
	{"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "db"},
		"spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"tier": "data"}}}}
]}`
)

func (a *Arena) surround(ctx context.Context, namespace string) error {
	return kubectl(ctx, a.Main.Cluster, json.RawMessage(surroundings), "create", "--namespace", namespace, "-f", "-")
}

// statewardWhole is Stateward as it is installed, with all of its own rules.
func (a *Arena) statewardWhole(ctx context.Context, _ cluster.Binaries) (Contestant, error) {
	if err := kubectl(ctx, a.Main.Cluster, json.RawMessage(class), "create", "-f", "-"); err != nil {
		return Contestant{}, err
	}
	if err := a.surround(ctx, corpus.Namespace); err != nil {
		return Contestant{}, err
	}
	for _, set := range corpus.Stored() {
		if _, err := a.Main.Client.AppsV1().StatefulSets(set.Namespace).Create(ctx, set, metav1.CreateOptions{}); err != nil {
			return Contestant{}, err
		}
	}
	return a.stateward(ctx, Contestant{Name: "Stateward, whole catalogue", Slug: "stateward-whole"})
}

// Common is the slug of the Stateward that has the common rules.
const Common = "stateward"

// statewardCommon has the common rules as rules of a user, and none of its own.
func (a *Arena) statewardCommon(ctx context.Context, _ cluster.Binaries) (Contestant, error) {
	own, err := rules.Stateward()
	if err != nil {
		return Contestant{}, err
	}
	folder := filepath.Join(a.folder, "common")
	if err := os.CopyFS(folder, own); err != nil {
		return Contestant{}, err
	}
	guardrails, err := rules.StatewardGuardrails()
	if err != nil {
		return Contestant{}, err
	}
	config, err := a.file("guardrails.yaml", guardrails)
	if err != nil {
		return Contestant{}, err
	}
	return a.stateward(ctx, Contestant{Name: "Stateward", Slug: Common, Decides: true}, "--rules", folder, "--config", config)
}

func (a *Arena) stateward(ctx context.Context, contestant Contestant, arguments ...string) (Contestant, error) {
	replica, err := a.Main.AddReplica(ctx, contestant.Slug, "127.0.0.1", append([]string{
		"--cert-file", a.Certificate.file(), "--key-file", a.Certificate.key(), "--certificate-hosts", "127.0.0.1",
		"--shutdown-delay", "0s", "--shutdown-timeout", "0s",
	}, arguments...)...)
	if err != nil {
		return Contestant{}, err
	}
	contestant.Path, contestant.Process = "/validate", replica.Process
	_, err = fmt.Sscanf(replica.Address, "127.0.0.1:%d", &contestant.Port)
	return contestant, err
}

// opa is `opa run --server`, which answers with a document of its policy.
func (a *Arena) opa(ctx context.Context, binaries cluster.Binaries) (Contestant, error) {
	modules, err := rules.OPA()
	if err != nil {
		return Contestant{}, err
	}
	for name, source := range modules {
		if _, err := a.file(filepath.Join("opa", name), []byte(source)); err != nil {
			return Contestant{}, err
		}
	}
	ports, err := cluster.FreePorts(1)
	if err != nil {
		return Contestant{}, err
	}
	client, err := a.Certificate.client()
	if err != nil {
		return Contestant{}, err
	}
	contestant := Contestant{Name: "OPA server", Slug: "opa", Path: "/", Port: ports[0], Decides: true}
	contestant.Process, err = run(ctx, a.Main.Cluster, "opa", contestant.URL()+"health", client, exec.Command(binaries["opa"],
		"run", "--server", "--addr", local(ports[0]),
		"--tls-cert-file", a.Certificate.file(), "--tls-private-key-file", a.Certificate.key(), "--min-tls-version", "1.3",
		"--log-level", "error", "--skip-version-check", filepath.Join(a.folder, "opa")))
	return contestant, err
}
