package policies_test

import (
	"encoding/json"
	"math"
	"regexp"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/stateward/stateward/test/builders"
)

// unmeant are quantities to Kubernetes and not to the library: a number without a digit (it takes "Gi" for 0 and refuses
// "Pi"), or one of more digits than anything has bytes.
var unmeant = regexp.MustCompile(`^[+-]?\.?([A-Za-z].*)?$|\d{40}|[eE][+-]?\d{3}`)

// FuzzQuantitiesParseAsInKubernetes compares the library with resource.ParseQuantity.
func FuzzQuantitiesParseAsInKubernetes(f *testing.F) {
	for _, seed := range []string{
		"", "0", "1", "100m", "1e3", "0.5Gi", "1E", "1E3", "1Ei", "-1Gi", "+1Gi", "1.", ".5", ".", "1.5Ti", "1k", "1K", "1Ki", "1gi",
		"10 Gi", " 1", "1e", "1e+3", "1e-3", "1n", "1u", "0x10", "1_000", "١", "1.2.3", "Gi", "--1", "1ee3", "1e3Gi", "0.0", "-0", "1e-9", "9Ei",
	} {
		f.Add(seed)
	}
	valid, positive := builders.Function(f, "data.stateward.lib.quantity.valid(input)"), builders.Function(f, "data.stateward.lib.quantity.positive(input)")
	bytes := builders.Function(f, "data.stateward.lib.quantity.bytes(input)")
	f.Fuzz(func(t *testing.T, text string) {
		if unmeant.MatchString(text) {
			return
		}
		want, err := resource.ParseQuantity(text)
		if got := valid(text) == true; got != (err == nil) {
			t.Fatalf("%q is valid: %v, to Kubernetes: %v", text, got, err)
		}
		if err != nil {
			return
		}
		if got := positive(text) == true; got != (want.Sign() > 0) {
			t.Errorf("%q is positive: %v, to Kubernetes it is %s", text, got, want.String())
		}
		// Beyond this Kubernetes caps, and float64 cannot tell.
		if size := want.AsApproximateFloat64(); size < 0 || size > math.MaxInt64/1024 {
			return
		}
		number, ok := bytes(text).(json.Number)
		if got, err := number.Float64(); !ok || err != nil || got != float64(want.Value()) {
			t.Errorf("%q has %v bytes, to Kubernetes %d", text, bytes(text), want.Value())
		}
	})
}
