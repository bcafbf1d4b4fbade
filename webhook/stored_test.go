package webhook

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadyHasTheReasonOfTheStatus(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		refused       error
		nothing, want string
	}{
		"in force":         {want: "True InForce: in force"},
		"nothing enforced": {nothing: "no rule", want: "True NothingEnforced: in force, but no request is ever denied: no rule"},
		"refused":          {refused: errors.New("broken"), nothing: "no rule", want: "False Refused: broken; what was in force before still is"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := ready(7, test.refused, test.nothing)
			if diff := cmp.Diff(test.want, string(got.Status)+" "+got.Reason+": "+got.Message); diff != "" || got.ObservedGeneration != 7 {
				t.Errorf("condition (-want +got):\n%s", diff)
			}
		})
	}
}
