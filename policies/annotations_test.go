package policies_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/test/builders"
)

// TestAnnotationsEqualThoseOfTheLibrary holds the names in Go, which the registration and the command line use, and those in
// Rego together.
func TestAnnotationsEqualThoseOfTheLibrary(t *testing.T) {
	t.Parallel()
	results, err := rego.New(
		rego.Query("annotations = [lib.confirm, lib.until, lib.reason, lib.rules, lib.for_time, lib.confirmed_by, lib.confirmed_object, lib.canary_hold]; protections = object.keys(lib.protections) | {lib.ephemeral}"),
		rego.Imports([]string{"data.stateward.lib.metadata as lib"}),
		rego.ParsedModule(modulesOf(t, builders.Library(t))["lib/metadata.rego"].Copy()),
	).Eval(t.Context())
	if err != nil || len(results) != 1 {
		t.Fatalf("%d results, error %v", len(results), err)
	}
	var want []any
	for _, key := range append(policies.ConfirmationAnnotations(), policies.CanaryHoldAnnotation) {
		want = append(want, key)
	}
	if diff := cmp.Diff(want, results[0].Bindings["annotations"]); diff != "" {
		t.Errorf("policies/annotations.go and policies/lib/metadata.rego disagree (-go +rego):\n%s", diff)
	}
	protections := []any{}
	for _, key := range policies.ProtectionLabels() {
		protections = append(protections, key)
	}
	byText := cmpopts.SortSlices(func(a, b any) bool { return fmt.Sprint(a) < fmt.Sprint(b) })
	if diff := cmp.Diff(protections, results[0].Bindings["protections"], byText); diff != "" {
		t.Errorf("policies/annotations.go and policies/lib/metadata.rego disagree on protections (-go +rego):\n%s", diff)
	}
}
