package registrar

import (
	"context"
	"fmt"
	"slices"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/webhook/registration"
)

// plan is what is to be written.
type plan struct {
	// names are those of the managed webhooks that are wanted.
	names          []string
	configurations []configuration
}

// configuration is one of the two, and its patch; without operations it is as it must be.
type configuration struct {
	kind   string
	object client.Object
	patch  []operation
}

func (p plan) changes() bool {
	return slices.ContainsFunc(p.configurations, func(each configuration) bool { return len(each.patch) > 0 })
}

// plan reads both configurations and compares them with what the policy needs.
func (r *Registrar) plan(ctx context.Context, policy Policy) (plan, error) {
	validating := &admissionregistrationv1.ValidatingWebhookConfiguration{}
	if there, err := r.read(ctx, "ValidatingWebhookConfiguration", validating, policy); !there {
		return plan{}, err
	}
	mutating := &admissionregistrationv1.MutatingWebhookConfiguration{}
	if there, err := r.read(ctx, "MutatingWebhookConfiguration", mutating, policy); !there {
		return plan{}, err
	}
	applied := registration.Applied(policy.Library, validating)
	wanted := applied
	if policy.Guardrails.Manages() {
		wanted = policy.Guardrails.Widened(applied)
	}
	return compare(validating, mutating, wanted, applied)
}

// read reports whether the configuration is there. Where nothing is managed, one that is not, or that Stateward may not read, has
// nothing left of what was added: the right to add includes the right to read.
func (r *Registrar) read(ctx context.Context, kind string, into client.Object, policy Policy) (bool, error) {
	err := r.Reader.Get(ctx, client.ObjectKey{Name: registration.Name}, into)
	if (apierrors.IsNotFound(err) || apierrors.IsForbidden(err)) && !policy.Guardrails.Manages() {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read %s %s: %w", kind, registration.Name, err)
	}
	return true, nil
}

func compare(
	validating *admissionregistrationv1.ValidatingWebhookConfiguration, mutating *admissionregistrationv1.MutatingWebhookConfiguration,
	wanted, applied *policies.Library,
) (plan, error) {
	evaluated, err := registration.ManagedValidating(wanted, applied, validating.Webhooks)
	if err != nil {
		return plan{}, fmt.Errorf("ValidatingWebhookConfiguration %s: %w", registration.Name, err)
	}
	mutated, err := registration.ManagedMutating(wanted, applied, mutating.Webhooks)
	if err != nil {
		return plan{}, fmt.Errorf("MutatingWebhookConfiguration %s: %w", registration.Name, err)
	}
	var names []string
	for _, each := range evaluated {
		names = append(names, each.Name)
	}
	for _, each := range mutated {
		names = append(names, each.Name)
	}
	return plan{sortedNames(names), []configuration{
		{"ValidatingWebhookConfiguration", validating, operations(validating.ResourceVersion, validating.Webhooks, evaluated,
			func(webhook *admissionregistrationv1.ValidatingWebhook) (string, *[]byte) {
				return webhook.Name, &webhook.ClientConfig.CABundle
			})},
		{"MutatingWebhookConfiguration", mutating, operations(mutating.ResourceVersion, mutating.Webhooks, mutated,
			func(webhook *admissionregistrationv1.MutatingWebhook) (string, *[]byte) {
				return webhook.Name, &webhook.ClientConfig.CABundle
			})},
	}}, nil
}
