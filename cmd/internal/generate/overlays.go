package generate

import (
	"slices"

	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kustomize "sigs.k8s.io/kustomize/api/types"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
	"github.com/stateward/stateward/webhook/registration"
)

const (
	// authority is the Certificate of the authority, not the one that serves: that one's renewals change no caBundle.
	authority = registration.Namespace + "/stateward-ca"
	// certManagerNamespace is where cert-manager runs. What makes the certificates must not wait for their user.
	certManagerNamespace = "cert-manager"
	// confirmedBy is the mutation that records, and does nothing else.
	confirmedBy = "confirmed-by"
)

// webhooksPatch changes webhooks of a configuration by their names, as kustomize merges them.
type webhooksPatch struct {
	metav1.TypeMeta `json:",inline"`
	Metadata        patchMetadata  `json:"metadata"`
	Webhooks        []webhookPatch `json:"webhooks,omitempty"`
}

type patchMetadata struct {
	Name        string            `json:"name"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

type webhookPatch struct {
	Name              string                                     `json:"name"`
	FailurePolicy     *admissionregistrationv1.FailurePolicyType `json:"failurePolicy,omitempty"`
	NamespaceSelector *metav1.LabelSelector                      `json:"namespaceSelector,omitempty"`
}

// overlays returns the parts of the overlays that follow from the rules, by their paths.
func overlays(library *policies.Library) map[string][]any {
	files := map[string][]any{
		"manifests/components/audit-only/guardrails.yaml": {auditOnly(library)},
		"manifests/components/audit-only/validating.yaml": {ignoreFailures(validatingPatch(library))},
		"manifests/components/audit-only/mutating.yaml":   {ignoreFailures(mutatingPatch(library))},
		"manifests/overlays/cert-manager/validating.yaml": {trustCertManager(validatingPatch(library))},
		"manifests/overlays/cert-manager/mutating.yaml":   {trustCertManager(mutatingPatch(library))},
	}
	files["manifests/components/audit/rbac.yaml"] = leaderRights(registration.AuditRoles(library))
	files["manifests/components/manage-registration/rbac.yaml"] = leaderRights(registration.ManageRoles())
	for _, rule := range library.Rules {
		if rule.OptIn {
			folder := "manifests/components/" + rule.ID
			component := map[string]any{
				"apiVersion": kustomize.ComponentVersion, "kind": kustomize.ComponentKind,
				"patches": []map[string]string{{"path": "validating.yaml"}},
			}
			files[folder+"/validating.yaml"] = []any{optIn(library, rule.ID)}
			if roles := registration.OptInRole(library, rule.ID); len(roles) > 0 {
				component["resources"] = []string{"rbac.yaml"}
				files[folder+"/rbac.yaml"] = []any{roles[0], registration.RoleBindings(roles)[0]}
			}
			files[folder+"/kustomization.yaml"] = []any{component}
		}
	}
	return files
}

// leaderRights are roles with their bindings.
func leaderRights(role rbacv1.ClusterRole, lease rbacv1.Role) []any {
	binding, leaseBinding := registration.LeaderBindings(role, lease)
	return []any{role, lease, binding, leaseBinding}
}

// optIn adds the webhook of a rule that an API server asks about only then.
func optIn(library *policies.Library, id string) map[string]any {
	configuration := registration.Validating(library, registration.Target{})
	return map[string]any{
		"apiVersion": configuration.APIVersion, "kind": configuration.Kind,
		"metadata": patchMetadata{Name: configuration.Name},
		"webhooks": registration.OptIn(library, id),
	}
}

// auditOnly are Guardrails under which every rule only records, and no mutation changes a request. Who
// confirmed something is on record all the same: otherwise it could be forged until the rules are in force.
func auditOnly(library *policies.Library) map[string]any {
	var settings []v1alpha1.RuleSetting
	for _, rule := range library.Registered() {
		settings = append(settings, v1alpha1.RuleSetting{ID: rule.ID, Action: policies.Audit})
	}
	for _, mutation := range library.Mutations {
		if mutation.ID != confirmedBy {
			settings = append(settings, v1alpha1.RuleSetting{ID: mutation.ID, Action: policies.Off})
		}
	}
	return map[string]any{
		"apiVersion": v1alpha1.GuardrailsAPIVersion,
		"kind":       v1alpha1.GuardrailsKind,
		"metadata":   patchMetadata{Name: v1alpha1.GuardrailsName},
		"spec":       v1alpha1.GuardrailsSpec{Profile: "baseline", Rules: settings},
	}
}

// validatingPatch names the validating webhooks, with what a patch may be about.
func validatingPatch(library *policies.Library) webhooksPatch {
	configuration := registration.Validating(library, registration.Target{})
	patch := webhooksPatch{TypeMeta: configuration.TypeMeta, Metadata: patchMetadata{Name: configuration.Name}}
	for _, each := range configuration.Webhooks {
		patch.Webhooks = append(patch.Webhooks, webhookPatch{each.Name, each.FailurePolicy, each.NamespaceSelector})
	}
	return patch
}

// mutatingPatch names the mutating webhooks, with what a patch may be about.
func mutatingPatch(library *policies.Library) webhooksPatch {
	configuration := registration.Mutating(library, registration.Target{})
	patch := webhooksPatch{TypeMeta: configuration.TypeMeta, Metadata: patchMetadata{Name: configuration.Name}}
	for _, each := range configuration.Webhooks {
		patch.Webhooks = append(patch.Webhooks, webhookPatch{each.Name, each.FailurePolicy, each.NamespaceSelector})
	}
	return patch
}

// ignoreFailures lets everything through where Stateward does not answer.
func ignoreFailures(patch webhooksPatch) webhooksPatch {
	ignore := admissionregistrationv1.Ignore
	for i := range patch.Webhooks {
		patch.Webhooks[i].FailurePolicy, patch.Webhooks[i].NamespaceSelector = &ignore, nil
	}
	return patch
}

// trustCertManager has the caBundle written by cert-manager, whose own namespace is left alone.
func trustCertManager(patch webhooksPatch) webhooksPatch {
	patch.Metadata.Annotations = map[string]string{cmapi.WantInjectAnnotation: authority}
	patch.Webhooks = slices.DeleteFunc(patch.Webhooks, func(each webhookPatch) bool { return each.NamespaceSelector == nil })
	for i := range patch.Webhooks {
		selector := patch.Webhooks[i].NamespaceSelector.DeepCopy()
		exempt := &selector.MatchExpressions[0]
		exempt.Values = append(exempt.Values, certManagerNamespace)
		slices.Sort(exempt.Values)
		patch.Webhooks[i].FailurePolicy, patch.Webhooks[i].NamespaceSelector = nil, selector
	}
	return patch
}
