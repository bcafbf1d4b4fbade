package install_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"

	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/cluster"
	"github.com/stateward/stateward/test/environment"
)

// Before these blocks of manifests/README.md.
const (
	installAnnotation   = "<!-- install: a test runs these commands -->\n```sh\n"
	uninstallAnnotation = "<!-- uninstall: a test runs these commands -->\n```sh\n"
)

// TestUninstallLeavesNothingThatBlocks installs webhooks that fail closed (kwok's pods answer no request) and the exported
// policies, and runs the commands of the README.
func TestUninstallLeavesNothingThatBlocks(t *testing.T) {
	running := installed(t)
	refused(t, running)
	_, binary := environment.BinaryForTest(t)
	exported, err := exec.CommandContext(t.Context(), binary, "export", "vap").Output()
	must(t, err)
	output, err := running.KubectlWithInput(t.Context(), strings.NewReader(string(exported)), "apply", "-f", "-")
	must(t, err)
	if output.ExitCode != 0 {
		t.Fatal(output.Stderr)
	}

	commands := readmeCommands(t, uninstallAnnotation)
	kubectl(t, running, commands[0]...)
	kubectl(t, running, commands[1]...)
	// From here on no request is blocked, whatever else is still there.
	must(t, wait.PollUntilContextTimeout(t.Context(), 100*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		output, err := running.Kubectl(ctx, "delete", "statefulset", "web", "--dry-run=server")
		return output.ExitCode == 0, err
	}))
	for _, command := range commands[2:] {
		kubectl(t, running, command...)
	}
	if found := left(t, running); found != nil {
		t.Errorf("%v is left", found)
	}
	kubectl(t, running, "delete", "statefulset", "web")
}

// left is what there is of Stateward, by kind and name.
func left(t *testing.T, running *cluster.Cluster) (found []string) {
	t.Helper()
	for _, kind := range []string{
		"validatingwebhookconfigurations", "mutatingwebhookconfigurations", "validatingadmissionpolicies", "validatingadmissionpolicybindings",
		"customresourcedefinitions", "clusterroles", "clusterrolebindings", "namespaces",
	} {
		for name := range strings.Lines(kubectl(t, running, "get", kind, "-o", "name")) {
			// What begins so is of the test's own cluster.
			if strings.Contains(name, "stateward") && !strings.Contains(name, "/stateward-test-") {
				found = append(found, strings.TrimSpace(name))
			}
		}
	}
	return found
}

// readmeCommands are those behind a mark, for the overlay in the place of the kustomization.
func readmeCommands(t *testing.T, mark string) (commands [][]string) {
	t.Helper()
	readme, err := os.ReadFile(filepath.Join("..", "..", "manifests", "README.md"))
	must(t, err)
	_, block, found := strings.Cut(string(readme), mark)
	if !found {
		t.Fatalf("manifests/README.md has no %q", mark)
	}
	block, _, _ = strings.Cut(block, "```")
	for line := range strings.Lines(block) {
		words := strings.Fields(line)
		if words[0] != "kubectl" {
			t.Fatalf("manifests/README.md: %q is not a kubectl command", line)
		}
		for index, word := range words {
			if word == "." {
				words[index] = overlay()
			}
		}
		commands = append(commands, words[1:])
	}
	return commands
}

// TestUpgradeLeavesNoGap applies another image over what is installed, and looks at the registration all the
// while.
func TestUpgradeLeavesNoGap(t *testing.T) {
	running := installed(t)
	client, err := kubernetes.NewForConfig(running.Config())
	must(t, err)
	api := client.AdmissionregistrationV1().ValidatingWebhookConfigurations()
	before, err := api.Get(t.Context(), "stateward", metav1.GetOptions{})
	must(t, err)
	// Stateward writes its authority there when it runs.
	for index := range before.Webhooks {
		before.Webhooks[index].ClientConfig.CABundle = []byte(pemWithoutKey)
	}
	before, err = api.Update(t.Context(), before, metav1.UpdateOptions{})
	must(t, err)
	events, err := api.Watch(t.Context(), metav1.ListOptions{ResourceVersion: before.ResourceVersion})
	must(t, err)
	defer events.Stop()

	newer := t.TempDir()
	must(t, os.WriteFile(filepath.Join(newer, "kustomization.yaml"), fmt.Appendf(nil,
		"resources: [%s]\nimages: [{name: stateward, newTag: v0.2.0}]\nlabels: [{pairs: {example.com/release: second}}]\n", relative(t, newer)), 0o600))
	kubectl(t, running, "apply", "-k", newer)
	refused(t, running)

	if image := kubectl(t, running, "-n", "stateward-system", "get", "deployment", "stateward", "-o", "jsonpath={.spec.template.spec.containers[0].image}"); image != "stateward:v0.2.0" {
		t.Errorf("the image is %s", image)
	}
	after := changed(t, events)
	if after.UID != before.UID || after.Labels["example.com/release"] != "second" {
		t.Errorf("it is another, or unchanged: %s instead of %s, %v", after.UID, before.UID, after.Labels)
	}
	if diff := cmp.Diff(before.Webhooks, after.Webhooks); diff != "" {
		t.Errorf("webhooks, with their caBundle (-before +after):\n%s", diff)
	}
	kubectl(t, running, "-n", "stateward-system", "rollout", "status", "deployment/stateward", "--timeout=60s")
}

// changed is the configuration after its one change; that it went away in between ends the test.
func changed(t *testing.T, events watch.Interface) *admissionregistrationv1.ValidatingWebhookConfiguration {
	t.Helper()
	event := <-events.ResultChan()
	configuration, is := event.Object.(*admissionregistrationv1.ValidatingWebhookConfiguration)
	if !is || event.Type != watch.Modified {
		t.Fatalf("%s of %T", event.Type, event.Object)
	}
	return configuration
}

// installed is a cluster with a StatefulSet and the overlay self-managed, applied as the README says: the server before those
// who are to ask it.
func installed(t *testing.T) *cluster.Cluster {
	t.Helper()
	running := withStatefulSet(t)
	for _, command := range readmeCommands(t, installAnnotation) {
		if registered := kubectl(t, running, "get", "validatingwebhookconfigurations,mutatingwebhookconfigurations", "-o", "name"); registered != "" {
			t.Errorf("before %q a webhook is registered already: %s", command, registered)
		}
		kubectl(t, running, command...)
	}
	return running
}

// withStatefulSet is a cluster with nothing of Stateward's.
func withStatefulSet(t *testing.T) *cluster.Cluster {
	t.Helper()
	running := cluster.ForTest(t)
	output, err := running.KubectlWithInput(t.Context(), strings.NewReader(string(builders.MakeStatefulSet().JSON())), "create", "-f", "-")
	must(t, err)
	if output.ExitCode != 0 {
		t.Fatal(output.Stderr)
	}
	return running
}

func overlay() string { return filepath.Join("..", "..", "manifests", "overlays", "self-managed") }

// relative is the overlay as a kustomization in a folder names it.
func relative(t *testing.T, folder string) string {
	t.Helper()
	absolute, err := filepath.Abs(overlay())
	must(t, err)
	path, err := filepath.Rel(folder, absolute)
	must(t, err)
	return path
}

// refused waits until the deletion of a StatefulSet is refused because no webhook answers.
func refused(t *testing.T, running *cluster.Cluster) {
	t.Helper()
	must(t, wait.PollUntilContextTimeout(t.Context(), 100*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		output, err := running.Kubectl(ctx, "delete", "statefulset", "web", "--dry-run=server")
		return strings.Contains(output.Stderr, `failed calling webhook "critical.stateward.dev"`), err
	}))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
