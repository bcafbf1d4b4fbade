package install_test

import (
	"context"
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

	"github.com/stateward/stateward/test/cluster"
	"github.com/stateward/stateward/test/environment"
)

const (
	stateward      = "stateward"
	ownNamespace   = "stateward-system"
	nothingRefused = "Ignore Ignore Ignore Ignore Ignore Ignore Ignore Ignore Ignore Ignore Ignore Ignore Ignore Ignore Ignore"
	changesRefused = "Fail Ignore Fail Fail Fail Ignore Fail Ignore Ignore Ignore Fail Fail Ignore Ignore Fail"
)

// TestHelmInstallsUpgradesAndRemoves runs helm from the values that only record to those that deny, back and forth, and
// uninstalls. kwok's pods answer no request.
func TestHelmInstallsUpgradesAndRemoves(t *testing.T) {
	running := withStatefulSet(t)
	chart := filepath.Join("..", "..", "manifests", "chart")
	helm := helmFor(t, running)
	helm(t, "lint", "--strict", chart)
	kubectl(t, running, "apply", "-f", filepath.Join("..", "..", "manifests", "base", "namespace.yaml"))

	helm(t, "install", stateward, chart, "--set", "certificates.mode=self-managed,auditOnly=true")
	wantInstalled(t, running, installation{"stateward:v0.1.0", nothingRefused, "guardrails.stateward.dev/stateward"})
	registered := follow(t, running)

	helm(t, "upgrade", stateward, chart, "--set", "certificates.mode=self-managed,image.tag=v0.2.0")
	wantInstalled(t, running, installation{"stateward:v0.2.0", changesRefused, ""})
	registered.wantNoGap(t)
	refused(t, running)

	helm(t, "rollback", stateward, "1")
	wantInstalled(t, running, installation{"stateward:v0.1.0", nothingRefused, "guardrails.stateward.dev/stateward"})
	registered.wantNoGap(t)

	helm(t, "rollback", stateward, "2")
	wantInstalled(t, running, installation{"stateward:v0.2.0", changesRefused, ""})
	registered.wantNoGap(t)
	refused(t, running)

	helm(t, "uninstall", stateward)
	must(t, wait.PollUntilContextTimeout(t.Context(), 100*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		output, err := running.Kubectl(ctx, "delete", "statefulset", "web")
		return output.ExitCode == 0, err
	}))
	if diff := cmp.Diff([]string{
		"customresourcedefinition.apiextensions.k8s.io/confirmations.stateward.dev", "customresourcedefinition.apiextensions.k8s.io/guardrails.stateward.dev",
		"namespace/stateward-system",
	}, left(t, running)); diff != "" {
		t.Errorf("what is left (-want +got):\n%s", diff)
	}
	kubectl(t, running, "delete", "crd/confirmations.stateward.dev", "crd/guardrails.stateward.dev", "namespace/stateward-system")
}

// helmFor returns what runs Helm in the namespace and wants it to succeed without a warning.
func helmFor(t *testing.T, running *cluster.Cluster) func(t *testing.T, arguments ...string) {
	t.Helper()
	binaries, err := cluster.Built(t.Context(), "helm")
	must(t, err)
	home := t.TempDir()
	return func(t *testing.T, arguments ...string) {
		t.Helper()
		command := exec.CommandContext(t.Context(), binaries["helm"], append(arguments, "--namespace", ownNamespace)...)
		command.Env = append(os.Environ(),
			"KUBECONFIG="+running.Kubeconfig(), "HELM_CACHE_HOME="+home, "HELM_CONFIG_HOME="+home, "HELM_DATA_HOME="+home)
		output, code := environment.Output(t, command)
		if code != 0 || strings.Contains(strings.ToLower(output), "warn") {
			t.Fatalf("helm %s: exit code %d: %s", strings.Join(arguments, " "), code, output)
		}
	}
}

// installation is what a release is told by.
type installation struct{ image, policies, guardrails string }

func wantInstalled(t *testing.T, running *cluster.Cluster, want installation) {
	t.Helper()
	kubectl(t, running, "-n", ownNamespace, "rollout", "status", "deployment/stateward", "--timeout=60s")
	got := installation{
		image:      kubectl(t, running, "-n", ownNamespace, "get", "deployment", stateward, "-o", "jsonpath={.spec.template.spec.containers[0].image}"),
		policies:   kubectl(t, running, "get", "validatingwebhookconfiguration", stateward, "-o", "jsonpath={.webhooks[*].failurePolicy}"),
		guardrails: strings.TrimSpace(kubectl(t, running, "get", "guardrails", "-o", "name")),
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(installation{})); diff != "" {
		t.Errorf("what is installed (-want +got):\n%s", diff)
	}
	kubectl(t, running, "get", "mutatingwebhookconfiguration", stateward)
}

// registration is followed from one look to the next.
type registration struct {
	client *kubernetes.Clientset
	events watch.Interface
	uid    string
}

// follow begins with an authority in the registration, as Stateward writes it there.
func follow(t *testing.T, running *cluster.Cluster) *registration {
	t.Helper()
	client, err := kubernetes.NewForConfig(running.Config())
	must(t, err)
	followed := &registration{client: client}
	found := followed.get(t)
	for index := range found.Webhooks {
		found.Webhooks[index].ClientConfig.CABundle = []byte(pemWithoutKey)
	}
	api := client.AdmissionregistrationV1().ValidatingWebhookConfigurations()
	found, err = api.Update(t.Context(), found, metav1.UpdateOptions{})
	must(t, err)
	followed.uid = string(found.UID)
	followed.events, err = api.Watch(t.Context(), metav1.ListOptions{ResourceVersion: found.ResourceVersion})
	must(t, err)
	t.Cleanup(followed.events.Stop)
	return followed
}

func (r *registration) get(t *testing.T) *admissionregistrationv1.ValidatingWebhookConfiguration {
	t.Helper()
	found, err := r.client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(t.Context(), stateward, metav1.GetOptions{})
	must(t, err)
	return found
}

// wantNoGap wants nothing to have happened but changes since the last look, with the authority in all of them.
func (r *registration) wantNoGap(t *testing.T) {
	t.Helper()
	now := r.get(t)
	for version := ""; version != now.ResourceVersion; {
		configuration := changed(t, r.events)
		version = configuration.ResourceVersion
		if string(configuration.UID) != r.uid {
			t.Fatalf("it is another: %s instead of %s", configuration.UID, r.uid)
		}
		for _, webhook := range configuration.Webhooks {
			if diff := cmp.Diff(pemWithoutKey, string(webhook.ClientConfig.CABundle)); diff != "" {
				t.Fatalf("authority of %s (-want +got):\n%s", webhook.Name, diff)
			}
		}
	}
}
