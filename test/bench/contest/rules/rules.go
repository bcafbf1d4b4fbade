// Package rules holds the common rules: twelve that every contestant can express, since they ask for nothing but the
// review. Each is written in the idiom of whom it is for. OPA and Gatekeeper get the same Rego, text for text, which asks
// input.review as Gatekeeper's templates do and input.request as an AdmissionReview has it.
package rules

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/stateward/stateward/policies"
)

//go:embed rego/*.rego opa/*.rego stateward vap/*.yaml
var files embed.FS

// rule is one of the common rules in Rego, without its package.
type rule struct{ id, body string }

// shared are the rules for OPA and Gatekeeper, by their ids.
func shared() (rules []rule, err error) {
	names, err := fs.Glob(files, "rego/*.rego")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		source, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		_, body, found := strings.Cut(string(source), "\n\n")
		if !found {
			return nil, fmt.Errorf("%s: write an empty line below the package", name)
		}
		rules = append(rules, rule{id: strings.TrimSuffix(path.Base(name), ".rego"), body: body})
	}
	return rules, nil
}

// combined is all of them in one module of this package.
func combined(module string) (string, error) {
	rules, err := shared()
	if err != nil {
		return "", err
	}
	var source strings.Builder
	fmt.Fprintf(&source, "package %s\n", module)
	for _, rule := range rules {
		source.WriteString("\n" + rule.body)
	}
	return source.String(), nil
}

// OPA returns the modules for an OPA that answers AdmissionReviews, by their file names.
func OPA() (map[string]string, error) {
	decision, err := files.ReadFile("opa/decision.rego")
	if err != nil {
		return nil, err
	}
	source, err := combined("common")
	if err != nil {
		return nil, err
	}
	return map[string]string{
		"decision.rego": string(decision),
		"common.rego":   strings.ReplaceAll(source, "input.review", "input.request"),
	}, nil
}

// Stateward returns the rules as users of Stateward write them, for --rules.
func Stateward() (fs.FS, error) { return fs.Sub(files, "stateward") }

// StatewardGuardrails returns Guardrails that switch off everything but the rules of users.
func StatewardGuardrails() ([]byte, error) {
	library, err := policies.Embedded()
	if err != nil {
		return nil, err
	}
	type action struct {
		ID     string `json:"id"`
		Action string `json:"action"`
	}
	var off []action
	for _, rule := range library.All() {
		off = append(off, action{ID: rule.ID, Action: "off"})
	}
	return json.Marshal(map[string]any{
		"apiVersion": "stateward.dev/v1alpha1", "kind": "Guardrails",
		"metadata": map[string]any{"name": "stateward"}, "spec": map[string]any{"rules": off, "forecast": "Off"},
	})
}

// VAP returns the manifest of a ValidatingAdmissionPolicy.
func VAP() ([]byte, error) { return files.ReadFile("vap/policy.yaml") }
