package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/cmd/internal/planner"
)

func TestNamespacesOfPlanAreReadOnce(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		requests []planner.Request
		want     []string
	}{
		"the current one":                    {requests: []planner.Request{{Scale: "sts/db=1"}, {}}, want: []string{"here"}},
		"that of a manifest":                 {requests: []planner.Request{{Namespace: "data"}, {Namespace: "data"}}, want: []string{"data", "here"}},
		"one that is deleted":                {requests: []planner.Request{{Delete: "ns/data"}, {Delete: "sts/db"}}, want: []string{"data", "here"}},
		"the deleted one is the current one": {requests: []planner.Request{{Delete: "Namespace/here"}}, want: []string{"here"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, namespacesOfPlan(test.requests, "here")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
