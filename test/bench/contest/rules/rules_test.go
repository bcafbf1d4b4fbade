package rules_test

import (
	"bytes"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/test/bench/contest/rules"
)

func TestEnginesHaveTwelveRulesEach(t *testing.T) {
	t.Parallel()
	stateward, err := rules.Stateward()
	if err != nil {
		t.Fatal(err)
	}
	folders, err := fs.ReadDir(stateward, ".")
	if err != nil {
		t.Fatal(err)
	}
	opa, err := rules.OPA()
	if err != nil {
		t.Fatal(err)
	}
	separate, err := rules.GatekeeperSeparate()
	if err != nil {
		t.Fatal(err)
	}
	combined, err := rules.GatekeeperCombined()
	if err != nil {
		t.Fatal(err)
	}
	policy, err := rules.VAP()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{
		"Stateward": len(folders), "Gatekeeper, separate": len(separate.Templates), "Gatekeeper, combined": len(combined.Templates),
		"ValidatingAdmissionPolicy": bytes.Count(policy, []byte("- message:")),
		// Two of the rules have a second case: for deletions, and for Scales.
		"cases for OPA": strings.Count(opa["common.rego"], "\nviolation contains"),
	}
	want := map[string]int{
		"Stateward": 12, "Gatekeeper, separate": 12, "Gatekeeper, combined": 1, "ValidatingAdmissionPolicy": 12, "cases for OPA": 14,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
