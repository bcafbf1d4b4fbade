package doctor

import (
	"testing"

	"k8s.io/apimachinery/pkg/util/version"
)

func TestMaxUnavailableIsHeededWhereItsFeatureGateIsOnByDefault(t *testing.T) {
	t.Parallel()
	for running, want := range map[string]bool{
		"v1.34.9": false, "v1.35.0": true, "v1.35.3": true, "v1.35.4": false, "v1.36.0": false, "v1.36.7": false,
		"v1.37.0": true, "v1.37.2-eks-abc": true, "v1.38.0": true,
	} {
		if got := heedsMaxUnavailable(version.MustParseSemantic(running)); got != want {
			t.Errorf("%s: %v instead of %v", running, got, want)
		}
	}
}
