package e2e_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/environment"
	"github.com/stateward/stateward/webhook/registration"
)

const shop = "apiVersion: example.com/v1\nkind: Cluster\nmetadata: {name: shop}\n"

// TestManagedWebhooks lets Stateward add webhooks for a new kind, and takes them away again.
func TestManagedWebhooks(t *testing.T) {
	// One of those that record who confirmed is a mutation.
	forCluster := []string{"managed-confirmation.stateward.dev", "managed-confirmation.stateward.dev", "managed-critical.stateward.dev", "managed-owner.stateward.dev"}
	g := newGuard(t, environment.ForTest(t))
	g.ownedByCluster(t)
	applied := g.unmanaged(t)
	g.eventuallySays(t, false, "", "delete", "cluster", "shop", "--dry-run=server")

	g.allowed(t, builders.Managing, "apply", "-f", "-")
	g.conditioned(t, "False RightMissing", `User "system:serviceaccount:stateward-system:stateward" cannot`,
		"Fix: apply manifests/components/manage-registration with the overlay, or set manageRegistration=true in the chart; "+
			"or apply what `stateward rules registration --config` prints")
	g.manages(t)

	// Another replica must not write the same again.
	g.second(t)
	validating, mutating := g.configurations(t)
	g.mayManage(t, "apply")
	g.conditioned(t, "True Managed", "the webhook configurations have managed-confirmation.stateward.dev, managed-critical.stateward.dev, managed-owner.stateward.dev")
	g.manages(t, forCluster...)
	g.eventuallySays(t, true, `Cluster "shop" owns StatefulSet web: deleting it stops 1 pod`, "delete", "cluster", "shop")
	g.says(t, true, "", []string{"[owner-delete]", "the objects of kind Cluster own StatefulSet web"}, "delete", "crd", "clusters.example.com")
	g.printed(t)
	evaluating, mutates := g.configurations(t)
	if diff := cmp.Diff([]int64{validating.Generation + 1, mutating.Generation + 1}, []int64{evaluating.Generation, mutates.Generation}); diff != "" {
		t.Errorf("generations after one write by one of two replicas (-want +got):\n%s", diff)
	}
	// A patch counts webhooks, so it must not meet others than those that it was made of.
	g.says(t, true, "", []string{"the object has been modified"}, "patch", "validatingwebhookconfiguration", "stateward", "--type=json", "-p",
		`[{"op": "replace", "path": "/metadata/resourceVersion", "value": "1"}, {"op": "remove", "path": "/webhooks/0"}]`)

	// Guardrails that cannot come into force after a restart take nothing away.
	g.allowed(t, builders.Managing+"  rules: [{id: image-tagg}]\n", append(breakGlass(), "apply", "-f", "-")...)
	must(t, g.Restart(t.Context()))
	g.becomes(t, "False", `unknown rule "image-tagg"`)
	g.eventuallySays(t, true, `Cluster "shop" owns StatefulSet web`, "delete", "cluster", "shop")
	g.allowed(t, builders.Managing, "apply", "-f", "-")
	g.becomes(t, "True", "in force")
	if log, err := os.ReadFile(g.Stateward.LogPath()); err != nil || strings.Contains(string(log), `"managed":null`) {
		t.Errorf("%v: Stateward has removed webhooks for the sake of Guardrails that are not in force", err)
	}
	g.allowed(t, "", "patch", "validatingwebhookconfiguration", "stateward", "--type=json", "-p", g.removal(t, "managed-critical.stateward.dev"))
	g.manages(t, forCluster...)

	g.allowed(t, builders.Managing+"  rules: [{id: pods-at-once, action: deny}]\n", "apply", "-f", "-")
	g.conditioned(t, "True Managed", "managed-members.stateward.dev")
	g.allowed(t, builders.Managing, "apply", "-f", "-")
	g.manages(t, forCluster...)

	g.mayManage(t, "delete")
	g.allowed(t, strings.ReplaceAll(builders.Managing, "true", "false"), "apply", "-f", "-")
	g.conditioned(t, "False RightMissing", "spec.registration.manage is off, and webhooks that it added may be left")
	g.mayManage(t, "apply")
	g.manages(t)
	g.conditioned(t, "")
	g.eventuallySays(t, false, "", "delete", "cluster", "shop", "--dry-run=server")
	if diff := cmp.Diff(applied, g.unmanaged(t)); diff != "" {
		t.Errorf("webhooks that were applied (-before +after):\n%s", diff)
	}
}

// second starts another replica, which is never asked.
func (g guard) second(t *testing.T, arguments ...string) *environment.Replica {
	t.Helper()
	folder := t.TempDir()
	newAuthority(t).serve(t, folder, "127.0.0.1", time.Now().Add(aYear))
	replica, err := g.AddReplica(t.Context(), "second", "127.0.0.1", append([]string{
		"--certificate-hosts", "127.0.0.1", "--cert-file", filepath.Join(folder, "tls.crt"), "--key-file", filepath.Join(folder, "tls.key"),
	}, arguments...)...)
	must(t, err)
	return replica
}

// ownedByCluster makes a kind that no rule knows, an object of it, and a set that it owns.
func (g guard) ownedByCluster(t *testing.T) {
	t.Helper()
	g.allowed(t, builders.ClusterDefinition(), "create", "-f", "-")
	g.eventuallyAllowed(t, shop, "create", "-f", "-")
	set := builders.MakeStatefulSet().Replicas(1)
	set.OwnerReferences = []metav1.OwnerReference{{APIVersion: "example.com/v1", Kind: "Cluster", Name: "shop", UID: types.UID(g.uid(t, "cluster/shop"))}}
	g.create(t, set)
	g.settled(t, 1)
}

// mayManage gives Stateward the rights of the component, or takes them away.
func (g guard) mayManage(t *testing.T, verb string) {
	t.Helper()
	g.allowed(t, "", verb, "-f", filepath.Join("..", "..", "manifests", "components", "manage-registration", "rbac.yaml"), "-n", registration.Namespace)
}

// conditioned waits for the condition of the Guardrails, as STATUS REASON, and empty for none.
func (g guard) conditioned(t *testing.T, want string, words ...string) {
	t.Helper()
	const path = `jsonpath={range .status.conditions[?(@.type=="RegistrationManaged")]}{.status} {.reason} {.message}{end}`
	var got string
	defer func() {
		if t.Failed() {
			t.Logf("the condition was %s", got)
		}
	}()
	eventually(t, "the condition RegistrationManaged is "+want, func(context.Context) (bool, error) {
		got, _ = g.kubectl(t, "", "get", "guardrails", "stateward", "-o", path)
		return strings.HasPrefix(got, want) && containsAll(got, words) && (want == "") == (got == ""), nil
	})
}

// manages waits until the two configurations have these managed webhooks, sorted.
func (g guard) manages(t *testing.T, want ...string) {
	t.Helper()
	eventually(t, "the managed webhooks are "+strings.Join(want, ", "), func(context.Context) (bool, error) {
		validating, mutating := g.configurations(t)
		var got []string
		for _, each := range validating.Webhooks {
			if registration.IsManaged(each.Name) {
				got = append(got, each.Name)
			}
		}
		for _, each := range mutating.Webhooks {
			if registration.IsManaged(each.Name) {
				got = append(got, each.Name)
			}
		}
		slices.Sort(got)
		return slices.Equal(want, got), nil
	})
}

func (g guard) configurations(t *testing.T) (*admissionregistrationv1.ValidatingWebhookConfiguration, *admissionregistrationv1.MutatingWebhookConfiguration) {
	t.Helper()
	api := g.Client.AdmissionregistrationV1()
	validating, err := api.ValidatingWebhookConfigurations().Get(t.Context(), registration.Name, metav1.GetOptions{})
	must(t, err)
	mutating, err := api.MutatingWebhookConfigurations().Get(t.Context(), registration.Name, metav1.GetOptions{})
	must(t, err)
	return validating, mutating
}

// unmanaged are the webhooks that were applied. The authority of a process that starts again is another.
func (g guard) unmanaged(t *testing.T) (webhooks []any) {
	t.Helper()
	validating, mutating := g.configurations(t)
	for _, each := range registration.WithoutManaged(validating).Webhooks {
		each.ClientConfig.CABundle = nil
		webhooks = append(webhooks, each)
	}
	for _, each := range mutating.Webhooks {
		if !registration.IsManaged(each.Name) {
			each.ClientConfig.CABundle = nil
			webhooks = append(webhooks, each)
		}
	}
	return webhooks
}

// removal is the JSON patch that takes a validating webhook away.
func (g guard) removal(t *testing.T, name string) string {
	t.Helper()
	validating, _ := g.configurations(t)
	at := slices.IndexFunc(validating.Webhooks, func(each admissionregistrationv1.ValidatingWebhook) bool { return each.Name == name })
	return fmt.Sprintf(`[{"op": "remove", "path": "/webhooks/%d"}]`, at)
}

// printed wants the managed webhooks to be as those that `stateward rules registration` prints for the same kind.
func (g guard) printed(t *testing.T) {
	t.Helper()
	library := *builders.Library(t)
	library.MoreParents = []policies.Parent{{Group: "example.com", Resource: "clusters"}}
	validating, _ := g.configurations(t)
	byName := map[string]admissionregistrationv1.ValidatingWebhook{}
	for _, each := range registration.Validating(&library, registration.Target{}).Webhooks {
		byName["managed-"+each.Name] = each
	}
	for _, each := range validating.Webhooks {
		if !registration.IsManaged(each.Name) {
			continue
		}
		want := byName[each.Name]
		for _, pair := range [][2]any{
			{want.FailurePolicy, each.FailurePolicy}, {want.MatchPolicy, each.MatchPolicy}, {want.TimeoutSeconds, each.TimeoutSeconds},
			{want.NamespaceSelector, each.NamespaceSelector}, {want.SideEffects, each.SideEffects},
		} {
			if diff := cmp.Diff(pair[0], pair[1]); diff != "" {
				t.Errorf("%s (-printed +managed):\n%s", each.Name, diff)
			}
		}
	}
}
