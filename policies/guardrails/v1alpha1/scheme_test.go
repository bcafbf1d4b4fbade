package v1alpha1

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/stateward/stateward/policies"
)

func TestRuleSettingCopySharesNothing(t *testing.T) {
	t.Parallel()
	made := func() RuleSetting {
		return RuleSetting{
			ID: "image-registry", Actions: map[string]policies.Level{"automation": policies.Warn}, Match: &Match{Namespaces: []string{"data"}},
			Params: map[string]any{"allow": []any{"registry.example", map[string]any{"deep": 1}}, "most": 5, "none": nil},
		}
	}
	original := made()
	copied := *original.DeepCopy()
	if diff := cmp.Diff(original, copied); diff != "" {
		t.Fatalf("the copy differs (-original +copy):\n%s", diff)
	}
	copied.Actions["automation"], copied.Match.Namespaces[0] = policies.Deny, "shop"
	list, _ := copied.Params["allow"].([]any)
	deep, _ := list[1].(map[string]any)
	list[0], deep["deep"] = "elsewhere", 2
	if diff := cmp.Diff(made(), original); diff != "" {
		t.Errorf("a change of the copy is one of the original (-want +got):\n%s", diff)
	}
}

func TestSchemeKnowsGuardrails(t *testing.T) {
	t.Parallel()
	scheme := runtime.NewScheme()
	if err := AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	kinds, _, err := scheme.ObjectKinds(&Guardrails{})
	if err != nil || len(kinds) != 1 || kinds[0].GroupVersion().String() != GuardrailsAPIVersion || kinds[0].Kind != GuardrailsKind {
		t.Errorf("kinds %v, error %v", kinds, err)
	}
}
