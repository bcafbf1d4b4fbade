package engines_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/test/bench/contest/corpus"
	"github.com/stateward/stateward/test/bench/contest/engines"
)

func TestEnginesAgreeOnTheCommonRules(t *testing.T) {
	t.Parallel()
	reviews, err := corpus.New()
	if err != nil {
		t.Fatal(err)
	}
	all, err := engines.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, engine := range all {
		t.Run(engine.Name, func(t *testing.T) {
			t.Parallel()
			for number, review := range reviews {
				allowed, err := engine.Ask(t.Context(), review.Body)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(review.Allowed, allowed); diff != "" {
					t.Errorf("review %d, %s of %d KiB, fault %q: %s", number, review.Operation, review.KiB, review.Fault, diff)
				}
			}
		})
	}
}
