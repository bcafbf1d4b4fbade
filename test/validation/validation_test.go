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

// TestRecordedCasesMatchKubernetes compares the recorded cases with those of Kubernetes' tests where -extract is given,
// which compiles them for minutes. Without it the recorded cases must be complete and in the form that -extract writes.
// What a check answers to them is tested in cmd/internal/evaluate.
func TestRecordedCasesMatchKubernetes(t *testing.T) {
	t.Parallel()
	before, err := os.ReadFile(recorded)
	if err != nil {
		t.Fatal(err)
	}
	cases, err := found(t, before)
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for _, each := range cases {
		if each.Refused {
			refused++
		}
	}
	if accepted := len(cases) - refused; accepted != 41 || refused != 47 {
		t.Errorf("%d cases are accepted and %d are refused, want 41 and 47", accepted, refused)
	}
	var page bytes.Buffer
	encoder := json.NewEncoder(&page)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(cases); err != nil {
		t.Fatal(err)
	}
	switch {
	case bytes.Equal(before, page.Bytes()):
	case !*extract:
		t.Error("the cases were not recorded by -extract: record them again")
	default:
		if err := os.WriteFile(recorded, page.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		t.Error("Kubernetes has other cases than those that were recorded; they are recorded now: commit them")
	}
}

func found(t *testing.T, text []byte) (cases []Case, err error) {
	t.Helper()
	if *extract {
		return Extract(t.Context(), "../tools/kubernetes")
	}
	return cases, json.Unmarshal(text, &cases)
}
