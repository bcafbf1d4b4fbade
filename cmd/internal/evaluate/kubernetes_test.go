package evaluate

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/cmd/internal/baseline"
	"github.com/stateward/stateward/cmd/internal/manifest"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
)

// kubernetesCase is one of Kubernetes' own cases, with what its code answers to it.
type kubernetesCase struct {
	Name     string
	Old, New json.RawMessage
	Refused  bool
	Answer   []string
}

// TestCheckRejectsWhatKubernetesRejects compares with the cases of TestValidateStatefulSet and
// TestValidateStatefulSetUpdate, which test/validation extracts from Kubernetes.
func TestCheckRejectsWhatKubernetesRejects(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../test/validation/testdata/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []kubernetesCase
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	decider := builtin(t)
	got, want := map[string]string{}, map[string]string{}
	for index, each := range cases {
		name := fmt.Sprintf("%d %s", index, each.Name)
		want[name] = outcomeOf(len(each.Answer) > 0)
		if reason, known := differences()[each.Name]; known {
			t.Logf("%s: %s", name, reason)
			want[name] = outcomeOf(false)
		}
		got[name] = outcomeOf(len(denials(t, decider, each)) > 0)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answers (-Kubernetes +check):\n%s", diff)
	}
}

// differences are the cases that a check answers otherwise, on purpose.
func differences() map[string]string {
	// The sets of these cases have no replicas, so update-strategy has no finding either: it is about several pods.
	const gate = "the feature gate StatefulSetRecreateStrategy is the cluster's, and manifests do not say whether it is on"
	const renamed = "of files, another name is another object: one is new and one is gone"
	return map[string]string{
		"empty selector": "the mutation default-selector fills it in",
		"update name":    renamed, "update namespace": renamed,
		"recreate strategy forbidden":                           gate,
		"switch from RollingUpdate to Recreate, RecreateFG off": gate, "switch from OnDelete to Recreate, RecreateFG off": gate,
	}
}

func outcomeOf(refused bool) string {
	if refused {
		return "refused"
	}
	return "accepted"
}

// denials are the rules that find what makes the object one that cannot be applied. Rules about more than that, such as
// images without a tag, say nothing about what an API server does.
func denials(t *testing.T, decider *engine.Engine, of kubernetesCase) (rules []string) {
	t.Helper()
	after := one(t, of.New)
	options := Options{Namespace: "default", Now: time.Unix(1800000000, 0)}
	found, err := Documents(t.Context(), decider, after, options)
	if of.Old != nil {
		changes, _, pairing := baseline.Pair(baseline.Tree{Input: manifest.Input{Documents: one(t, of.Old)}},
			baseline.Tree{Input: manifest.Input{Documents: one(t, of.New)}}, "default")
		if pairing != nil {
			t.Fatal(pairing)
		}
		found, err = Changes(t.Context(), decider, changes, options)
	}
	if err != nil {
		t.Fatalf("%s: %v", of.Name, err)
	}
	more := map[string]bool{"image-tag": true, "headless-service": true, "image-change": true, "same-object": true}
	for _, finding := range found.Findings {
		if finding.Level == policies.Deny && !more[finding.Rule] {
			rules = append(rules, finding.Message)
		}
	}
	return rules
}

func one(t *testing.T, raw json.RawMessage) []manifest.Document {
	t.Helper()
	input, err := manifest.Parse("f", raw, manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return input.Documents
}
