package registration_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/webhook/registration"
)

func TestManagedWebhooksCoverMissingRules(t *testing.T) {
	t.Parallel()
	shop := policies.Parent{Group: "example.com", Resource: "shops"}
	queue := policies.Parent{Group: "rabbitmq.com", Resource: "queues"}
	tests := map[string]struct {
		// applied and wanted are parents, optIn a rule that is on.
		applied, wanted []policies.Parent
		optIn           []string
		want            []string
	}{
		"nothing":                      {},
		"a parent that was applied":    {applied: []policies.Parent{shop}, wanted: []policies.Parent{shop}},
		"a parent that is needed less": {applied: []policies.Parent{shop, queue}, wanted: []policies.Parent{shop}},
		"a parent of a new group": {wanted: []policies.Parent{shop}, want: []string{
			"managed-critical.stateward.dev Fail: shops.example.com DELETE, customresourcedefinitions.apiextensions.k8s.io DELETE, definitions of example.com",
			"managed-confirmation.stateward.dev Fail: shops.example.com CREATE UPDATE",
			"managed-owner.stateward.dev Fail: shops.example.com UPDATE",
			"managed-confirmation.stateward.dev mutates: shops.example.com CREATE UPDATE",
		}},
		"a parent of a group that was applied": {wanted: []policies.Parent{queue}, want: []string{
			"managed-critical.stateward.dev Fail: queues.rabbitmq.com DELETE",
			"managed-confirmation.stateward.dev Fail: queues.rabbitmq.com CREATE UPDATE",
			"managed-owner.stateward.dev Fail: queues.rabbitmq.com UPDATE",
			"managed-confirmation.stateward.dev mutates: queues.rabbitmq.com CREATE UPDATE",
		}},
		"an opt-in rule": {optIn: []string{"node-delete"}, want: []string{"managed-nodes.stateward.dev Ignore: nodes. DELETE"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			applied, wanted := *embedded(t), *embedded(t)
			applied.MoreParents, wanted.MoreParents, wanted.OptedIn = test.applied, test.wanted, test.optIn
			if diff := cmp.Diff(test.want, managed(t, &wanted, &applied)); diff != "" {
				t.Errorf("managed (-want +got):\n%s", diff)
			}
		})
	}
}

// managed describes the webhooks that are wanted beside those that were applied.
func managed(t *testing.T, wanted, applied *policies.Library) (lines []string) {
	t.Helper()
	target := registration.Target{URL: "https://127.0.0.1:9443", CABundle: []byte("authority")}
	evaluated, err := registration.ManagedValidating(wanted, applied, registration.Validating(applied, target).Webhooks)
	if err != nil {
		t.Fatal(err)
	}
	mutated, err := registration.ManagedMutating(wanted, applied, registration.Mutating(applied, target).Webhooks)
	if err != nil {
		t.Fatal(err)
	}
	for _, each := range evaluated {
		lines = append(lines, fmt.Sprintf("%s %s: %s%s", each.Name, *each.FailurePolicy, requests(each.Rules), definitions(each)))
	}
	for _, each := range mutated {
		lines = append(lines, fmt.Sprintf("%s mutates: %s", each.Name, requests(each.Rules)))
	}
	return lines
}

func requests(rules []admissionregistrationv1.RuleWithOperations) string {
	var parts []string
	for _, rule := range rules {
		words := []string{strings.Join(rule.Resources, ",") + "." + strings.Join(rule.APIGroups, ",")}
		for _, operation := range rule.Operations {
			words = append(words, string(operation))
		}
		parts = append(parts, strings.Join(words, " "))
	}
	return strings.Join(parts, ", ")
}

// definitions are the groups whose CustomResourceDefinitions a webhook is about.
func definitions(webhook admissionregistrationv1.ValidatingWebhook) string {
	for _, rule := range webhook.Rules {
		if rule.Resources[0] != "customresourcedefinitions" {
			continue
		}
		for _, condition := range webhook.MatchConditions {
			_, groups, is := strings.Cut(condition.Expression, "oldObject.spec.group in ['")
			if is {
				return ", definitions of " + strings.TrimSuffix(groups, "']")
			}
		}
	}
	return ""
}

func TestManagedWebhooksCopyTheAppliedOnes(t *testing.T) {
	t.Parallel()
	applied, wanted := embedded(t), *embedded(t)
	wanted.MoreParents, wanted.OptedIn = []policies.Parent{{Group: "example.com", Resource: "shops"}}, []string{"node-delete"}
	ignore, exempt := admissionregistrationv1.Ignore, registration.ExceptSystem()
	exempt.MatchExpressions[0].Values = append(exempt.MatchExpressions[0].Values, "cert-manager")
	there := registration.Validating(applied, registration.Target{CABundle: []byte("authority")}).Webhooks
	for index := range there {
		there[index].FailurePolicy, there[index].NamespaceSelector = &ignore, exempt
	}
	evaluated, err := registration.ManagedValidating(&wanted, applied, there)
	if err != nil {
		t.Fatal(err)
	}
	for _, each := range evaluated {
		if diff := cmp.Diff(there[0].ClientConfig, each.ClientConfig); diff != "" {
			t.Errorf("%s: client (-applied +managed):\n%s", each.Name, diff)
		}
		if diff := cmp.Diff(exempt, each.NamespaceSelector); diff != "" || *each.FailurePolicy != ignore {
			t.Errorf("%s: failurePolicy %s, exempt namespaces (-applied +managed):\n%s", each.Name, *each.FailurePolicy, diff)
		}
	}
	// What extends none has the rule's own policy and time: a node must go while Stateward is down.
	last := evaluated[len(evaluated)-1]
	if last.Name != "managed-nodes.stateward.dev" || *last.TimeoutSeconds != 2 {
		t.Errorf("%s waits %d seconds", last.Name, *last.TimeoutSeconds)
	}
}

func TestManagedWebhooksNeedAnAppliedOne(t *testing.T) {
	t.Parallel()
	applied, wanted := embedded(t), *embedded(t)
	wanted.MoreParents = []policies.Parent{{Group: "example.com", Resource: "shops"}}
	other := registration.Validating(applied, registration.Target{}).Webhooks[0]
	other.Name, other.ClientConfig = "other.example.com", admissionregistrationv1.WebhookClientConfig{URL: new("https://example.com/other")}
	_, err := registration.ManagedValidating(&wanted, applied, []admissionregistrationv1.ValidatingWebhook{other})
	if want := "it has no webhook of Stateward that is called at /validate: apply the manifests again"; err == nil || err.Error() != want {
		t.Errorf("%v instead of %s", err, want)
	}
	if _, err := registration.ManagedMutating(&wanted, applied, nil); err == nil {
		t.Error("a mutation has something to go by")
	}
}

func TestAppliedLeavesOutManagedWebhooks(t *testing.T) {
	t.Parallel()
	plain, wanted := embedded(t), *embedded(t)
	wanted.MoreParents, wanted.OptedIn = []policies.Parent{{Group: "example.com", Resource: "shops"}}, []string{"pods-at-once"}
	configuration := registration.Validating(plain, registration.Target{})
	evaluated, err := registration.ManagedValidating(&wanted, plain, configuration.Webhooks)
	if err != nil {
		t.Fatal(err)
	}
	configuration.Webhooks = append(configuration.Webhooks, evaluated...)
	if diff := cmp.Diff(wanted.MoreParents, registration.MoreParents(configuration)); diff != "" {
		t.Errorf("parents (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(wanted.OptedIn, registration.OptedIn(plain, configuration)); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	if applied := registration.Applied(plain, configuration); len(applied.MoreParents)+len(applied.OptedIn) > 0 {
		t.Errorf("applied are %v, %v", applied.MoreParents, applied.OptedIn)
	}
}

func TestManagedRolesAllowPatchingTwoObjects(t *testing.T) {
	t.Parallel()
	role, lease := registration.ManageRoles()
	var got []string
	for _, rule := range append(role.Rules, lease.Rules...) {
		got = append(got, fmt.Sprint(rule.Resources, rule.ResourceNames, rule.Verbs))
	}
	want := []string{
		"[mutatingwebhookconfigurations validatingwebhookconfigurations] [stateward] [get patch]",
		"[leases] [] [create]", "[leases] [stateward-manage-registration] [get update]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rights (-want +got):\n%s", diff)
	}
}
