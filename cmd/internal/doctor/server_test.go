package doctor

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/policies/forecast"
)

func TestCheckVersionNamesTheServerVersion(t *testing.T) {
	t.Parallel()
	const (
		all     = "ok: Kubernetes NAME has all that Stateward needs"
		old     = "problem: Kubernetes NAME does not reliably support matchConditions of webhooks, which keep the cluster working when Stateward is down"
		removes = "note: Kubernetes NAME removes spec.updateStrategy.rollingUpdate.maxUnavailable from StatefulSets that are written, unless the feature gate MaxUnavailableStatefulSet is enabled: " +
			"pods are replaced one by one regardless of the manifest; the rule max-unavailable then checks the field in manifests only"
	)
	for name, want := range map[string][]string{
		"v1.29.9": {old, removes}, "v1.30.0": {removes}, "v1.34.9": {removes},
		"v1.35.0": {all}, "v1.35.3": {all}, "v1.35.4": {removes}, "v1.36.0": {removes},
		"v1.37.0": {all}, "v1.37.2-eks-abc": {all}, "v1.38.0": {all},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			running, err := forecast.ParseVersion(name)
			if err != nil {
				t.Fatal(err)
			}
			examined := &examination{}
			examined.checkVersion(running, name)
			var got []string
			for _, finding := range examined.findings {
				got = append(got, string(finding.Status)+": "+strings.Replace(finding.Message, name, "NAME", 1))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
