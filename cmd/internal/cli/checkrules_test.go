package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stateward/stateward/cmd/internal/cli"
)

func TestCheckOnlyRulesHaveActions(t *testing.T) {
	t.Parallel()
	const budget = "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: {name: a}\nspec: {maxUnavailable: 1}\n"
	for action, test := range map[string]struct {
		code int
		want string
	}{
		"deny":  {cli.ExitViolations, "deny: PodDisruptionBudget default/a: [api-version]"},
		"warn":  {cli.ExitClean, "warn: PodDisruptionBudget default/a: [api-version]"},
		"audit": {cli.ExitClean, "audit: PodDisruptionBudget default/a: [api-version]"},
		"off":   {cli.ExitClean, "0 denied, 0 warnings"},
	} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			config := filepath.Join(t.TempDir(), "guardrails.yaml")
			text := "apiVersion: stateward.dev/v1alpha1\nkind: Guardrails\nmetadata: {name: default}\nspec:\n  rules:\n" +
				"    - {id: api-version, action: \"" + action + "\"}\n"
			if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			stdout, stderr, code := run(t, budget, "check", "--config", config, "-")
			if code != test.code || !strings.Contains(stdout, test.want) {
				t.Errorf("exit code %d, stdout %s, stderr %s", code, stdout, stderr)
			}
			if action == "off" && strings.Contains(stdout, "api-version") {
				t.Errorf("it is not off: %s", stdout)
			}
		})
	}
}

func TestCheckOnlyRulesCanBeIgnored(t *testing.T) {
	t.Parallel()
	const budget = "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\n" +
		"metadata: {name: a, annotations: {stateward.dev/ignore: \"api-version: an old cluster\"}}\nspec: {maxUnavailable: 1}\n"
	stdout, stderr, code := run(t, budget, "check", "--allow-annotations", "-")
	if code != cli.ExitClean || !strings.Contains(stdout, "ignored by its manifest: an old cluster") {
		t.Errorf("exit code %d, stdout %s, stderr %s", code, stdout, stderr)
	}
}

func TestCheckNamesChartsWhenThereIsNothingElse(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "Chart.yaml"), []byte("apiVersion: v2\nname: c\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, stderr, code := run(t, "", "check", "--discover", folder)
	if code != cli.ExitUsage || !strings.Contains(stderr, "Helm charts hold all there is, 1 here: add --discover --helm to render them") {
		t.Errorf("exit code %d, stderr %s", code, stderr)
	}
}
