package evaluate

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/cmd/internal/manifest"
)

func TestUnservedSuggestsTheCorrectKind(t *testing.T) {
	t.Parallel()
	for kind, test := range map[string]struct{ apiVersion, fix string }{
		"Statefulset":         {"apps/v1", "write StatefulSet"},
		"StatefulSets":        {"apps/v1", "write StatefulSet"},
		"StatefullSet":        {"apps/v1", "write StatefulSet"},
		"StatfulSet":          {"apps/v1", "write StatefulSet"},
		"Stateful-Set":        {"apps/v1", "write StatefulSet"},
		"StatefulSet\t":       {"apps/v1", "write StatefulSet"},
		"Servcie":             {"v1", "write Service"},
		"PodDistruptionBudge": {"policy/v1", "write PodDisruptionBudget"},
		"sts":                 {"apps/v1", "write StatefulSet, or the apiVersion that this kind has"},
		"ConfigMap":           {"apps/v1", "write StatefulSet, or the apiVersion that this kind has"},

		"StatefulSet":       {"apps/v1", ""},
		"ReplicaSet":        {"apps/v1", ""},
		"Secret":            {"v1", ""},
		"ServiceCIDR":       {"networking.k8s.io/v1", ""},
		"PodSecurityPolicy": {"policy/v1beta1", ""},
		"Template":          {"v1", ""},
		"StatefullSet2":     {"apps.example.com/v1", ""},
	} {
		_, fix := misspelt(manifest.Document{APIVersion: test.apiVersion, Kind: kind})
		if diff := cmp.Diff(test.fix, fix); diff != "" {
			t.Errorf("%s of %s (-want +got):\n%s", kind, test.apiVersion, diff)
		}
	}
}
