// Package registration builds what an API server must send to Stateward, and what Stateward may read: both follow from
// what the rules declare to check and read.
package registration

import (
	"cmp"
	"maps"
	"slices"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/policies"
)

const (
	// Name of the webhook configurations, the ClusterRole and the ServiceAccount.
	Name = "stateward"
	// Namespace that Stateward runs in.
	Namespace = "stateward-system"
	// ValidatePath is where the webhook server answers for the rules.
	ValidatePath = "/validate"
	// MutatePath is where it answers for the mutations.
	MutatePath = "/mutate"
	// GuardrailsPath is where it answers for its own configuration.
	GuardrailsPath = "/validate-guardrails"
	// ConfirmationsPath is where it checks new Confirmations.
	ConfirmationsPath = "/validate-confirmations"
	// ConfirmedByPath is where it records who makes them.
	ConfirmedByPath = "/mutate-confirmations"
	// BreakGlassGroup is let through unseen: `kubectl --as=NAME --as-group=stateward:breakglass ...` works even when
	// Stateward is down. Who may impersonate it is a matter of RBAC, and every use is in the audit log. A check of a
	// verb by the authorizer would not do: a cluster administrator passes every such check, all the time.
	BreakGlassGroup = "stateward:breakglass"
	// OldestMinor is the first minor version of Kubernetes, 1.30, that reliably supports matchConditions of webhooks.
	OldestMinor = 30

	// criticalName is the entry for what can destroy something that runs.
	criticalName = "critical.stateward.dev"

	guardrailsResource = "guardrails"

	// timeoutSeconds is short: a person waits, and a request that is refused can be repeated.
	timeoutSeconds = 5
	// shortTimeoutSeconds is for what a running database or a drain may wait for.
	shortTimeoutSeconds = 2
)

// Target is where the API server finds Stateward.
type Target struct {
	// URL such as https://127.0.0.1:9443; empty means the Service of the manifests.
	URL string
	// CABundle is the PEM by which it is trusted; empty where something else fills it in.
	CABundle []byte
}

// Validating builds the configuration of the rules: entry "critical" for what can destroy something that runs, which
// is refused when Stateward does not answer, entry "advisory" for what is being created, which is not, and an entry
// for each change that matters on objects that are of no other interest.
func Validating(library *policies.Library, target Target) *admissionregistrationv1.ValidatingWebhookConfiguration {
	configuration := &admissionregistrationv1.ValidatingWebhookConfiguration{
		TypeMeta:   metav1.TypeMeta{APIVersion: "admissionregistration.k8s.io/v1", Kind: "ValidatingWebhookConfiguration"},
		ObjectMeta: metav1.ObjectMeta{Name: Name, Labels: labels()},
	}
	for _, entry := range validatingEntries(library) {
		configuration.Webhooks = append(configuration.Webhooks, entry.validating(target))
	}
	configuration.Webhooks = append(configuration.Webhooks, ownConfiguration(target), checkedConfirmations(target))
	return configuration
}

func validatingEntries(library *policies.Library) []entry {
	rules := library.Registered()
	alwaysJudged := evaluatedAlways(rules)
	isCreate := func(operation string) bool { return operation == string(admissionregistrationv1.Create) }
	entries := []entry{
		{
			name: criticalName, policy: admissionregistrationv1.Fail, timeout: timeoutSeconds,
			belongs: func(resource, operation string) bool {
				return alwaysJudged(resource, operation) && !isCreate(operation)
			},
			conditions: append(MatchConditions(), secondDeletions(), forcedDeletions(), boundVolumes(), parentDefinitions(groupsOf(library.AllParents()))),
		},
		{
			name: "advisory.stateward.dev", policy: admissionregistrationv1.Ignore, timeout: timeoutSeconds,
			belongs:    func(resource, operation string) bool { return alwaysJudged(resource, operation) && isCreate(operation) },
			conditions: MatchConditions(),
		},
	}
	return withRules(append(entries, changes(rules)...), rules, library.AllParents())
}

// withRules fills in what each entry selects.
func withRules(entries []entry, rules []policies.Rule, parents []policies.Parent) []entry {
	for index := range entries {
		entries[index].rules = operations(rules, entries[index].belongs, entries[index].owners(parents))
	}
	return entries
}

func (e entry) validating(target Target) admissionregistrationv1.ValidatingWebhook {
	return admissionregistrationv1.ValidatingWebhook{
		Name:                    e.name,
		ClientConfig:            target.clientConfig(ValidatePath),
		Rules:                   e.rules,
		FailurePolicy:           &e.policy,
		MatchPolicy:             pointer(admissionregistrationv1.Equivalent),
		NamespaceSelector:       ExceptSystem(),
		SideEffects:             pointer(admissionregistrationv1.SideEffectClassNoneOnDryRun),
		TimeoutSeconds:          &e.timeout,
		AdmissionReviewVersions: []string{"v1"},
		MatchConditions:         e.conditions,
	}
}

// ownConfiguration rejects invalid Guardrails. It does not apply when Stateward is down: then the schema
// of their CRD applies, and the status reports the rest.
func ownConfiguration(target Target) admissionregistrationv1.ValidatingWebhook {
	return admissionregistrationv1.ValidatingWebhook{
		Name:                    "guardrails.stateward.dev",
		ClientConfig:            target.clientConfig(GuardrailsPath),
		Rules:                   ofOwnKind(guardrailsResource, admissionregistrationv1.ClusterScope, admissionregistrationv1.Create, admissionregistrationv1.Update),
		FailurePolicy:           pointer(admissionregistrationv1.Ignore),
		MatchPolicy:             pointer(admissionregistrationv1.Equivalent),
		SideEffects:             pointer(admissionregistrationv1.SideEffectClassNone),
		TimeoutSeconds:          pointer[int32](timeoutSeconds),
		AdmissionReviewVersions: []string{"v1"},
		MatchConditions:         MatchConditions(),
	}
}

// ofOwnKind selects operations on a resource of Stateward's own API group.
func ofOwnKind(
	resource string, scope admissionregistrationv1.ScopeType, operations ...admissionregistrationv1.OperationType,
) []admissionregistrationv1.RuleWithOperations {
	return []admissionregistrationv1.RuleWithOperations{{Operations: operations, Rule: admissionregistrationv1.Rule{
		APIGroups:   []string{policies.Group},
		APIVersions: []string{policies.Version},
		Resources:   []string{resource},
		Scope:       &scope,
	}}}
}

// Mutating builds the configuration of the mutations. They protect nothing, so requests proceed without them: a
// confirmation that was not recorded has no effect.
func Mutating(library *policies.Library, target Target) *admissionregistrationv1.MutatingWebhookConfiguration {
	configuration := &admissionregistrationv1.MutatingWebhookConfiguration{
		TypeMeta:   metav1.TypeMeta{APIVersion: "admissionregistration.k8s.io/v1", Kind: "MutatingWebhookConfiguration"},
		ObjectMeta: metav1.ObjectMeta{Name: Name, Labels: labels()},
	}
	for _, entry := range mutatingEntries(library) {
		configuration.Webhooks = append(configuration.Webhooks, entry.mutating(target))
	}
	configuration.Webhooks = append(configuration.Webhooks, recordedConfirmations(target))
	return configuration
}

func mutatingEntries(library *policies.Library) []entry {
	rules := library.InMutatingPhase()
	always := entry{
		name: "mutation.stateward.dev", timeout: timeoutSeconds, belongs: evaluatedAlways(rules),
		conditions: append(MatchConditions(), notTerminating()),
	}
	entries := append([]entry{always}, changes(rules)...)
	for index := range entries {
		entries[index].policy = admissionregistrationv1.Ignore
	}
	return withRules(entries, rules, library.AllParents())
}

func (e entry) mutating(target Target) admissionregistrationv1.MutatingWebhook {
	return admissionregistrationv1.MutatingWebhook{
		Name:                    e.name,
		ClientConfig:            target.clientConfig(MutatePath),
		Rules:                   e.rules,
		FailurePolicy:           &e.policy,
		MatchPolicy:             pointer(admissionregistrationv1.Equivalent),
		NamespaceSelector:       ExceptSystem(),
		SideEffects:             pointer(admissionregistrationv1.SideEffectClassNoneOnDryRun),
		TimeoutSeconds:          &e.timeout,
		AdmissionReviewVersions: []string{"v1"},
		ReinvocationPolicy:      pointer(admissionregistrationv1.IfNeededReinvocationPolicy),
		MatchConditions:         e.conditions,
	}
}

// selection says which operations on which resources belong to an entry.
type selection func(resource, operation string) bool

// entry is one webhook of a configuration.
type entry struct {
	name string
	// policy is what becomes of a request when Stateward does not answer within timeout, in seconds.
	policy     admissionregistrationv1.FailurePolicyType
	timeout    int32
	belongs    selection
	conditions []admissionregistrationv1.MatchCondition
	// change is what the requests have in common; empty for what is evaluated always.
	change policies.Change
	// rules are what belongs to the entry, as an API server takes it.
	rules []admissionregistrationv1.RuleWithOperations
}

// expansion turns the operations on what is none of the library's resources into rules.
type expansion func([]admissionregistrationv1.OperationType) []admissionregistrationv1.RuleWithOperations

// owners are the custom resources that an entry is about. Guardrails are among them where they can be confirmed.
func (e entry) owners(parents []policies.Parent) expansion {
	return func(operations []admissionregistrationv1.OperationType) []admissionregistrationv1.RuleWithOperations {
		switch e.change {
		case policies.FourEyes:
			return ofOwnKind(guardrailsResource, admissionregistrationv1.ClusterScope, operations...)
		case policies.Metadata:
			own := ofOwnKind(guardrailsResource, admissionregistrationv1.ClusterScope, operations...)
			return slices.Concat(ofParents(parents, operations), definitionStatus(operations), own)
		default:
			return ofParents(parents, operations)
		}
	}
}

// changes are the entries for what some rule checks only where a request changes a certain thing, and no rule otherwise.
func changes(rules []policies.Rule) (entries []entry) {
	alwaysJudged := evaluatedAlways(rules)
	for _, change := range policies.Changes() {
		belongs := func(resource, operation string) bool {
			return (isApart(change) || !alwaysJudged(resource, operation)) &&
				slices.ContainsFunc(rules, func(rule policies.Rule) bool {
					return rule.AppliesTo(resource, operation) && rule.When[resource] == change
				})
		}
		entry := entryFor(change)
		entry.belongs, entry.change = belongs, change
		if len(operations(rules, belongs, entry.owners(nil))) > 0 {
			entries = append(entries, entry)
		}
	}
	return entries
}

// isApart reports whether no other entry is about a change: of Guardrails, and of pods that are deleted with grace.
func isApart(change policies.Change) bool {
	return change == policies.FourEyes || change == policies.Members
}

// evaluatedAlways selects what at least one rule checks whatever changes.
func evaluatedAlways(rules []policies.Rule) selection {
	return func(resource, operation string) bool {
		return slices.ContainsFunc(rules, func(rule policies.Rule) bool {
			return rule.AppliesTo(resource, operation) && rule.When[resource] == ""
		})
	}
}

// operations turns what the rules check into one entry for each resource, sorted.
func operations(rules []policies.Rule, belongs selection, owners expansion) []admissionregistrationv1.RuleWithOperations {
	wanted := map[string]map[admissionregistrationv1.OperationType]bool{}
	for _, rule := range rules {
		for resource, names := range rule.On {
			for _, name := range names {
				// An audit is not a request.
				if name == policies.Inspect || !belongs(resource, name) {
					continue
				}
				if wanted[resource] == nil {
					wanted[resource] = map[admissionregistrationv1.OperationType]bool{}
				}
				wanted[resource][admissionregistrationv1.OperationType(name)] = true
			}
		}
	}
	var list []admissionregistrationv1.RuleWithOperations
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		operations := slices.SortedFunc(maps.Keys(wanted[name]), cmp.Compare[admissionregistrationv1.OperationType])
		if name == policies.ParentResource {
			list = append(list, owners(operations)...)
			continue
		}
		resource, known := policies.LookupResource(name)
		if !known {
			continue
		}
		scope := admissionregistrationv1.ClusterScope
		if resource.Namespaced {
			scope = admissionregistrationv1.NamespacedScope
		}
		list = append(list, admissionregistrationv1.RuleWithOperations{
			Operations: operations,
			Rule: admissionregistrationv1.Rule{
				APIGroups:   []string{resource.Group},
				APIVersions: []string{resource.Version},
				Resources:   []string{name},
				Scope:       &scope,
			},
		})
	}
	return list
}

// ExceptSystem keeps Stateward from standing in the way of what it needs itself to come up.
func ExceptSystem() *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{
		Key:      "kubernetes.io/metadata.name",
		Operator: metav1.LabelSelectorOpNotIn,
		Values:   systemNamespaces(),
	}}}
}

// IsExempt reports whether no webhook is called about objects of a namespace, in whatever installation.
func IsExempt(namespace string) bool { return slices.Contains(systemNamespaces(), namespace) }

func systemNamespaces() []string { return []string{metav1.NamespaceSystem, Namespace} }

func (t Target) clientConfig(path string) admissionregistrationv1.WebhookClientConfig {
	config := admissionregistrationv1.WebhookClientConfig{CABundle: t.CABundle}
	if t.URL != "" {
		config.URL = pointer(t.URL + path)
		return config
	}
	config.Service = &admissionregistrationv1.ServiceReference{
		Namespace: Namespace, Name: Name, Path: &path, Port: pointer[int32](443),
	}
	return config
}

func pointer[T any](value T) *T { return &value }

// labels tell the registration from all else, so that it can be applied when Stateward can answer.
func labels() map[string]string {
	return map[string]string{"app.kubernetes.io/component": "registration"}
}
