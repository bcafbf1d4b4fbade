package cli

import (
	"strings"
	"testing"

	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
)

func TestWithExceptionsAddsToEveryForm(t *testing.T) {
	t.Parallel()
	added := []v1alpha1.Exception{{Rules: []string{"canary-first"}, Match: v1alpha1.Match{Names: []string{"new"}}, Reason: "r", Owner: "o", Expires: "2027-01-01T00:00:00Z"}}
	for _, source := range []string{
		"kind: Guardrails\n", "kind: Guardrails\nspec:\n", "kind: Guardrails\nspec: {}\n", "kind: Guardrails\nspec: {exceptions: []}\n",
		"kind: Guardrails\nspec:\n  exceptions:\n  profile: strict\n", "kind: Guardrails\nspec:\n  exceptions: ~\n",
		`{"kind":"Guardrails","spec":{"exceptions":null}}`, `{"kind":"Guardrails","spec":{"exceptions":[{"owner":"before"}]}}`,
	} {
		whole, err := withExceptions([]byte(source), added)
		if err != nil || !strings.Contains(string(whole), "canary-first") || strings.Contains(source, "before") && !strings.Contains(string(whole), "before") ||
			strings.Contains(source, "profile") && !strings.Contains(string(whole), "profile") {
			t.Errorf("%q becomes %q: %v", source, whole, err)
		}
	}
}
