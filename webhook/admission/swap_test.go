package admission

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
)

// TestHandlerUsesOneGenerationOfGuardrails changes the Guardrails between requests: the old ones deny for two reasons, the new
// ones for none, and no answer may be of both.
func TestHandlerUsesOneGenerationOfGuardrails(t *testing.T) {
	t.Parallel()
	handler := newHandler(t, engine.ValidatingPhase)
	strict, err := handler.Policy()
	if err != nil {
		t.Fatal(err)
	}
	library := strict.Engine.Library()
	guardrails, err := v1alpha1.ParseGuardrails([]byte(`{"apiVersion": "stateward.dev/v1alpha1", "kind": "Guardrails", "metadata": {"name": "stateward"},
		"spec": {"rules": [{"id": "cascade-delete", "action": "warn"}]}}`), library)
	if err != nil {
		t.Fatal(err)
	}
	lenient, err := engine.New(t.Context(), library, guardrails)
	if err != nil {
		t.Fatal(err)
	}
	var swap sync.Mutex
	inForce := *strict
	handler.Policy = func() (*Policy, error) {
		swap.Lock()
		defer swap.Unlock()
		now := inForce
		if inForce.Engine == lenient {
			inForce.Engine = strict.Engine
		} else {
			inForce.Engine = lenient
		}
		return &now, nil
	}
	url, body := serve(t, handler), read(t, deleteReview)
	var asked sync.WaitGroup
	for range 64 {
		asked.Go(func() {
			response := post(t, url, contentType, body)
			warned := strings.Contains(strings.Join(response.Warnings, "\n"), "[cascade-delete]")
			denied := response.Result != nil && response.Result.Code == http.StatusForbidden
			if response.Allowed != warned || response.Allowed == denied {
				t.Errorf("allowed %t, denied %t, warned %t: the answer is of two generations", response.Allowed, denied, warned)
			}
		})
	}
	asked.Wait()
}
