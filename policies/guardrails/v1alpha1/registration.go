package v1alpha1

import (
	"slices"

	"github.com/stateward/stateward/policies"
)

// Registration sets what Stateward does with its own webhook configurations.
type Registration struct {
	// Manage lets Stateward add webhooks to its two webhook configurations: for spec.parents, and for opt-in rules that are on,
	// as far as what was applied does not cover them. It changes and removes only webhooks with names of its own,
	// managed-*.stateward.dev. It needs the rights of manifests/components/manage-registration; the condition
	// RegistrationManaged reports what it did or could not do. Absent means false.
	Manage bool `json:"manage,omitempty"`
}

// Manages reports whether Stateward adds webhooks itself.
func (g *Guardrails) Manages() bool {
	return g != nil && g.Spec.Registration != nil && g.Spec.Registration.Manage
}

// Widened returns the library with all that API servers have to send under these Guardrails: the requests of the opt-in rules
// that are on, and the deletions of spec.parents.
func (g *Guardrails) Widened(library *policies.Library) *policies.Library {
	widened, off := *library, g.Off(library)
	widened.OptedIn, widened.MoreParents = slices.Clone(library.OptedIn), slices.Clone(library.MoreParents)
	for _, rule := range library.Rules {
		if rule.OptIn && !off[rule.ID] && !slices.Contains(widened.OptedIn, rule.ID) {
			widened.OptedIn = append(widened.OptedIn, rule.ID)
		}
	}
	for _, parent := range g.MoreParents() {
		if !slices.Contains(widened.MoreParents, parent) {
			widened.MoreParents = append(widened.MoreParents, parent)
		}
	}
	return &widened
}
