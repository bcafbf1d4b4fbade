package policies

import "slices"

// CheckRules are the ids of the rules that only `stateward check` applies: there is no API server, and what they
// read is not a resource of other rules. Guardrails can set their action.
func CheckRules() []string {
	return []string{"api-server", "api-version", "hpa-replicas", "same-object"}
}

// IsCheckRule reports whether a rule is one that only `stateward check` applies.
func IsCheckRule(id string) bool { return slices.Contains(CheckRules(), id) }
