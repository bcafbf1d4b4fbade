package headline_test

import (
	"testing"

	"github.com/stateward/stateward/cmd/internal/headline"
)

func TestDeniedCompletesASentence(t *testing.T) {
	t.Parallel()
	for want, denied := range map[string]headline.Denied{
		"":                                  {},
		", by 1 rule, in 1 namespace":       {Count: 1, Rules: 1, Namespaces: 1},
		", by 3 rules, in 1,200 namespaces": {Count: 14, Rules: 3, Namespaces: 1200},
	} {
		if got := denied.By(); got != want {
			t.Errorf("%+v is %q, not %q", denied, got, want)
		}
	}
}

func TestThousands(t *testing.T) {
	t.Parallel()
	for count, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := headline.Thousands(count); got != want {
			t.Errorf("%d is %q, not %q", count, got, want)
		}
	}
}
