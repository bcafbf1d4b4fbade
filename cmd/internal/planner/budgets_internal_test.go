package planner

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/stateward/stateward/policies/forecast"
)

func TestBudgetRefusesToGoBelowWhatItKeeps(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		minAvailable, maxUnavailable string
		replicas                     int
		want                         []string
	}{
		"one may go":               {maxUnavailable: "1", replicas: 3},
		"none may go":              {maxUnavailable: "0", replicas: 3, want: []string{"db-2", "db-1", "db-0"}},
		"a third rounds up":        {maxUnavailable: "10%", replicas: 3},
		"all must stay":            {minAvailable: "3", replicas: 3, want: []string{"db-2", "db-1", "db-0"}},
		"two must stay":            {minAvailable: "2", replicas: 3},
		"a part rounds up":         {minAvailable: "67%", replicas: 3, want: []string{"db-2", "db-1", "db-0"}},
		"two must stay of one":     {minAvailable: "2", replicas: 1, want: []string{"db-1", "db-0"}},
		"a part of those that are": {minAvailable: "100%", replicas: 1, want: []string{"db-0"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			state := forecast.State{
				Gates: forecast.Gates{MaxUnavailable: true}, Revisions: []forecast.Revision{{Name: "db-a", Number: 1, Template: "one"}},
				Set: forecast.Set{
					Namespace: "data", Name: "db", UID: "set", Replicas: 3, Strategy: forecast.RollingUpdate, Rolling: &forecast.Rolling{},
					Template: "one", History: 10, CurrentRevision: "db-a", CurrentReplicas: 3,
				},
			}
			for ordinal := range 3 {
				state.Pods = append(state.Pods, forecast.Pod{Ordinal: ordinal, Revision: "db-a", Phase: forecast.Running, Ready: true})
			}
			change := forecast.Change{Action: forecast.UpdateSet, Set: state.Set}
			change.Set.Replicas, change.Set.Template = test.replicas, "two"
			timeline := forecast.Run(state, change, forecast.Assumptions{})
			_, desired := desiredBy(policyv1.PodDisruptionBudgetSpec{MinAvailable: parsed(test.minAvailable), MaxUnavailable: parsed(test.maxUnavailable)})
			var got []string
			for _, index := range (budget{desired: desired}).refuses(state, timeline) {
				got = append(got, timeline.Steps[index].Object)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("refused (-want +got):\n%s", diff)
			}
		})
	}
}

func parsed(text string) *intstr.IntOrString {
	if text == "" {
		return nil
	}
	value := intstr.Parse(text)
	return &value
}
