package confirmations_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/confirmations"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
)

func TestCheckNamesEachMistakeAtItsField(t *testing.T) {
	t.Parallel()
	library, err := policies.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	good := confirmations.Spec{Operations: []string{"delete"}, Until: "2026-11-23T12:10:00Z", ConfirmedBy: "alice"}
	for name, test := range map[string]struct {
		change func(*confirmations.Spec)
		want   map[string]string
	}{
		"a good one":              {func(*confirmations.Spec) {}, map[string]string{}},
		"rules that can be named": {func(s *confirmations.Spec) { s.Rules = []string{"cascade-delete"} }, map[string]string{}},
		"no time": {func(s *confirmations.Spec) { s.Until = "soon" }, map[string]string{
			"spec.until": `"soon" is not a time such as 2027-01-31T12:00:00Z (RFC 3339)`,
		}},
		"the past": {func(s *confirmations.Spec) { s.Until = "2026-11-23T12:00:00Z" }, map[string]string{
			"spec.until": "2026-11-23T12:00:00Z is in the past: choose a time within the next hour",
		}},
		"more than an hour": {func(s *confirmations.Spec) { s.Until = "2026-11-23T13:00:01Z" }, map[string]string{
			"spec.until": "2026-11-23T13:00:01Z is more than an hour away: choose a time within the next hour",
		}},
		"another user": {func(s *confirmations.Spec) { s.ConfirmedBy = "bob" }, map[string]string{
			"spec.confirmedBy": `is "bob", but "alice" creates this Confirmation: leave the field out, Stateward writes it`,
		}},
		"no user": {func(s *confirmations.Spec) { s.ConfirmedBy = "" }, map[string]string{
			"spec.confirmedBy": "is empty: Stateward's mutating webhook did not answer; see that `stateward serve` runs and is registered",
		}},
		"rules": {func(s *confirmations.Spec) { s.Rules = []string{"cascade-delet", "name-length"} }, map[string]string{
			"spec.rules[0]": `unknown rule "cascade-delet": did you mean "cascade-delete"? ` + "`stateward rules` lists them",
			"spec.rules[1]": "what rule name-length denies cannot be confirmed: remove it",
		}},
		"a subject": {func(s *confirmations.Spec) { s.Subjects = []v1alpha1.Subject{{Kind: "Robot", Name: "x"}} }, map[string]string{
			"spec.subjects[0].kind": `unknown kind "Robot": use User, Group or ServiceAccount`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := good
			test.change(&spec)
			got := map[string]string{}
			for _, each := range v1alpha1.Mistakes((&confirmations.Confirmation{Spec: spec}).Check(library, "alice", now)) {
				var field *v1alpha1.FieldError
				if !errors.As(each, &field) {
					t.Fatalf("%v names no field", each)
				}
				got[field.Field()] = field.Err.Error()
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("mistakes (-want +got):\n%s", diff)
			}
		})
	}
}
