// Package vap_test shows on a real API server that what `stateward export vap` writes evaluates as the rules do.
package vap_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/cluster"
	"github.com/stateward/stateward/test/environment"
)

const root = "../.."

// exported are the library and its rules that say something in CEL.
func exported(t *testing.T) (library *policies.Library, rules []policies.Rule) {
	t.Helper()
	library, err := policies.Embedded()
	must(t, err)
	for _, rule := range library.Rules {
		if rule.CEL != nil {
			rules = append(rules, rule)
		}
	}
	return library, rules
}

// setting are Guardrails under which these rules have one level, and all others are off.
func setting(library *policies.Library, rules []policies.Rule, level policies.Level) []byte {
	levels := map[string]policies.Level{}
	for _, rule := range rules {
		levels[rule.ID] = level
	}
	var settings []v1alpha1.RuleSetting
	for _, rule := range library.All() {
		action := levels[rule.ID]
		if action == "" {
			action = policies.Off
		}
		settings = append(settings, v1alpha1.RuleSetting{ID: rule.ID, Action: action})
	}
	encoded, err := json.Marshal(v1alpha1.Guardrails{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GuardrailsAPIVersion, Kind: v1alpha1.GuardrailsKind},
		ObjectMeta: metav1.ObjectMeta{Name: v1alpha1.GuardrailsName}, Spec: v1alpha1.GuardrailsSpec{Rules: settings},
	})
	if err != nil {
		panic(err)
	}
	return encoded
}

// start is a control plane without nodes: no pod has to run.
func start(t *testing.T, arguments ...string) *cluster.Cluster {
	t.Helper()
	return cluster.ForTest(t, func(options *cluster.Options) {
		options.WithoutKwok, options.WithoutDNS, options.APIServerArgs = true, true, arguments
	})
}

// export runs `stateward export vap` under these Guardrails.
func export(t *testing.T, guardrails []byte, arguments ...string) []byte {
	t.Helper()
	_, binary := environment.BinaryForTest(t)
	file := filepath.Join(t.TempDir(), "guardrails.json")
	must(t, os.WriteFile(file, guardrails, 0o600))
	output, err := exec.CommandContext(t.Context(), binary, append([]string{"export", "vap", "--config", file}, arguments...)...).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		t.Fatalf("%s", exit.Stderr)
	}
	must(t, err)
	return output
}

// install applies policies, and waits until the API server asks them.
func install(t *testing.T, server *cluster.Cluster, page []byte) {
	t.Helper()
	output, err := server.KubectlWithInput(t.Context(), strings.NewReader(string(page)), "apply", "-f", "-")
	must(t, err)
	if output.ExitCode != 0 {
		t.Fatal(output.Stderr)
	}
	inForce(t, server)
}

// inForce waits until the last of the policies finds something wrong: the API server takes them in their order.
func inForce(t *testing.T, server *cluster.Cluster) {
	t.Helper()
	resource := schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "statefulsets"}
	stage := stage{server: server, namespace: "default"}
	must(t, stage.store(t, resource, decoded(t, builders.MakeStatefulSet().Name("probe").JSON())))
	must(t, wait.PollUntilContextTimeout(t.Context(), 100*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		client, heard := stage.client(t, "alice")
		_, err := stage.in(client, resource).Patch(ctx, "probe", types.MergePatchType, []byte(`{"spec":{"replicas":0}}`),
			metav1.PatchOptions{DryRun: []string{metav1.DryRunAll}}, "scale")
		return heard.rules["scale-to-zero"] || apierrors.IsForbidden(err), nil
	}))
}

func makeNamespace(t *testing.T, stage stage) {
	t.Helper()
	client, err := kubernetes.NewForConfig(stage.server.Config())
	must(t, err)
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: stage.namespace}}
	_, err = client.CoreV1().Namespaces().Create(t.Context(), namespace, metav1.CreateOptions{})
	must(t, err)
}
