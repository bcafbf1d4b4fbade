package validation

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"
)

var extract = flag.Bool("extract", false, "run Kubernetes' own tests, and record their cases")

const recorded = "testdata/cases.json"

// TestRecordedCasesAreKubernetes compares the recorded cases with those of Kubernetes' tests, where -extract is given: it
// compiles them for minutes. What a check answers to them is tested in cmd/internal/judge.
func TestRecordedCasesAreKubernetes(t *testing.T) {
	t.Parallel()
	if !*extract {
		t.Skip("compiles Kubernetes' tests: go test ./test/validation -extract")
	}
	cases, err := Extract(t.Context(), "../tools/kubernetes")
	if err != nil {
		t.Fatal(err)
	}
	var page bytes.Buffer
	encoder := json.NewEncoder(&page)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(cases); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(recorded)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(before, page.Bytes()) {
		return
	}
	if err := os.WriteFile(recorded, page.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Error("Kubernetes has other cases than those that were recorded; they are recorded now: commit them")
}
