package evaluate

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/cmd/internal/manifest"
	"github.com/stateward/stateward/cmd/internal/report"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
)

// TestFindingsKeepTheOrderOfDocuments evaluates more documents than there are processors, each with what is found and
// some that cannot be evaluated.
func TestFindingsKeepTheOrderOfDocuments(t *testing.T) {
	t.Parallel()
	library, err := policies.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	decider, err := engine.New(t.Context(), library, nil)
	if err != nil {
		t.Fatal(err)
	}
	var source strings.Builder
	for index := range 12 {
		kind := "apiVersion: apps/v1\nkind: StatefulSet"
		if index%3 == 2 {
			kind = "apiVersion: admission.k8s.io/v1\nkind: AdmissionReview"
		}
		fmt.Fprintf(&source, "---\n%s\nmetadata: {name: web-%02d}\nspec: {serviceName: nginx}\n", kind, index)
	}
	input, err := manifest.Read(t.Context(), []string{"-"}, manifest.Options{Stdin: strings.NewReader(source.String())})
	if err != nil {
		t.Fatal(err)
	}
	result, err := Documents(t.Context(), decider, input.Documents, Options{Namespace: "default", Now: time.Unix(1800000000, 0)})
	outcomes := map[report.Outcome]int{}
	for _, document := range result.Documents {
		outcomes[document.Outcome]++
	}
	if diff := cmp.Diff(map[report.Outcome]int{report.Evaluated: 8, report.Failed: 4}, outcomes); diff != "" || len(result.Findings) < 8 {
		t.Errorf("%d findings; outcomes (-want +got):\n%s", len(result.Findings), diff)
	}
	names := make([]string, 0, len(result.Findings))
	for _, finding := range result.Findings {
		names = append(names, finding.Object.Name)
	}
	if !slices.IsSorted(names) {
		t.Errorf("findings are about %v", names)
	}
	if held := slices.ContainsFunc(input.Documents, func(document manifest.Document) bool { return document.Raw != nil }); held {
		t.Error("what a document says is held when it has been judged")
	}
	var lines []string
	for problem := range strings.Lines(fmt.Sprint(err)) {
		lines = append(lines, strings.SplitN(problem, ":", 3)[1])
	}
	if want := []string{"12", "27", "42", "57"}; !slices.Equal(lines, want) {
		t.Errorf("errors are about lines %v, not %v: %v", lines, want, err)
	}
}
