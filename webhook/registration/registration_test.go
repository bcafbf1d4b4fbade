package registration_test

import (
	"encoding/json"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/webhook/registration"
)

var shared = sync.OnceValues(policies.Embedded)

func embedded(t *testing.T) *policies.Library {
	t.Helper()
	library, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return library
}

// on maps what an entry asks for, as group/version/resource and scope, to the operations.
type on map[string][]string

func asked(rules []admissionregistrationv1.RuleWithOperations) on {
	list := on{}
	for _, rule := range rules {
		for _, resource := range rule.Resources {
			var operations []string
			for _, operation := range rule.Operations {
				operations = append(operations, string(operation))
			}
			list[rule.APIGroups[0]+"/"+rule.APIVersions[0]+"/"+resource+" "+string(*rule.Scope)] = operations
		}
	}
	return list
}

func library(rules, mutations []map[string][]string) *policies.Library {
	library := &policies.Library{}
	for _, each := range rules {
		library.Rules = append(library.Rules, policies.Rule{On: each})
	}
	for _, each := range mutations {
		library.Mutations = append(library.Mutations, policies.Rule{On: each})
	}
	return library
}

// TestMatchConditionsSkipUnimportantMetadata keeps what only such a change makes interesting out of the other
// entries.
func TestMatchConditionsSkipUnimportantMetadata(t *testing.T) {
	t.Parallel()
	confirming := policies.Rule{
		On: map[string][]string{
			"statefulsets": {"UPDATE"}, "pods": {"CREATE", "UPDATE"}, "services": {"CREATE", "UPDATE"},
		},
		When: map[string]policies.Change{"pods": policies.Metadata, "services": policies.Metadata},
	}
	owned := policies.Rule{
		On:   map[string][]string{"services": {"UPDATE"}, "pods": {"UPDATE"}},
		When: map[string]policies.Change{"services": policies.Owners, "pods": policies.Owners},
	}
	library := &policies.Library{
		Rules:     []policies.Rule{confirming, owned, {On: map[string][]string{"services": {"UPDATE"}}}},
		Mutations: []policies.Rule{confirming},
	}
	got := map[string]on{}
	for _, hook := range registration.Validating(library, registration.Target{}).Webhooks {
		got["validating "+hook.Name] = asked(hook.Rules)
	}
	for _, hook := range registration.Mutating(library, registration.Target{}).Webhooks {
		got["mutating "+hook.Name] = asked(hook.Rules)
	}
	want := map[string]on{
		"validating critical.stateward.dev": {
			"apps/v1/statefulsets Namespaced": {"UPDATE"}, "/v1/services Namespaced": {"UPDATE"},
		},
		"validating advisory.stateward.dev":      {},
		"validating confirmations.stateward.dev": {"stateward.dev/v1alpha1/confirmations Namespaced": {"CREATE"}},
		"mutating confirmations.stateward.dev":   {"stateward.dev/v1alpha1/confirmations Namespaced": {"CREATE"}},
		"validating guardrails.stateward.dev":    {"stateward.dev/v1alpha1/guardrails Cluster": {"CREATE", "UPDATE"}},
		"validating confirmation.stateward.dev": {
			"/v1/pods Namespaced": {"CREATE", "UPDATE"}, "/v1/services Namespaced": {"CREATE"},
		},
		"validating owner.stateward.dev":  {"/v1/pods Namespaced": {"UPDATE"}},
		"mutating mutation.stateward.dev": {"apps/v1/statefulsets Namespaced": {"UPDATE"}},
		"mutating confirmation.stateward.dev": {
			"/v1/pods Namespaced": {"CREATE", "UPDATE"}, "/v1/services Namespaced": {"CREATE", "UPDATE"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
}

// TestGuardrailsAreConfirmedLikeOwners wants Guardrails in the entries that stamp and check confirmations, and a person who
// has four eyes on to be asked for the second pair.
func TestGuardrailsAreConfirmedLikeOwners(t *testing.T) {
	t.Parallel()
	const guardrails = "stateward.dev/v1alpha1/guardrails Cluster"
	got := map[string][]string{}
	for _, hook := range registration.Validating(embedded(t), registration.Target{}).Webhooks {
		if operations := asked(hook.Rules)[guardrails]; operations != nil {
			got["validating "+hook.Name] = operations
		}
	}
	for _, hook := range registration.Mutating(embedded(t), registration.Target{}).Webhooks {
		if operations := asked(hook.Rules)[guardrails]; operations != nil {
			got["mutating "+hook.Name] = operations
		}
	}
	want := map[string][]string{
		"validating guardrails.stateward.dev":   {"CREATE", "UPDATE"},
		"validating confirmation.stateward.dev": {"CREATE", "UPDATE"},
		"validating four-eyes.stateward.dev":    {"DELETE", "UPDATE"},
		"mutating confirmation.stateward.dev":   {"CREATE", "UPDATE"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
}

func TestRegistrationFollowsTheRules(t *testing.T) {
	t.Parallel()
	type list = []map[string][]string
	tests := map[string]struct {
		library                      *policies.Library
		critical, advisory, mutation on
	}{
		"no rule": {library: library(nil, nil), critical: on{}, advisory: on{}, mutation: on{}},
		"a rule of creations is advisory only": {
			library:  library(list{{"statefulsets": {"CREATE"}}}, nil),
			critical: on{}, advisory: on{"apps/v1/statefulsets Namespaced": {"CREATE"}}, mutation: on{},
		},
		"a rule of anything else is critical only": {
			library: library(list{{"statefulsets": {"UPDATE", "DELETE"}, "pods": {"CONNECT"}}}, nil),
			critical: on{
				"apps/v1/statefulsets Namespaced": {"DELETE", "UPDATE"},
				"/v1/pods Namespaced":             {"CONNECT"},
			},
			advisory: on{}, mutation: on{},
		},
		"a rule of both is split": {
			library:  library(list{{"statefulsets": {"UPDATE", "CREATE"}}}, nil),
			critical: on{"apps/v1/statefulsets Namespaced": {"UPDATE"}},
			advisory: on{"apps/v1/statefulsets Namespaced": {"CREATE"}}, mutation: on{},
		},
		"rules of one resource ask once": {
			library:  library(list{{"services": {"UPDATE"}}, {"services": {"UPDATE", "DELETE"}}}, nil),
			critical: on{"/v1/services Namespaced": {"DELETE", "UPDATE"}}, advisory: on{}, mutation: on{},
		},
		"a subresource is not its resource": {
			library:  library(list{{"statefulsets/scale": {"UPDATE"}}}, nil),
			critical: on{"apps/v1/statefulsets/scale Namespaced": {"UPDATE"}}, advisory: on{}, mutation: on{},
		},
		"a resource of the whole cluster": {
			library:  library(list{{"namespaces": {"DELETE"}, "persistentvolumes": {"UPDATE"}}}, nil),
			critical: on{"/v1/namespaces Cluster": {"DELETE"}, "/v1/persistentvolumes Cluster": {"UPDATE"}},
			advisory: on{}, mutation: on{},
		},
		"a resource of another group": {
			library:  library(list{{"poddisruptionbudgets": {"DELETE"}}}, nil),
			critical: on{"policy/v1/poddisruptionbudgets Namespaced": {"DELETE"}}, advisory: on{}, mutation: on{},
		},
		"a mutation validates nothing": {
			library:  library(nil, list{{"statefulsets": {"UPDATE", "CREATE"}}}),
			critical: on{}, advisory: on{}, mutation: on{"apps/v1/statefulsets Namespaced": {"CREATE", "UPDATE"}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			validating := registration.Validating(test.library, registration.Target{})
			mutating := registration.Mutating(test.library, registration.Target{})
			got := map[string]on{
				validating.Webhooks[0].Name: asked(validating.Webhooks[0].Rules),
				validating.Webhooks[1].Name: asked(validating.Webhooks[1].Rules),
				mutating.Webhooks[0].Name:   asked(mutating.Webhooks[0].Rules),
			}
			want := map[string]on{
				"critical.stateward.dev": test.critical, "advisory.stateward.dev": test.advisory,
				"mutation.stateward.dev": test.mutation,
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("rules (-want +got):\n%s", diff)
			}
		})
	}
}

// common is what all entries must have alike, and the one thing in which they differ: what happens without Stateward.
type common struct {
	FailurePolicy admissionregistrationv1.FailurePolicyType
	MatchPolicy   admissionregistrationv1.MatchPolicyType
	SideEffects   admissionregistrationv1.SideEffectClass
	Timeout       int32
	Versions      []string
	Namespaces    *metav1.LabelSelector
	Objects       *metav1.LabelSelector
	Conditions    []string
}

func commonOf(hook admissionregistrationv1.ValidatingWebhook) common {
	var conditions []string
	for _, condition := range hook.MatchConditions {
		conditions = append(conditions, condition.Name)
	}
	return common{
		*hook.FailurePolicy, *hook.MatchPolicy, *hook.SideEffects, *hook.TimeoutSeconds, hook.AdmissionReviewVersions,
		hook.NamespaceSelector, hook.ObjectSelector, conditions,
	}
}

func TestFailurePolicyIsFailForDestructiveRequests(t *testing.T) {
	t.Parallel()
	want := func(policy admissionregistrationv1.FailurePolicyType, more ...string) common {
		return common{
			FailurePolicy: policy,
			MatchPolicy:   admissionregistrationv1.Equivalent,
			SideEffects:   admissionregistrationv1.SideEffectClassNoneOnDryRun,
			Timeout:       5,
			Versions:      []string{"v1"},
			Namespaces: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{
				Key: "kubernetes.io/metadata.name", Operator: metav1.LabelSelectorOpNotIn,
				Values: []string{"kube-system", "stateward-system"},
			}}},
			Conditions: append([]string{"not-a-controller-finishing-a-deletion", "not-break-glass"}, more...),
		}
	}
	got := map[string]common{}
	for _, hook := range registration.Validating(embedded(t), registration.Target{}).Webhooks {
		got["validating "+hook.Name] = commonOf(hook)
	}
	for _, hook := range registration.Mutating(embedded(t), registration.Target{}).Webhooks {
		got["mutating "+hook.Name] = commonOf(validatingLike(hook))
		if *hook.ReinvocationPolicy != admissionregistrationv1.IfNeededReinvocationPolicy {
			t.Errorf("%s has reinvocation policy %s", hook.Name, *hook.ReinvocationPolicy)
		}
	}
	// Guardrails have no namespace, and what checks Stateward's own kinds writes nothing afterwards.
	own := want(admissionregistrationv1.Ignore)
	own.Namespaces, own.SideEffects = nil, admissionregistrationv1.SideEffectClassNone
	// Some Confirmations are in the namespace of Stateward, and none is made in another user's name.
	confirmations := func(policy admissionregistrationv1.FailurePolicyType) common {
		entry := want(policy)
		entry.Namespaces, entry.Conditions, entry.SideEffects = nil, nil, admissionregistrationv1.SideEffectClassNone
		return entry
	}
	soon := func(more ...string) common {
		soon := want(admissionregistrationv1.Ignore, more...)
		soon.Timeout = 2
		return soon
	}
	if diff := cmp.Diff(map[string]common{
		"validating guardrails.stateward.dev":    own,
		"validating confirmations.stateward.dev": confirmations(admissionregistrationv1.Fail),
		"mutating confirmations.stateward.dev":   confirmations(admissionregistrationv1.Ignore),
		"validating critical.stateward.dev":      want(admissionregistrationv1.Fail, "not-terminating-or-deleted-otherwise", "of-pods-only-forced-deletions", "of-volumes-only-those-with-a-claim", "of-definitions-only-those-of-owners"),
		"validating advisory.stateward.dev":      want(admissionregistrationv1.Ignore),
		"validating confirmation.stateward.dev":  want(admissionregistrationv1.Fail, "not-terminating", "metadata-changes"),
		"validating owner.stateward.dev":         want(admissionregistrationv1.Fail, "not-terminating", "an-owner-is-new"),
		"validating protection.stateward.dev":    want(admissionregistrationv1.Fail, "a-protection-is-removed"),
		"validating reclaim.stateward.dev":       soon("not-terminating", "the-reclaim-policy-changes"),
		"validating claim-ref.stateward.dev":     want(admissionregistrationv1.Fail, "not-terminating", "the-claim-changes"),
		"validating eviction.stateward.dev":      soon("no-grace-period"),
		"validating selection.stateward.dev":     want(admissionregistrationv1.Fail, "not-terminating", "a-label-changes"),
		"validating four-eyes.stateward.dev":     want(admissionregistrationv1.Fail, "four-eyes-are-on"),
		"validating image.stateward.dev":         soon("not-terminating", "an-image-of-a-set-changes"),
		"validating label.stateward.dev":         soon("not-terminating", "a-label-of-a-set-changes"),
		"validating snapshots.stateward.dev":     soon("not-terminating", "deleted-or-the-deletion-policy-changes"),
		"mutating mutation.stateward.dev":        want(admissionregistrationv1.Ignore, "not-terminating"),
		"mutating confirmation.stateward.dev":    want(admissionregistrationv1.Ignore, "not-terminating", "metadata-changes"),
	}, got); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
}

// validatingLike is a mutating entry without what only such an entry has.
func validatingLike(hook admissionregistrationv1.MutatingWebhook) admissionregistrationv1.ValidatingWebhook {
	return admissionregistrationv1.ValidatingWebhook{
		Name: hook.Name, FailurePolicy: hook.FailurePolicy, MatchPolicy: hook.MatchPolicy, SideEffects: hook.SideEffects,
		TimeoutSeconds: hook.TimeoutSeconds, AdmissionReviewVersions: hook.AdmissionReviewVersions,
		NamespaceSelector: hook.NamespaceSelector, ObjectSelector: hook.ObjectSelector, MatchConditions: hook.MatchConditions,
	}
}

func TestBreakGlassGroupSkipsTheWebhooks(t *testing.T) {
	t.Parallel()
	want := admissionregistrationv1.MatchCondition{
		Name:       "not-break-glass",
		Expression: "!has(request.userInfo.groups) || !('stateward:breakglass' in request.userInfo.groups)",
	}
	for _, hook := range registration.Validating(embedded(t), registration.Target{}).Webhooks {
		if hook.Name != "confirmations.stateward.dev" && !slices.Contains(hook.MatchConditions, want) {
			t.Errorf("%s lacks %+v", hook.Name, want)
		}
	}
	for _, hook := range registration.Mutating(embedded(t), registration.Target{}).Webhooks {
		if hook.Name != "confirmations.stateward.dev" && !slices.Contains(hook.MatchConditions, want) {
			t.Errorf("%s lacks %+v", hook.Name, want)
		}
	}
}

func TestPhasesHaveTheirOwnAddresses(t *testing.T) {
	t.Parallel()
	service := func(path string) admissionregistrationv1.WebhookClientConfig {
		port := int32(443)
		return admissionregistrationv1.WebhookClientConfig{Service: &admissionregistrationv1.ServiceReference{
			Namespace: "stateward-system", Name: "stateward", Path: &path, Port: &port,
		}}
	}
	url := func(address string) admissionregistrationv1.WebhookClientConfig {
		return admissionregistrationv1.WebhookClientConfig{URL: &address, CABundle: []byte("PEM")}
	}
	tests := map[string]struct {
		target                  registration.Target
		validating, own, mutate admissionregistrationv1.WebhookClientConfig
		check, record           admissionregistrationv1.WebhookClientConfig
	}{
		"the Service of the manifests": {
			target:     registration.Target{},
			validating: service("/validate"), own: service("/validate-guardrails"), mutate: service("/mutate"),
			check: service("/validate-confirmations"), record: service("/mutate-confirmations"),
		},
		"a URL": {
			target:     registration.Target{URL: "https://127.0.0.1:9443", CABundle: []byte("PEM")},
			validating: url("https://127.0.0.1:9443/validate"), own: url("https://127.0.0.1:9443/validate-guardrails"),
			mutate: url("https://127.0.0.1:9443/mutate"),
			check:  url("https://127.0.0.1:9443/validate-confirmations"), record: url("https://127.0.0.1:9443/mutate-confirmations"),
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, hook := range registration.Validating(embedded(t), test.target).Webhooks {
				want := test.validating
				switch hook.Name {
				case "guardrails.stateward.dev":
					want = test.own
				case "confirmations.stateward.dev":
					want = test.check
				}
				if diff := cmp.Diff(want, hook.ClientConfig); diff != "" {
					t.Errorf("%s (-want +got):\n%s", hook.Name, diff)
				}
			}
			for _, hook := range registration.Mutating(embedded(t), test.target).Webhooks {
				want := test.mutate
				if hook.Name == "confirmations.stateward.dev" {
					want = test.record
				}
				if diff := cmp.Diff(want, hook.ClientConfig); diff != "" {
					t.Errorf("%s (-want +got):\n%s", hook.Name, diff)
				}
			}
		})
	}
}

// TestConfigurationsAreDeterministic lets users compare them with the applied ones.
func TestConfigurationsAreDeterministic(t *testing.T) {
	t.Parallel()
	text := func() string {
		encoded, err := json.Marshal([]any{
			registration.Validating(embedded(t), registration.Target{}), registration.Mutating(embedded(t), registration.Target{}),
			registration.Roles(embedded(t)),
		})
		if err != nil {
			t.Fatal(err)
		}
		return string(encoded)
	}
	want := text()
	for range 20 {
		if diff := cmp.Diff(want, text()); diff != "" {
			t.Fatalf("configurations (-first +later):\n%s", diff)
		}
	}
}
