package engine_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
	"github.com/stateward/stateward/test/builders"
)

// guardrailsWith is Guardrails with these fields in their spec.
func guardrailsWith(fields string) string {
	return `{"apiVersion":"stateward.dev/v1alpha1","kind":"Guardrails","spec":{` + fields + `}}`
}

func TestReadsFollowTheGuardrails(t *testing.T) {
	t.Parallel()
	all := newEngine(t, nil).Reads()
	var settings []string
	for _, rule := range builders.Library(t).All() {
		settings = append(settings, fmt.Sprintf(`{"id":%q,"action":"off"}`, rule.ID))
	}
	for name, test := range map[string]struct {
		spec string
		want []string
	}{
		"without a setting":  {`"profile":"strict"`, all},
		"with all rules off": {`"rules":[` + strings.Join(settings, ",") + `]`, nil},
		"with a selection by the namespace's labels": {
			`"match":{"namespaceSelector":{"matchLabels":{"env":"prod"}}},"rules":[` + strings.Join(settings, ",") + `]`, []string{"namespaces"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			guardrails, err := v1alpha1.ParseGuardrails([]byte(guardrailsWith(test.spec)), builders.Library(t))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, newEngine(t, guardrails).Reads()); diff != "" {
				t.Errorf("resources (-want +got):\n%s", diff)
			}
		})
	}
	if !slices.Contains(all, "services") {
		t.Errorf("the rules read %v", all)
	}
}

func TestGuardrailsDecideTheLevel(t *testing.T) {
	t.Parallel()
	wrong := create(builders.MakeStatefulSet().Image("nginx:latest"))
	for name, test := range map[string]struct {
		settings string
		request  engine.Request
		objects  []json.RawMessage
		want     []string
	}{
		"a rule that only warns":      {`[{"id":"image-tag","action":"warn"}]`, wrong, service(), []string{"warn image-tag"}},
		"a rule that only records":    {`[{"id":"image-tag","action":"audit"}]`, wrong, service(), []string{"audit image-tag"}},
		"a rule that is off":          {`[{"id":"image-tag","action":"off"}]`, wrong, service(), nil},
		"another rule's action":       {`[{"id":"image-change","action":"off"}]`, wrong, service(), []string{"deny image-tag"}},
		"a parameter":                 {`[{"id":"headless-service","params":{"missing":"warn"}}]`, create(builders.MakeStatefulSet()), nil, []string{"warn headless-service"}},
		"a parameter left at default": {`[{"id":"headless-service"}]`, create(builders.MakeStatefulSet()), nil, []string{"deny headless-service"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := `{"apiVersion":"stateward.dev/v1alpha1","kind":"Guardrails","metadata":{"name":"default"},"spec":{"profile":"baseline","rules":` + test.settings + `}}`
			guardrails, err := v1alpha1.ParseGuardrails([]byte(source), builders.Library(t))
			if err != nil {
				t.Fatal(err)
			}
			decision, err := newEngine(t, guardrails).Decide(t.Context(), test.request, inv(t, test.objects...))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, levels(decision)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			if decision.Guardrails == "none" || decision.Guardrails == "" {
				t.Errorf("the verdict names Guardrails %q", decision.Guardrails)
			}
		})
	}
}

func TestFourEyesNeedAnotherUsersConfirmation(t *testing.T) {
	t.Parallel()
	source := `{"apiVersion":"stateward.dev/v1alpha1","kind":"Guardrails","spec":{"fourEyes":true}}`
	guardrails, err := v1alpha1.ParseGuardrails([]byte(source), builders.Library(t))
	if err != nil {
		t.Fatal(err)
	}
	decider := newEngine(t, guardrails)
	for user, want := range map[string]string{"alice": "deny cascade-delete", "bob": "warn cascade-delete"} {
		request := remove(confirmed("delete", now.Add(time.Minute)))
		request.User.Username = user
		decision, err := decider.Decide(t.Context(), request, inv(t))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{want}, levels(decision)); diff != "" {
			t.Errorf("findings on %s's deletion of what alice confirmed (-want +got):\n%s", user, diff)
		}
	}
}

func TestMutationCanBeTurnedOff(t *testing.T) {
	t.Parallel()
	source := `{"apiVersion":"stateward.dev/v1alpha1","kind":"Guardrails","spec":{"rules":[{"id":"default-selector","action":"off"}]}}`
	guardrails, err := v1alpha1.ParseGuardrails([]byte(source), builders.Library(t))
	if err != nil {
		t.Fatal(err)
	}
	request := create(builders.MakeStatefulSet().NoSelector())
	request.Phase = engine.MutatingPhase
	decision, err := newEngine(t, guardrails).Decide(t.Context(), request, inv(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(decision.Patches) > 0 {
		t.Errorf("patches %v", decision.Patches)
	}
}
