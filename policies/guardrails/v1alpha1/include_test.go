package v1alpha1_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/stateward/stateward/policies/fragments"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
	"github.com/stateward/stateward/test/builders"
)

// TestFragmentsAreGuardrails holds for each what a reader of a merged file expects: it works alone, none sets what another
// one sets, and it says nothing for all requests.
func TestFragmentsAreGuardrails(t *testing.T) {
	t.Parallel()
	owners := map[string]string{}
	for _, name := range fragments.Names() {
		source, _ := fragments.Source(name)
		encoded, err := yaml.YAMLToJSON(source)
		if err != nil {
			t.Fatal(err)
		}
		fragment, err := v1alpha1.ParseGuardrails(encoded, builders.Library(t))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !strings.Contains(string(source), "Source: https://") {
			t.Errorf("%s names no source", name)
		}
		for _, actor := range fragment.Spec.Actors {
			if other := owners[actor.Name]; other != "" {
				t.Errorf("actor %s is in %s and in %s", actor.Name, other, name)
			}
			owners[actor.Name] = name
		}
		rest := fragment.Spec
		rest.Actors, rest.Exceptions, rest.Rules = nil, nil, nil
		if diff := cmp.Diff(v1alpha1.GuardrailsSpec{}, rest); diff != "" {
			t.Errorf("%s sets something for all requests:\n%s", name, diff)
		}
		for _, exception := range fragment.Spec.Exceptions {
			if len(exception.Match.Actors) == 0 || exception.Owner != "fragment "+name {
				t.Errorf("%s has an exception without an actor, or whose owner is not the fragment: %s", name, exception.Reason)
			}
		}
	}
}

func TestGuardrailsIncludeFragmentsAndWinOverThem(t *testing.T) {
	t.Parallel()
	library := builders.Library(t)
	own := `{"name":"velero","subjects":[{"kind":"ServiceAccount","namespace":"backup","name":"velero"}]}`
	got := parsed(t, library, `{"include":["velero","keda"],"actors":[`+own+`]}`)
	alone := parsed(t, library, `{"actors":[`+own+`]}`)
	velero, keda := parsed(t, library, `{"include":["velero"]}`), parsed(t, library, `{"include":["keda"]}`)
	want := v1alpha1.GuardrailsSpec{
		Actors:     slices.Concat(alone.Spec.Actors, keda.Spec.Actors),
		Exceptions: slices.Concat(velero.Spec.Exceptions, keda.Spec.Exceptions),
	}
	if diff := cmp.Diff(want, got.Spec); diff != "" {
		t.Error(diff)
	}
	if again := parsed(t, library, `{"include":["velero","keda"],"actors":[`+own+`]}`); again.Revision() != got.Revision() {
		t.Errorf("revisions %s and %s of the same Guardrails", again.Revision(), got.Revision())
	}
}

func TestFragmentsThatCannotBeIncludedAreRefused(t *testing.T) {
	t.Parallel()
	_, err := v1alpha1.ParseGuardrails([]byte(guardrailsWith(`"include":["eck","ekc","eck"],"profile":"paranoid"`)), builders.Library(t))
	want := fmt.Sprintf("spec.include[1]: unknown fragment \"ekc\": use one of %s\n"+
		"spec.include[2]: fragment \"eck\" is already in include[0]\n"+
		`spec.profile: unknown profile "paranoid": use one of [baseline strict]`, strings.Join(fragments.Names(), ", "))
	if diff := cmp.Diff(want, fmt.Sprint(err)); diff != "" {
		t.Error(diff)
	}
}
