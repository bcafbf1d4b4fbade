package engine_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/test/builders"
)

func TestManagedFieldsAreThereForRulesThatReadThem(t *testing.T) {
	t.Parallel()
	reading := strings.Replace(renamed, "some entry in review.statefulsets\n",
		"some entry in review.statefulsets\n\tsome field in entry.object.metadata.managedFields\n\tfield.manager == \"kubectl-edit\"\n", 1)
	library, err := builders.Library(t).Extend(fstest.MapFS{"new.rego": {Data: []byte(reading)}}, "rules")
	if err != nil {
		t.Fatal(err)
	}
	decider, err := engine.New(t.Context(), library, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		manager string
		want    []string
	}{
		"what the rule is about": {"kubectl-edit", []string{"deny new-rule"}},
		"something else":         {"helm", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := builders.MakeStatefulSet()
			set.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: test.manager}}
			request := create(set)
			for range 2 {
				decision, err := decider.Decide(t.Context(), request, inv(t, builders.JSON(builders.HeadlessService())))
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(test.want, levels(decision)); diff != "" {
					t.Errorf("findings (-want +got):\n%s", diff)
				}
				// The same where the caller has read the object.
				if request.ObjectValue, err = decider.ParseObject(request.Object); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
