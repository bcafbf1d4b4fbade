// Package flux_test runs Flux's kustomize-controller behind Stateward.
package flux_test

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stateward/stateward/test/automation"
)

const (
	tool   = "kustomize-controller"
	module = "github.com/fluxcd/kustomize-controller"
	// sources has the kinds that the controller's own manifests take from there, at the version that they name.
	sources   = "github.com/fluxcd/source-controller@v1.9.0"
	namespace = "shop"
	object    = "kustomization.kustomize.toolkit.fluxcd.io/shop"
)

// flux keeps a namespace as a source has it.
type flux struct {
	automation.Cluster
	source *source
}

// TestKustomizeController goes through the life of an app, one step after the other.
func TestKustomizeController(t *testing.T) {
	older, newer := automation.Image("16.4"), automation.Image("16.5")
	f := run(t, automation.ForTest(t))

	f.source.push(t, automation.Database(older))
	f.ready(t, f.reconcile(t))
	f.Becomes(t, namespace, automation.DatabaseState(3, older)...)
	f.source.push(t, automation.Database(newer))
	f.ready(t, f.reconcile(t))
	f.Becomes(t, namespace, automation.DatabaseState(3, newer)...)

	f.source.push(t, "")
	refused := f.reconcile(t)
	automation.Contains(t, refused.Message, "[cascade-delete]", "[service-in-use]", "[budget-in-use]")
	f.Is(t, namespace, automation.DatabaseState(3, newer)...)

	// It is back in git, so that the controller applies the object that a person confirms.
	f.source.push(t, automation.Database(newer))
	f.Paste(t, refused.Message, "statefulset db")
	for range 3 {
		f.ready(t, f.reconcile(t))
		f.Confirmed(t, namespace, "statefulset/db")
	}
	f.source.push(t, "")
	f.ready(t, f.reconcile(t))
	f.Gone(t, namespace)
}

// run starts the controller with the rights of its module, and a Kustomization of an empty source.
func run(t *testing.T, guarded automation.Cluster) flux {
	t.Helper()
	account := automation.Account{Namespace: "system", Name: "default"}
	config := filepath.Join(automation.Module(t, tool, module), "config")
	guarded.Define(t, filepath.Join(config, "crd", "bases"))
	guarded.Define(t, filepath.Join(automation.Module(t, tool, sources), "config", "crd", "bases"))
	for _, file := range []string{"role", "role_binding", "cluster_role_binding"} {
		guarded.Do(t, "", "apply", "-f", filepath.Join(config, "rbac", file+".yaml"))
	}
	guarded.Do(t, "", "create", "namespace", account.Namespace)
	guarded.Do(t, "", "create", "namespace", namespace)
	guarded.Run(t, automation.Program{
		Tool: tool, Account: account, Variables: []string{"RUNTIME_NAMESPACE=" + account.Namespace},
		Arguments: []string{"--watch-all-namespaces", "--metrics-addr=127.0.0.1:0", "--health-addr=127.0.0.1:0"},
	})
	f := flux{Cluster: guarded, source: newSource(t, guarded)}
	f.source.push(t, "")
	guarded.Do(t, fmt.Sprintf(`apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: shop, namespace: %[1]s}
spec:
  interval: 1h
  retryInterval: 1h
  timeout: 2m
  prune: true
  targetNamespace: %[1]s
  sourceRef: {kind: GitRepository, name: shop}
`, namespace), "create", "-f", "-")
	f.ready(t, f.reconcile(t))
	return f
}

// condition is the Ready condition of the Kustomization.
type condition struct{ Status, Message string }

// reconcile does what `flux reconcile` does, and returns what came of it.
func (f flux) reconcile(t *testing.T) condition {
	t.Helper()
	at := time.Now().Format(time.RFC3339Nano)
	f.Do(t, "", "annotate", "--overwrite", object, "-n", namespace, "reconcile.fluxcd.io/requestedAt="+at)
	var ready condition
	automation.Eventually(t, "the Kustomization is reconciled", func(context.Context) string {
		var kustomization struct {
			Status struct {
				LastHandledReconcileAt, LastAttemptedRevision string
				Conditions                                    []struct{ Type, Status, Message string }
			}
		}
		text := f.Do(t, "", "get", object, "-n", namespace, "-o", "json")
		automation.Must(t, json.Unmarshal([]byte(text), &kustomization))
		for _, each := range kustomization.Status.Conditions {
			if each.Type == "Ready" {
				ready = condition{each.Status, each.Message}
			}
		}
		status := kustomization.Status
		if status.LastHandledReconcileAt != at || status.LastAttemptedRevision != f.source.revision || ready.Status == "Unknown" {
			return fmt.Sprintf("%+v", status)
		}
		return ""
	})
	return ready
}

func (f flux) ready(t *testing.T, got condition) {
	t.Helper()
	if got.Status != "True" || !strings.Contains(got.Message, "Applied revision: "+f.source.revision) {
		t.Fatalf("the Kustomization is not ready: %+v", got)
	}
}
