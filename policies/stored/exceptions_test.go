package stored_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
	"github.com/stateward/stateward/policies/stored"
)

func exception(rule, match, reason string) string {
	return `{"rules":["` + rule + `"],"match":{` + match + `},"reason":"` + reason + `","owner":"team@example.com","expires":"2027-01-01T00:00:00Z"}`
}

func guarding(exceptions ...string) string {
	return `{"apiVersion":"stateward.dev/v1alpha1","kind":"Guardrails","metadata":{"name":"stateward"},"spec":{"exceptions":[` +
		strings.Join(exceptions, ",") + `]}}`
}

func TestUnusedExceptions(t *testing.T) {
	t.Parallel()
	const inData = `"namespaces":["data"]`
	now := time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		exception string
		audited   stored.Audited
		want      []int
	}{
		"an exception that nothing needs":          {exception("image-tag", inData, "spare"), stored.Audited{Now: now}, []int{0}},
		"an exception that is used":                {exception("image-tag", inData, "needed"), stored.Audited{Now: now, Used: map[int]bool{0: true}}, []int{}},
		"an exception from a rule about deletions": {exception("cascade-delete", inData, "spare"), stored.Audited{Now: now}, []int{}},
		"an exception for subjects":                {exception("image-tag", inData+`,"subjects":[{"kind":"User","name":"alice"}]`, "spare"), stored.Audited{Now: now}, []int{}},
		"an exception in an audited namespace":     {exception("image-tag", inData, "spare"), stored.Audited{Now: now, Namespaces: map[string]bool{"data": true}}, []int{0}},
		"an exception in another namespace":        {exception("image-tag", inData, "spare"), stored.Audited{Now: now, Namespaces: map[string]bool{"web": true}}, []int{}},
		"an exception by name in one namespace":    {exception("image-tag", `"names":["db"]`, "spare"), stored.Audited{Now: now, Namespaces: map[string]bool{"web": true}}, []int{}},
		"an exception that has ended":              {exception("image-tag", inData, "spare"), stored.Audited{Now: now.AddDate(1, 0, 0)}, []int{}},
		"an exception from an undecided rule":      {exception("headless-service", inData, "spare"), stored.Audited{Now: now, Undecided: []engine.Undecided{{Rule: "headless-service", Resource: "services"}}}, []int{}},
		"an exception without what clusters lack":  {exception("volume-retention", inData, "spare"), stored.Audited{Now: now, Undecided: []engine.Undecided{{Rule: "volume-retention", Resource: "volumesnapshots"}}}, []int{0}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, stored.UnusedExceptions(newEngine(t, guarding(test.exception)), test.audited)); diff != "" {
				t.Errorf("unused exceptions (-want +got):\n%s", diff)
			}
		})
	}
}

func TestExceptionsOfAFinding(t *testing.T) {
	t.Parallel()
	decider := newEngine(t, guarding(
		exception("image-tag", `"namespaces":["data"]`, "one"), exception("headless-service", `"namespaces":["data"]`, "one"),
		exception("image-tag", `"namespaces":["web-*"],"names":["a"]`, "one"), exception("image-tag", `"namespaces":["web-*"],"names":["b*"]`, "one"),
		exception("image-tag", `"namespaces":["data"]`, "two"),
	))
	use := func(reason string) *engine.ExceptionUse {
		return &engine.ExceptionUse{Reason: reason, Owner: "team@example.com", Expires: "2027-01-01T00:00:00Z"}
	}
	tests := map[string]struct {
		rule, namespace, name string
		use                   *engine.ExceptionUse
		want                  []int
	}{
		"by its rule":                    {"headless-service", "data", "db", use("one"), []int{1}},
		"by its namespace":               {"image-tag", "data", "db", use("one"), []int{0}},
		"by its name":                    {"image-tag", "web-1", "b-2", use("one"), []int{3}},
		"by its reason":                  {"image-tag", "data", "db", use("two"), []int{4}},
		"of an object that none selects": {"image-tag", "web", "c", use("one"), []int{0, 2, 3}},
		"of another reason":              {"image-tag", "data", "db", use("three"), nil},
		"without an exception":           {"image-tag", "data", "db", nil, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			finding := engine.Finding{Rule: test.rule, Exception: test.use, Object: engine.ObjectReference{Kind: "StatefulSet", Namespace: test.namespace, Name: test.name}}
			if diff := cmp.Diff(test.want, stored.ExceptionsOf(decider, finding)); diff != "" {
				t.Errorf("exceptions (-want +got):\n%s", diff)
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
