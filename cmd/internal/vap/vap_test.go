package vap_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"github.com/stateward/stateward/cmd/internal/vap"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
)

const rule = `# METADATA
# title: A rule
# description: For a test.
# custom:
#   severity: deny
#   confirm: true
#   on:
#     statefulsets: [CREATE, UPDATE]
#   fix: do it right
#   since: v0.1.0
#   cel:
#     variables:
#       - {name: replicas, expression: "object.spec.?replicas.orValue(1)"}
#     validations:
#       - {path: spec.replicas, expression: "variables.replicas > 0", what: "string(variables.replicas) + ' is little'"}
package stateward.rules.a["b-c"]

report contains 1 if input.x
`

func TestExpressionErrorsNameTheirPosition(t *testing.T) {
	t.Parallel()
	const place = "rules/a/b-c/b_c.rego:16: METADATA custom.cel."
	for name, test := range map[string]struct{ find, replace, want string }{
		"all is well":                {"", "", ""},
		"no CEL":                     {"variables.replicas > 0", "variables.replicas >", place + `validations[0].expression: "variables.replicas >": ERROR: <input>:1:21: Syntax error`},
		"an unknown function":        {"variables.replicas > 0", "known(variables.replicas)", "undeclared reference to 'known'"},
		"an unknown name":            {"variables.replicas > 0", "objekt.spec == 1", "undeclared reference to 'objekt'"},
		"an undefined variable":      {"variables.replicas > 0", "variables.replica > 0", place + "validations[0].expression: variables.replica is not defined before this expression"},
		"a variable before its time": {"object.spec.?replicas.orValue(1)", "variables.replicas", place + "variables[0].expression: variables.replicas is not defined before"},
		"no truth value":             {"variables.replicas > 0", "'yes'", place + `validations[0].expression: "'yes'": is a string, and must be a bool`},
		"no words":                   {"string(variables.replicas) + ' is little'", "1", place + `validations[0].what: "1": is a int, and must be a string`},
		"a pattern that is none":     {"variables.replicas > 0", "'a'.matches('(')", "invalid matches argument"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := strings.Replace(rule, test.find, test.replace, 1)
			library, err := policies.Load(fstest.MapFS{"rules/a/b-c/b_c.rego": {Data: []byte(source)}})
			if err != nil {
				t.Fatal(err)
			}
			err = vap.Check(library)
			if test.want == "" && err == nil {
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v", err)
			}
		})
	}
}

func TestBuiltInExpressionsCompile(t *testing.T) {
	t.Parallel()
	library, err := policies.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	if err := vap.Check(library); err != nil {
		t.Error(err)
	}
}

func TestExportRejectsGuardrailsThatCELCannotExpress(t *testing.T) {
	t.Parallel()
	library, err := policies.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	guardrails, err := v1alpha1.ParseGuardrails([]byte(`{"apiVersion":"stateward.dev/v1alpha1","kind":"Guardrails","metadata":{"name":"stateward"},"spec":{"exceptions":[
		{"rules":["image-tag"],"match":{"labelSelector":{"matchLabels":{"a":"b"}}},"reason":"r","owner":"o","expires":"2099-01-01T00:00:00Z"}]}}`), library)
	if err != nil {
		t.Fatal(err)
	}
	_, err = vap.Export(library, vap.Options{Guardrails: guardrails, Now: time.Now()})
	want := "export Guardrails: spec.exceptions[0].match: a policy cannot leave out what a selector selects for rule image-tag"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got error %v", err)
	}
	// What has expired excepts nothing, whatever it selects.
	if _, err := vap.Export(library, vap.Options{Guardrails: guardrails, Now: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)}); err != nil {
		t.Error(err)
	}
}

func TestExportWritesParametersOfGuardrails(t *testing.T) {
	t.Parallel()
	library, err := policies.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	expression := func(guardrails *v1alpha1.Guardrails) string {
		t.Helper()
		objects, err := vap.Export(library, vap.Options{Guardrails: guardrails})
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range objects {
			policy, ok := object.(*admissionregistrationv1.ValidatingAdmissionPolicy)
			if !ok || policy.Name != "stateward-image-tag" {
				continue
			}
			for _, variable := range policy.Spec.Variables {
				if variable.Name == "moving" {
					return variable.Expression
				}
			}
		}
		return ""
	}
	if got, want := expression(nil), `["latest","main",`; !strings.HasPrefix(got, want) {
		t.Errorf("without Guardrails: got %s, want a list that begins with %s", got, want)
	}
	weekly := &v1alpha1.Guardrails{Spec: v1alpha1.GuardrailsSpec{Rules: []v1alpha1.RuleSetting{
		{ID: "image-tag", Params: map[string]any{"moving": []any{"weekly"}}},
	}}}
	if got, want := expression(weekly), `["weekly"]`; got != want {
		t.Errorf("with Guardrails: got %s, want %s", got, want)
	}
}
