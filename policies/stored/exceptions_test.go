package stored_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
	"github.com/stateward/stateward/policies/stored"
)

func TestUnusedExceptions(t *testing.T) {
	t.Parallel()
	exception := func(rule, match, reason string) string {
		return `{"rules":["` + rule + `"],"match":{` + match + `},"reason":"` + reason + `","owner":"team@example.com","expires":"2027-01-01T00:00:00Z"}`
	}
	used := map[engine.ExceptionUse]bool{{Reason: "needed", Owner: "team@example.com", Expires: "2027-01-01T00:00:00Z"}: true}
	inData := `"namespaces":["data"]`
	tests := map[string]struct {
		exception  string
		namespaces map[string]bool
		want       []int
	}{
		"an exception that nothing needs":          {exception("image-tag", inData, "spare"), nil, []int{0}},
		"an exception that is used":                {exception("image-tag", inData, "needed"), nil, []int{}},
		"an exception from a rule about deletions": {exception("cascade-delete", inData, "spare"), nil, []int{}},
		"an exception for subjects":                {exception("image-tag", `"namespaces":["data"],"subjects":[{"kind":"User","name":"alice"}]`, "spare"), nil, []int{}},
		"an exception in an audited namespace":     {exception("image-tag", inData, "spare"), map[string]bool{"data": true}, []int{0}},
		"an exception in another namespace":        {exception("image-tag", inData, "spare"), map[string]bool{"web": true}, []int{}},
		"an exception by name in one namespace":    {exception("image-tag", `"names":["db"]`, "spare"), map[string]bool{"web": true}, []int{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			decider := newEngine(t, `{"apiVersion":"stateward.dev/v1alpha1","kind":"Guardrails","metadata":{"name":"stateward"},"spec":{"exceptions":[`+test.exception+`]}}`)
			if diff := cmp.Diff(test.want, stored.UnusedExceptions(decider, used, test.namespaces)); diff != "" {
				t.Errorf("unused exceptions (-want +got):\n%s", diff)
			}
		})
	}
}

func newEngine(t *testing.T, guardrails string) *engine.Engine {
	t.Helper()
	library, err := policies.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := v1alpha1.ParseGuardrails([]byte(guardrails), library)
	if err != nil {
		t.Fatal(err)
	}
	decider, err := engine.New(t.Context(), library, parsed)
	if err != nil {
		t.Fatal(err)
	}
	return decider
}
