package engine_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
	"github.com/stateward/stateward/test/builders"
)

// renamed is a user's rule that had another id before.
const renamed = `# METADATA
# title: A rule
# description: For a test.
# custom:
#   severity: deny
#   on:
#     statefulsets: [CREATE]
#   fix: nothing
#   since: v1
#   aliases: [old-rule]
package stateward.custom.rules.a["new-rule"]

import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {"path": ["metadata"], "what": "it is wrong"}) if {
	some entry in review.statefulsets
}
`

func TestGuardrailsReachARuleByItsFormerId(t *testing.T) {
	t.Parallel()
	library, err := builders.Library(t).Extend(fstest.MapFS{"new.rego": {Data: []byte(renamed)}}, "rules")
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		spec string
		want policies.Level
	}{
		"nothing said":          {`"profile":"baseline"`, policies.Deny},
		"an action":             {`"rules":[{"id":"old-rule","action":"warn"}]`, policies.Warn},
		"off":                   {`"rules":[{"id":"old-rule","action":"off"}]`, ""},
		"a selection":           {`"rules":[{"id":"old-rule","match":{"names":["other"]}}]`, ""},
		"an exception":          {`"exceptions":[{"rules":["old-rule"],"match":{"names":["web"]},"reason":"r","owner":"o","expires":"2099-01-01T00:00:00Z"}]`, policies.Audit},
		"its present id":        {`"rules":[{"id":"new-rule","action":"audit"}]`, policies.Audit},
		"the other of two sets": {`"rules":[{"id":"image-tag","action":"off"},{"id":"old-rule","action":"warn"}]`, policies.Warn},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			guardrails, err := v1alpha1.ParseGuardrails([]byte(guardrailsWith(test.spec)), library)
			if err != nil {
				t.Fatal(err)
			}
			decider, err := engine.New(t.Context(), library, guardrails)
			if err != nil {
				t.Fatal(err)
			}
			decision, err := decider.Decide(t.Context(), create(builders.MakeStatefulSet()), inv(t, builders.JSON(builders.HeadlessService())))
			if err != nil {
				t.Fatal(err)
			}
			var got policies.Level
			for _, finding := range decision.Findings {
				if finding.Rule == "new-rule" {
					got = finding.Level
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("level (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("both ids are one rule", func(t *testing.T) {
		t.Parallel()
		_, err := v1alpha1.ParseGuardrails([]byte(guardrailsWith(`"rules":[{"id":"old-rule"},{"id":"new-rule"}]`)), library)
		if err == nil || !strings.Contains(err.Error(), `spec.rules[1].id: rule "new-rule" is already set in rules[0]`) {
			t.Errorf("got %v", err)
		}
	})
}
