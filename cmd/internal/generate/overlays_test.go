package generate_test

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	cmv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/stateward/stateward/cmd/internal/evaluate"
	"github.com/stateward/stateward/cmd/internal/generate"
	"github.com/stateward/stateward/cmd/internal/manifest"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/overlays"
	"github.com/stateward/stateward/webhook/registration"
)

func TestOverlayRightsEqualThoseOfTheRegistration(t *testing.T) {
	t.Parallel()
	all := registration.Roles(builders.Library(t))
	// Where cert-manager writes the caBundle, Stateward only reads it.
	var reading []rbacv1.ClusterRole
	for _, role := range all {
		role = *role.DeepCopy()
		if role.Name == "stateward-ca-bundle" {
			role.Rules[0].Verbs = []string{"get"}
		}
		reading = append(reading, role)
	}
	audits, leases := registration.AuditRoles(builders.Library(t))
	_, leaseholder := registration.LeaderBindings(audits, leases)
	manages, manageLeases := registration.ManageRoles()
	_, manager := registration.LeaderBindings(manages, manageLeases)
	optIn := map[string][]rbacv1.ClusterRole{everything: slices.Concat(
		[]rbacv1.ClusterRole{audits, manages}, registration.OptInRole(builders.Library(t), "references-in-use"), registration.OptInRole(builders.Library(t), "volume-attachment"),
	)}
	inOwnNamespace := map[string][]rbacv1.Role{everything: {leases, manageLeases}}
	bound := map[string][]rbacv1.RoleBinding{everything: {leaseholder, manager}}
	want := map[string][]rbacv1.ClusterRole{"audit-only": all, "self-managed": all, "cert-manager": reading, "ha": reading, everything: reading}
	for name, documents := range installs(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(slices.Concat(want[name], []rbacv1.ClusterRole{registration.UserRole()}, optIn[name]), decoded[rbacv1.ClusterRole](t, documents, "ClusterRole")); diff != "" {
				t.Errorf("roles (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(registration.RoleBindings(slices.Concat(want[name], optIn[name])), decoded[rbacv1.ClusterRoleBinding](t, documents, "ClusterRoleBinding")); diff != "" {
				t.Errorf("bindings (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(inOwnNamespace[name], decoded[rbacv1.Role](t, documents, "Role")); diff != "" {
				t.Errorf("roles in a namespace (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(bound[name], decoded[rbacv1.RoleBinding](t, documents, "RoleBinding")); diff != "" {
				t.Errorf("bindings in a namespace (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOverlayWebhooksDifferFromTheRegistrationAsDescribed(t *testing.T) {
	t.Parallel()
	library := builders.Library(t)
	inject := map[string]string{"cert-manager.io/inject-ca-from": "stateward-system/stateward-ca"}
	exempt := []string{"cert-manager", "kube-system", "stateward-system"}
	ignore := admissionregistrationv1.Ignore
	change := map[string]struct {
		annotations map[string]string
		exempt      []string
		policy      *admissionregistrationv1.FailurePolicyType
	}{
		"self-managed": {},
		"audit-only":   {policy: &ignore},
		"cert-manager": {annotations: inject, exempt: exempt},
		"ha":           {annotations: inject, exempt: exempt},
		everything:     {annotations: inject, exempt: exempt, policy: &ignore},
	}
	for name, documents := range installs(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changed := change[name]
			validating := registration.Validating(library, registration.Target{})
			mutating := registration.Mutating(library, registration.Target{})
			validating.Annotations, mutating.Annotations = changed.annotations, changed.annotations
			for i := range validating.Webhooks {
				each := &validating.Webhooks[i]
				if changed.exempt != nil && each.NamespaceSelector != nil {
					each.NamespaceSelector.MatchExpressions[0].Values = changed.exempt
				}
				if changed.policy != nil {
					each.FailurePolicy = changed.policy
				}
			}
			for i := range mutating.Webhooks {
				each := &mutating.Webhooks[i]
				if changed.exempt != nil && each.NamespaceSelector != nil {
					each.NamespaceSelector.MatchExpressions[0].Values = changed.exempt
				}
				if changed.policy != nil {
					each.FailurePolicy = changed.policy
				}
			}
			if name == everything {
				var added []admissionregistrationv1.ValidatingWebhook
				for _, rule := range library.Rules {
					if rule.OptIn {
						added = append(registration.OptIn(library, rule.ID), added...)
					}
				}
				validating.Webhooks = append(added, validating.Webhooks...)
			}
			got := only[admissionregistrationv1.ValidatingWebhookConfiguration](t, documents, "ValidatingWebhookConfiguration")
			if diff := cmp.Diff(*validating, got); diff != "" {
				t.Errorf("validating (-want +got):\n%s", diff)
			}
			gotMutating := only[admissionregistrationv1.MutatingWebhookConfiguration](t, documents, "MutatingWebhookConfiguration")
			if diff := cmp.Diff(*mutating, gotMutating); diff != "" {
				t.Errorf("mutating (-want +got):\n%s", diff)
			}
		})
	}
}

// A wrong name of a port would cut the webhook off from the API servers.
func TestNetworkPolicyOpensPortsOfTheDeployment(t *testing.T) {
	t.Parallel()
	for name, documents := range installs(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			allowed := only[networkingv1.NetworkPolicy](t, documents, "NetworkPolicy")
			pods := only[appsv1.Deployment](t, documents, "Deployment").Spec.Template
			selector, err := metav1.LabelSelectorAsSelector(&allowed.Spec.PodSelector)
			if err != nil {
				t.Fatal(err)
			}
			if !selector.Matches(labels.Set(pods.Labels)) {
				t.Errorf("%s does not select pods with the labels %v", selector, pods.Labels)
			}
			var declared, open []string
			for _, port := range pods.Spec.Containers[0].Ports {
				// The kubelet's own requests pass every NetworkPolicy.
				if port.Name != "probes" {
					declared = append(declared, port.Name)
				}
			}
			for _, rule := range allowed.Spec.Ingress {
				for _, port := range rule.Ports {
					open = append(open, port.Port.String())
				}
			}
			if diff := cmp.Diff(declared, open); diff != "" {
				t.Errorf("ports (-declared +open):\n%s", diff)
			}
			wantTypes := map[string][]networkingv1.PolicyType{everything: {networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress}}
			want, ok := wantTypes[name]
			if !ok {
				want = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
			}
			if diff := cmp.Diff(want, allowed.Spec.PolicyTypes); diff != "" {
				t.Errorf("policy types (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOverlaysApplyTheServerBeforeItsRegistration(t *testing.T) {
	t.Parallel()
	want := []string{"Namespace", "CustomResourceDefinition", "CustomResourceDefinition", "ServiceAccount", "Deployment", "ValidatingWebhookConfiguration"}
	for name, documents := range installs(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, document := range documents {
				if slices.Contains(want, document.Kind) {
					got = append(got, document.Kind)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("order (-want +got):\n%s", diff)
			}
		})
	}
}

func TestStatewardFindsNothingInItsOwnManifests(t *testing.T) {
	t.Parallel()
	decider, err := engine.New(t.Context(), builders.Library(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, documents := range installs(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result, err := evaluate.Documents(t.Context(), decider, documents, evaluate.Options{Namespace: "default", Now: time.Now()})
			if err != nil {
				t.Fatal(err)
			}
			for _, finding := range result.Findings {
				t.Errorf("%s: %s: %s", finding.Source, finding.Rule, finding.Message)
			}
		})
	}
}

func TestAuditOnlyOverlayNeverDeniesOrMutates(t *testing.T) {
	t.Parallel()
	library := builders.Library(t)
	guardrails, err := v1alpha1.ParseGuardrails(of(installs(t)["audit-only"], v1alpha1.GuardrailsKind)[0].Raw, library)
	if err != nil {
		t.Fatal(err)
	}
	decider, err := engine.New(t.Context(), library, guardrails)
	if err != nil {
		t.Fatal(err)
	}
	var examples []string
	for _, rule := range library.All() {
		files, err := filepath.Glob(filepath.Join(root, "policies", rule.Dir(), "examples", "*", "*"))
		if err != nil {
			t.Fatal(err)
		}
		examples = append(examples, files...)
	}
	recorded := 0
	for _, example := range examples {
		input, err := manifest.Read(t.Context(), []string{example}, manifest.Options{AllowEmpty: true})
		if err != nil {
			t.Fatal(err)
		}
		result, err := evaluate.Documents(t.Context(), decider, input.Documents, evaluate.Options{Namespace: "default", Now: time.Now()})
		if err != nil {
			t.Fatalf("%s: %v", example, err)
		}
		for _, finding := range result.Findings {
			recorded++
			// What an API server refuses itself never reaches the webhook, and Guardrails do not change it.
			if _, ofLibrary := library.Rule(finding.Rule); !ofLibrary || finding.Rule == "field-types" {
				continue
			}
			if finding.Level != policies.Audit && finding.Rule != "confirmed-by" {
				t.Errorf("%s: %s of %s: %s", example, finding.Level, finding.Rule, finding.Message)
			}
		}
	}
	if recorded == 0 {
		t.Error("nothing is found in the examples, so they show nothing")
	}
}

func TestCertManagerCertificatesAreForTheService(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"cert-manager", "ha"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			documents := installs(t)[name]
			certificates := map[string]cmv1.CertificateSpec{}
			for _, each := range decoded[cmv1.Certificate](t, documents, "Certificate") {
				certificates[each.Name] = each.Spec
			}
			serving := certificates["stateward-serving"]
			service := only[corev1.Service](t, documents, "Service")
			host := service.Name + "." + service.Namespace + ".svc"
			if diff := cmp.Diff([]string{host, host + ".cluster.local"}, serving.DNSNames); diff != "" {
				t.Errorf("names (-want +got):\n%s", diff)
			}
			if serving.IssuerRef.Name != "stateward-ca" || certificates["stateward-ca"].IssuerRef.Name != "stateward-self-signed" {
				t.Errorf("the serving certificate is issued by %s, its authority by %s", serving.IssuerRef.Name, certificates["stateward-ca"].IssuerRef.Name)
			}
			pod := only[appsv1.Deployment](t, documents, "Deployment").Spec.Template.Spec
			if got := pod.Volumes[0].Secret.SecretName; got != serving.SecretName {
				t.Errorf("the pod mounts Secret %s, not %s", got, serving.SecretName)
			}
			folder := pod.Containers[0].VolumeMounts[0].MountPath
			want := []string{"serve", "--cert-file=" + folder + "/tls.crt", "--key-file=" + folder + "/tls.key"}
			if diff := cmp.Diff(want, pod.Containers[0].Args); diff != "" {
				t.Errorf("arguments (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOverlaysHaveTheirNumberOfReplicas(t *testing.T) {
	t.Parallel()
	want := map[string]int32{"audit-only": 1, "self-managed": 1, "cert-manager": 1, "ha": 3, everything: 3}
	got := map[string]int32{}
	for name, documents := range installs(t) {
		got[name] = *only[appsv1.Deployment](t, documents, "Deployment").Spec.Replicas
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("replicas (-want +got):\n%s", diff)
	}
}

// everything is the overlay ha with all components, which no folder holds.
const everything = "everything"

// installs returns the documents of each overlay, and of all that can be put together.
func installs(t *testing.T) map[string][]manifest.Document {
	t.Helper()
	installs := map[string][]manifest.Document{}
	for _, overlay := range generate.Overlays() {
		input, err := manifest.Kustomize(t.Context(), filepath.Join(root, "manifests", "overlays", overlay), manifest.Options{})
		if err != nil {
			t.Fatal(err)
		}
		installs[overlay] = input.Documents
	}
	text, err := overlays.Everything(root)
	if err != nil {
		t.Fatal(err)
	}
	input, err := manifest.Parse(everything, text, manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	installs[everything] = input.Documents
	return installs
}

func of(documents []manifest.Document, kind string) []manifest.Document {
	return slices.DeleteFunc(slices.Clone(documents), func(document manifest.Document) bool {
		return document.Kind != kind || strings.HasSuffix(document.Name, "-metrics")
	})
}

func decoded[T any](t *testing.T, documents []manifest.Document, kind string) (objects []T) {
	t.Helper()
	for _, document := range of(documents, kind) {
		var object T
		if err := json.Unmarshal(document.Raw, &object); err != nil {
			t.Fatal(err)
		}
		objects = append(objects, object)
	}
	return objects
}

func only[T any](t *testing.T, documents []manifest.Document, kind string) T {
	t.Helper()
	objects := decoded[T](t, documents, kind)
	if len(objects) != 1 {
		t.Fatalf("%d objects of kind %s instead of one", len(objects), kind)
	}
	return objects[0]
}
