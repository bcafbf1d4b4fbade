package v1alpha1_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
	"github.com/stateward/stateward/test/builders"
)

func TestGuardrailsWidenWhatAPIServersSend(t *testing.T) {
	t.Parallel()
	library := *builders.Library(t)
	library.MoreParents, library.OptedIn = []policies.Parent{{Group: "example.com", Resource: "shops"}}, []string{"pods-at-once"}
	guardrails := &v1alpha1.Guardrails{Spec: v1alpha1.GuardrailsSpec{
		Parents: []v1alpha1.Parent{{Group: "example.com", Kind: "Shop"}, {Group: "example.com", Kind: "Kafka"}, {Group: "rabbitmq.com", Kind: "RabbitmqCluster"}},
		Rules:   []v1alpha1.RuleSetting{{ID: "node-delete", Action: policies.Deny}, {ID: "pods-at-once", Action: policies.Warn}},
	}}
	widened := guardrails.Widened(&library)
	parents := []policies.Parent{{Group: "example.com", Resource: "shops"}, {Group: "example.com", Resource: "kafkas"}}
	if diff := cmp.Diff(parents, widened.MoreParents); diff != "" {
		t.Errorf("parents (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"pods-at-once", "node-delete"}, widened.OptedIn); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	if len(library.MoreParents) != 1 || len(library.OptedIn) != 1 {
		t.Errorf("the library has changed: %v, %v", library.MoreParents, library.OptedIn)
	}
}

func TestGuardrailsManageWebhooksOnlyIfConfigured(t *testing.T) {
	t.Parallel()
	var none *v1alpha1.Guardrails
	for name, test := range map[string]struct {
		guardrails *v1alpha1.Guardrails
		want       bool
	}{
		"no Guardrails": {none, false},
		"nothing said":  {&v1alpha1.Guardrails{}, false},
		"off":           {&v1alpha1.Guardrails{Spec: v1alpha1.GuardrailsSpec{Registration: &v1alpha1.Registration{}}}, false},
		"on":            {&v1alpha1.Guardrails{Spec: v1alpha1.GuardrailsSpec{Registration: &v1alpha1.Registration{Manage: true}}}, true},
	} {
		if got := test.guardrails.Manages(); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
