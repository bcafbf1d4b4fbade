package webhook

import (
	"context"
	"errors"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	coordinationv1 "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/stateward/stateward/webhook/admission"
	"github.com/stateward/stateward/webhook/registrar"
	"github.com/stateward/stateward/webhook/registration"
)

// registers returns a function that maintains the managed webhooks of the registration, if the Guardrails in force ask for it.
func registers(runner manager.Manager, options Options, decides *reloader) (func(context.Context) error, error) {
	leases, err := coordinationv1.NewForConfig(options.Config)
	if err != nil {
		return nil, err
	}
	log := options.Log.WithName("registration")
	keeper := registrar.New(registrar.Options{
		Policy: func() (registrar.Policy, error) { return settled(decides.inForce) },
		Reader: runner.GetAPIReader(), Writer: runner.GetClient(),
		Alone: candidate(options, leases, registration.ManageName, log).Alone,
		Report: func(ctx context.Context, condition *metav1.Condition) error {
			if decides.stored == nil {
				return nil
			}
			return decides.stored.condition(ctx, registrar.ConditionType, condition)
		},
		Now: time.Now, Log: log,
	})
	return func(ctx context.Context) error {
		return every(ctx, reloadInterval, func() { keeper.Look(ctx) })
	}, nil
}

// settled returns the Policy in force, unless it replaces refused Guardrails: defaults must not remove webhooks.
func settled(current *admission.InForce) (registrar.Policy, error) {
	policy, err := current.Current()
	if err != nil {
		return registrar.Policy{}, err
	}
	if policy.Provisional {
		return registrar.Policy{}, errors.New("the Guardrails of the cluster are not in force")
	}
	return registrar.Policy{Library: policy.Engine.Library(), Guardrails: policy.Engine.Guardrails()}, nil
}
