package parity_test

import (
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/test/cluster"
	"github.com/stateward/stateward/test/examples"
)

// TestEntryPointsAgreeOnEveryExample asks conftest, `stateward check` and the webhook's handler about each example, and
// the handler once more as an API server would send it, with all that it fills in.
func TestEntryPointsAgreeOnEveryExample(t *testing.T) {
	t.Parallel()
	programs, server := build(t), cluster.ForTest(t)
	var files, objects, defaulted atomic.Int32
	t.Cleanup(func() {
		t.Logf("%d examples of %d objects, %d of them also as the API server fills them in", files.Load(), objects.Load(), defaulted.Load())
	})
	all, err := examples.Read(filepath.Join(programs.root, "policies"))
	if err != nil {
		t.Fatal(err)
	}
	for _, example := range all {
		t.Run(strings.TrimPrefix(example.File, programs.root), func(t *testing.T) {
			t.Parallel()
			files.Add(1)
			var config, data []string
			if example.Guardrails != "" {
				config, data = []string{"--config", example.Guardrails}, []string{"--data", example.Guardrails}
			}
			found := programs.found(t, append(config, example.File)...)
			got := programs.test(t, append(append([]string{"--combine"}, data...), example.File)...)
			found = slices.DeleteFunc(found, programs.isOfTypes)
			if diff := cmp.Diff(messages(found), got); diff != "" {
				t.Errorf("stateward check and conftest --combine disagree (-check +conftest):\n%s", diff)
			}
			handlers := newHandlers(t, example.Guardrails)
			objects.Add(int32(len(example.Documents)))
			// What has no proper type never gets as far as a webhook.
			found = slices.DeleteFunc(found, func(each finding) bool { return each.Rule == "field-types" })
			want := corrected(briefs(found))
			if diff := cmp.Diff(want, corrected(handlers.evaluate(t, example.Documents))); diff != "" {
				t.Errorf("stateward check and the webhook disagree (-check +webhook):\n%s", diff)
			}
			filled, ok := fillIn(t, server, example.Documents)
			if !ok {
				return
			}
			defaulted.Add(int32(len(filled)))
			if diff := cmp.Diff(want, corrected(handlers.evaluate(t, filled))); diff != "" {
				t.Errorf("the webhook says something else of what the API server fills in (-raw +defaulted):\n%s", diff)
			}
		})
	}
}

// briefs are what all programs must agree on; messages may name what only one of them sees, as an address that the API
// server has given to a Service.
func briefs(found []finding) map[string]bool {
	briefs := map[string]bool{}
	for _, each := range found {
		briefs[brief(each)] = true
	}
	return briefs
}

// corrected puts the mutation claim-class-annotation for the rule claim-annotation, which says the same of the same field:
// who creates something hears of what was corrected, and who checks a manifest of what is to be corrected.
func corrected(briefs map[string]bool) map[string]bool {
	same := map[string]bool{}
	for brief := range briefs {
		same[strings.Replace(brief, " claim-annotation ", " claim-class-annotation ", 1)] = true
	}
	return same
}

// isOfTypes returns what `stateward check` adds for the API server, with Kubernetes' own types, which Rego does not have:
// no webhook is asked about such an object.
func (d programs) isOfTypes(found finding) bool {
	_, known := d.library.Rule(found.Rule)
	return !known || found.Rule == "field-types" && found.Field == ""
}

func brief(each finding) string {
	return strings.Join([]string{each.Level, each.Rule, each.Field, each.Object.Kind, each.Object.Namespace, each.Object.Name}, " ")
}
