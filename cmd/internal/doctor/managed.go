package doctor

import (
	"slices"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/webhook/registration"
)

// allowManaging gives Stateward the right to add webhooks.
const allowManaging = "add manifests/components/manage-registration to the overlay, or manageRegistration=true to the values of the chart; " +
	"the condition RegistrationManaged of the Guardrails has the reason"

// split returns the webhooks of a configuration, and those that Stateward should manage in it under the Guardrails.
func (e *examination) split(found client.Object, applied *policies.Library) (there, managed []registeredWebhook, err error) {
	wanted := applied
	if e.guardrails.Manages() {
		wanted = e.guardrails.Widened(applied)
	}
	switch configuration := found.(type) {
	case *admissionregistrationv1.ValidatingWebhookConfiguration:
		there = validatingWebhooks(configuration)
		configuration.Webhooks, err = registration.ManagedValidating(wanted, applied, configuration.Webhooks)
		managed = validatingWebhooks(configuration)
	case *admissionregistrationv1.MutatingWebhookConfiguration:
		there = mutatingWebhooks(configuration)
		configuration.Webhooks, err = registration.ManagedMutating(wanted, applied, configuration.Webhooks)
		managed = mutatingWebhooks(configuration)
	}
	return there, managed, err
}

// compareManaged looks for the webhooks that Stateward should have added, and says what those cover that are there. They are
// called as client says.
func (e *examination) compareManaged(wanted, there []registeredWebhook, client admissionregistrationv1.WebhookClientConfig) {
	named := func(list []registeredWebhook, name string) int {
		return slices.IndexFunc(list, func(webhook registeredWebhook) bool { return webhook.Name == name })
	}
	for _, webhook := range wanted {
		at := named(there, webhook.Name)
		if at < 0 {
			e.problem(webhook.configuration, allowManaging, "spec.registration.manage is true, and its webhook %s is missing, so %s is not checked",
				webhook.Name, summary(webhook.Rules))
			continue
		}
		e.ok(webhook.configuration, "its webhook %s, which Stateward manages, covers %s", webhook.Name, summary(webhook.Rules))
		webhook.ClientConfig = client
		e.compareWebhook(webhook, there[at])
	}
	for _, webhook := range there {
		switch {
		case named(wanted, webhook.Name) >= 0:
		case e.unsure:
			e.unchecked(webhook.String(), "first make the Guardrails readable", nil, "whether it is needed depends on the active Guardrails")
		default:
			e.note(webhook.configuration, "its webhook %s, which Stateward has added, is not needed any more: Stateward removes it as soon as it may "+
				"patch the configuration (manifests/components/manage-registration)", webhook.Name)
		}
	}
}
