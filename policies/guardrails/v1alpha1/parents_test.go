package v1alpha1_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
)

func TestParentsLeaveOutBuiltInOnes(t *testing.T) {
	t.Parallel()
	guardrails := &v1alpha1.Guardrails{Spec: v1alpha1.GuardrailsSpec{Parents: []v1alpha1.Parent{
		{Group: "rabbitmq.com", Kind: "RabbitmqCluster"},
		{Group: "example.com", Kind: "Registry"},
		{Group: "example.com", Kind: "Kafka", Resource: "kafkas"},
		{Group: "example.com", Kind: "Data", Resource: "data"},
	}}}
	want := []policies.Parent{
		{Group: "example.com", Resource: "registries"}, {Group: "example.com", Resource: "kafkas"}, {Group: "example.com", Resource: "data"},
	}
	if diff := cmp.Diff(want, guardrails.MoreParents()); diff != "" {
		t.Errorf("parents (-want +got):\n%s", diff)
	}
	var none *v1alpha1.Guardrails
	if more := none.MoreParents(); more != nil {
		t.Errorf("without Guardrails there are %v", more)
	}
}
