// Package vap writes the parts of rules that need no other objects as ValidatingAdmissionPolicies, which the API server
// evaluates itself: they apply when Stateward is not running.
package vap

import (
	"errors"
	"fmt"
	"time"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
	"github.com/stateward/stateward/webhook/registration"
)

// staticSuffix is what the names of policies must end with that an API server loads from a folder (KEP-5793), and no
// others may.
const staticSuffix = ".static.k8s.io"

// Options say what to export.
type Options struct {
	// Guardrails set levels and say what rules are about; nil for none.
	Guardrails *v1alpha1.Guardrails
	// Static writes policies for the folder staticManifestsDir of an API server.
	Static bool
	// Now is what exceptions expire by.
	Now time.Time
}

// Export returns a policy and its binding for each rule that is in force and says something in CEL, sorted by rule; for a
// folder also those that keep the registration of the webhooks. The error joins all that keeps it from being said: what a
// policy left out would be denied less, or more, than Guardrails have it.
func Export(library *policies.Library, options Options) ([]any, error) {
	if err := Check(library); err != nil {
		return nil, err
	}
	var objects []any
	var problems []error
	for _, rule := range library.Rules {
		level := options.Guardrails.Level(rule)
		if rule.CEL == nil || level == policies.Off {
			continue
		}
		limits, err := limitsOf(rule, options)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		name := registration.Name + "-" + rule.ID
		if options.Static {
			name += staticSuffix
		}
		objects = append(objects, policy(name, rule, level, limits, options), binding(name, level, limits))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("export Guardrails: %w", err)
	}
	if options.Static {
		objects = append(objects, keepRegistration()...)
	}
	return objects, nil
}

func fourEyes(guardrails *v1alpha1.Guardrails) bool {
	return guardrails != nil && guardrails.Spec.FourEyes
}
