package registration

import (
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"github.com/stateward/stateward/policies"
)

// OptedIn returns the ids of the rules with OptIn whose requests a configuration sends to Stateward.
func OptedIn(library *policies.Library, configuration *admissionregistrationv1.ValidatingWebhookConfiguration) (ids []string) {
	for _, rule := range library.Rules {
		if rule.OptIn && slices.ContainsFunc(configuration.Webhooks, func(webhook admissionregistrationv1.ValidatingWebhook) bool {
			return isFor(webhook, rule)
		}) {
			ids = append(ids, rule.ID)
		}
	}
	return ids
}

// isFor reports whether a webhook is about the requests that a rule waits for.
func isFor(webhook admissionregistrationv1.ValidatingWebhook, rule policies.Rule) bool {
	for _, change := range rule.When {
		if strings.TrimPrefix(webhook.Name, managedPrefix) == entryFor(change).name {
			return true
		}
	}
	return false
}

// OptIn returns the webhook that a rule with OptIn adds to the configuration.
func OptIn(library *policies.Library, id string) (added []admissionregistrationv1.ValidatingWebhook) {
	without, with := *library, *library
	without.OptedIn, with.OptedIn = nil, []string{id}
	known := map[string]bool{}
	for _, webhook := range Validating(&without, Target{}).Webhooks {
		known[webhook.Name] = true
	}
	for _, webhook := range Validating(&with, Target{}).Webhooks {
		if !known[webhook.Name] {
			added = append(added, webhook)
		}
	}
	return added
}
