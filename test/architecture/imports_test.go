// Package architecture holds the rules that no compiler checks.
package architecture_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/stateward/stateward/"

// allowed lists, for each package of the product, which others of it may be imported: one way, from the command line
// down to the library, with leaves that import no other.
func allowed() map[string][]string {
	return map[string][]string{
		"policies":                               {},
		"policies/spelling":                      {},
		"policies/guardrails/v1alpha1":           {"policies", "policies/fieldpath", "policies/fragments", "policies/spelling"},
		"policies/engine/lazy":                   {},
		"policies/engine/inventory":              {"policies", "policies/engine/lazy"},
		"policies/fieldpath":                     {},
		"policies/forecast":                      {},
		"policies/engine":                        {"policies", "policies/engine/assembly", "policies/engine/inventory", "policies/engine/lazy", "policies/engine/plan", "policies/guardrails/v1alpha1"},
		"policies/engine/assembly":               {"policies", "policies/engine/lazy"},
		"policies/fragments":                     {},
		"policies/stored":                        {"policies", "policies/engine", "policies/engine/inventory", "policies/guardrails/v1alpha1"},
		"policies/confirmations":                 {"policies", "policies/guardrails/v1alpha1"},
		"policies/changes":                       {},
		"policies/engine/plan":                   {"policies/engine/lazy"},
		"certs":                                  {},
		"cmd/internal/parallel":                  {},
		"cmd/internal/manifest/yamlpos":          {},
		"cmd/internal/manifest/yamlpos/yamltest": {},
		"cmd/internal/manifest":                  {"cmd/internal/apirules", "cmd/internal/manifest/yamlpos", "cmd/internal/parallel", "policies/fieldpath"},
		"cmd/internal/baseline":                  {"cmd/internal/manifest", "policies"},
		"webhook/cluster":                        {"policies", "policies/engine", "policies/engine/inventory", "policies/engine/lazy", "policies/forecast", "webhook/preview"},
		"webhook/registration":                   {"policies"},
		"webhook":                                {"certs", "policies", "policies/confirmations", "policies/engine", "policies/forecast", "policies/guardrails/v1alpha1", "webhook/admission", "webhook/auditor", "webhook/cluster", "webhook/decisionlog", "webhook/election", "webhook/metrics", "webhook/recorder", "webhook/registrar", "webhook/registration", "webhook/tracing"},
		"webhook/admission":                      {"policies", "policies/confirmations", "policies/engine", "policies/engine/inventory", "policies/forecast", "policies/guardrails/v1alpha1", "webhook/cluster", "webhook/decisionlog", "webhook/jsonscan", "webhook/metrics", "webhook/preview", "webhook/recorder", "webhook/registration", "webhook/tracing"},
		"webhook/metrics":                        {"policies/engine", "webhook/auditor"},
		"webhook/election":                       {"webhook/registration"},
		"webhook/registrar":                      {"policies", "policies/guardrails/v1alpha1", "webhook/registration"},
		"webhook/tracing":                        {"policies/engine"},
		"webhook/decisionlog":                    {"policies", "policies/engine", "policies/engine/inventory", "policies/engine/lazy", "policies/fieldpath", "policies/guardrails/v1alpha1", "webhook/jsonscan"},
		"webhook/reports":                        {"policies", "policies/engine"},
		"webhook/auditor":                        {"policies", "policies/engine", "policies/engine/inventory", "policies/forecast", "policies/guardrails/v1alpha1", "policies/stored", "webhook/registration", "webhook/reports"},
		"webhook/jsonscan":                       {},
		"webhook/recorder":                       {"policies", "policies/confirmations"},
		"webhook/preview":                        {"policies/forecast", "webhook/jsonscan"},
		"cmd/internal/auditlog":                  {"policies", "policies/engine/inventory", "webhook/decisionlog", "webhook/registration"},
		"cmd/internal/replay":                    {"cmd/internal/auditlog", "cmd/internal/headline", "cmd/internal/webpage", "policies", "policies/engine", "policies/engine/inventory", "policies/engine/lazy", "policies/guardrails/v1alpha1", "policies/stored", "webhook/admission", "webhook/decisionlog"},
		"cmd/internal/report":                    {"cmd/internal/headline", "cmd/internal/htmlreport", "cmd/internal/topology", "policies", "policies/engine", "webhook/reports"},
		"cmd/internal/htmlreport":                {"cmd/internal/headline", "cmd/internal/topology", "cmd/internal/webpage", "policies", "policies/engine"},
		"cmd/internal/topology":                  {},
		"cmd/internal/webpage":                   {},
		"cmd/internal/artifact":                  {},
		"cmd/internal/generate":                  {"cmd/internal/manifest", "cmd/internal/report", "policies", "policies/guardrails/v1alpha1", "webhook/registration"},
		"cmd/internal/evaluate":                  {"cmd/internal/apirules", "cmd/internal/baseline", "cmd/internal/manifest", "cmd/internal/parallel", "cmd/internal/report", "policies", "policies/engine", "policies/engine/inventory", "policies/fieldpath", "policies/guardrails/v1alpha1", "policies/stored"},
		"cmd/internal/apirules":                  {},
		"cmd/internal/headline":                  {},
		"cmd/internal/audit":                     {"cmd/internal/headline", "cmd/internal/htmlreport", "cmd/internal/report", "policies", "policies/engine", "policies/guardrails/v1alpha1"},
		"cmd/internal/canary":                    {"cmd/internal/report", "policies"},
		"cmd/internal/newrule":                   {},
		"cmd/internal/planner":                   {"cmd/internal/webpage", "policies", "policies/engine", "policies/engine/inventory", "policies/forecast"},
		"cmd/internal/owners":                    {"policies"},
		"cmd/internal/doctor":                    {"cmd/internal/owners", "cmd/internal/vap", "policies", "policies/engine", "policies/engine/inventory", "policies/forecast", "policies/guardrails/v1alpha1", "webhook/registration"},
		"cmd/internal/vap":                       {"policies", "policies/guardrails/v1alpha1", "webhook/registration"},
		"cmd/internal/ruletest":                  {"cmd/internal/evaluate", "cmd/internal/manifest", "policies", "policies/changes", "policies/engine"},
		"cmd/internal/cli":                       {"certs", "cmd/internal/artifact", "cmd/internal/audit", "cmd/internal/baseline", "cmd/internal/canary", "cmd/internal/doctor", "cmd/internal/generate", "cmd/internal/evaluate", "cmd/internal/manifest", "cmd/internal/newrule", "cmd/internal/owners", "cmd/internal/parallel", "cmd/internal/planner", "cmd/internal/replay", "cmd/internal/report", "cmd/internal/ruletest", "cmd/internal/topology", "cmd/internal/vap", "policies", "policies/confirmations", "policies/engine", "policies/forecast", "policies/guardrails/v1alpha1", "policies/spelling", "policies/stored", "webhook", "webhook/decisionlog", "webhook/registration", "webhook/tracing"},
		"cmd/stateward":                          {"cmd/internal/cli"},
	}
}

func TestImportsRunOneWay(t *testing.T) {
	t.Parallel()
	rules := allowed()
	for name, imports := range list(t, "./certs/...", "./cmd/...", "./policies/...", "./webhook/...") {
		may, known := rules[name]
		if !known {
			t.Errorf("package %s is not in test/architecture: say there what it may import", name)
		}
		for _, imported := range imports {
			own, isOurs := strings.CutPrefix(imported, module)
			if isOurs && !slices.Contains(may, own) {
				t.Errorf("%s imports %s: only %v may be imported there", name, own, may)
			}
		}
	}
}

func TestEngineImportsNoKubernetesClient(t *testing.T) {
	t.Parallel()
	output, err := exec.CommandContext(t.Context(), "go", "list", "-deps", module+"policies/engine").Output()
	if err != nil {
		t.Fatal(err)
	}
	for imported := range strings.Lines(string(output)) {
		for _, forbidden := range []string{"k8s.io/client-go", "sigs.k8s.io/controller-runtime"} {
			if strings.HasPrefix(imported, forbidden) {
				t.Errorf("policies/engine depends on %s", strings.TrimSpace(imported))
			}
		}
	}
}

// list maps each package below the patterns, without the module's path, to what it imports.
func list(t *testing.T, patterns ...string) map[string][]string {
	t.Helper()
	arguments := append([]string{"list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}"}, patterns...)
	command := exec.CommandContext(t.Context(), "go", arguments...)
	command.Dir = "../.."
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	imports := map[string][]string{}
	for line := range strings.Lines(string(output)) {
		fields := strings.Fields(line)
		imports[strings.TrimPrefix(fields[0], module)] = fields[1:]
	}
	return imports
}
