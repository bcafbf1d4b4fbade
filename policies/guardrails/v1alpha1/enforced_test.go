package v1alpha1_test

import (
	"encoding/json"
	"testing"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
)

func TestEnforcementReportsWhySelectionIsEmpty(t *testing.T) {
	t.Parallel()
	library, err := policies.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ spec, want string }{
		"nothing is set":               {`{}`, ""},
		"a namespace":                  {`{"match": {"namespaces": ["data"]}}`, ""},
		"some are excluded":            {`{"match": {"excludedNamespaces": ["ci-*"]}}`, ""},
		"all are excluded":             {`{"match": {"excludedNamespaces": ["ci", "*"]}}`, "spec.match selects nothing: excludedNamespaces excludes every namespace"},
		"those selected are excluded":  {`{"match": {"namespaces": ["data", "ci-*"], "excludedNamespaces": ["data", "ci*"]}}`, "spec.match selects nothing: excludedNamespaces excludes all of namespaces"},
		"one selected is not excluded": {`{"match": {"namespaces": ["data", "ci*"], "excludedNamespaces": ["data", "ci-*"]}}`, ""},
		"every user is excluded": {
			`{"actors": [{"name": "all", "subjects": [{"kind": "Group", "name": "system:authenticated"}]}], "match": {"excludedActors": ["all"]}}`,
			"spec.match selects nothing: excludedActors excludes every user",
		},
		"all names of users are excluded": {
			`{"actors": [{"name": "all", "subjects": [{"kind": "User", "name": "*"}]}], "match": {"excludedActors": ["all"]}}`,
			"spec.match selects nothing: excludedActors excludes every user",
		},
		"one service account is excluded": {
			`{"actors": [{"name": "ci", "subjects": [{"kind": "ServiceAccount", "namespace": "*", "name": "*"}]}], "match": {"excludedActors": ["ci"]}}`, "",
		},
		"two values of a label": {
			`{"match": {"labelSelector": {"matchLabels": {"a": "1"}, "matchExpressions": [{"key": "a", "operator": "In", "values": ["2"]}]}}}`,
			"spec.match selects nothing: labelSelector contradicts itself",
		},
		"a value that is excluded": {
			`{"match": {"namespaceSelector": {"matchLabels": {"a": "1"}, "matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["1", "2"]}]}}}`,
			"spec.match selects nothing: namespaceSelector contradicts itself",
		},
		"there and not there": {
			`{"match": {"labelSelector": {"matchExpressions": [{"key": "a", "operator": "Exists"}, {"key": "a", "operator": "DoesNotExist"}]}}}`,
			"spec.match selects nothing: labelSelector contradicts itself",
		},
		"a selector that some fit": {
			`{"match": {"labelSelector": {"matchLabels": {"b": "1"}, "matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}}}`, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := parsed(t, library, test.spec).NothingEnforced(library); got != test.want {
				t.Errorf("NothingEnforced() = %q, want %q", got, test.want)
			}
		})
	}
}

func TestEnforcementConsidersEveryRule(t *testing.T) {
	t.Parallel()
	library, err := policies.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	settings := func(change func(map[string]any)) string {
		var rules []any
		for _, rule := range library.Rules {
			setting := map[string]any{"id": rule.ID, "action": "audit"}
			if rule.ID == "quorum" {
				change(setting)
			}
			rules = append(rules, setting)
		}
		encoded, err := json.Marshal(map[string]any{"rules": rules})
		if err != nil {
			t.Fatal(err)
		}
		return string(encoded)
	}
	for name, test := range map[string]struct {
		change func(map[string]any)
		want   string
	}{
		"all are recorded only": {func(map[string]any) {}, "no rule has the action deny"},
		"one warns":             {func(setting map[string]any) { setting["action"] = "warn" }, "no rule has the action deny"},
		"one denies":            {func(setting map[string]any) { setting["action"] = "deny" }, ""},
		"one denies automation": {func(setting map[string]any) { setting["actions"] = map[string]any{"automation": "deny"} }, ""},
		"one denies nowhere": {func(setting map[string]any) {
			setting["action"], setting["match"] = "deny", map[string]any{"excludedNamespaces": []any{"*"}}
		}, "the match of each rule with the action deny selects nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := parsed(t, library, settings(test.change)).NothingEnforced(library); got != test.want {
				t.Errorf("NothingEnforced() = %q, want %q", got, test.want)
			}
		})
	}
	if got := (*v1alpha1.Guardrails)(nil).NothingEnforced(library); got != "" {
		t.Errorf("without Guardrails: %q", got)
	}
}

func parsed(t *testing.T, library *policies.Library, spec string) *v1alpha1.Guardrails {
	t.Helper()
	guardrails, err := v1alpha1.ParseGuardrails([]byte(`{"apiVersion": "stateward.dev/v1alpha1", "kind": "Guardrails", "metadata": {"name": "stateward"}, "spec": `+spec+`}`), library)
	if err != nil {
		t.Fatal(err)
	}
	return guardrails
}
