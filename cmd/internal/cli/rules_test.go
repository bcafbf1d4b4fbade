package cli_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stateward/stateward/cmd/internal/cli"
	"github.com/stateward/stateward/cmd/internal/newrule"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/test/cluster"
)

// ownRule writes a rule as `stateward rules new` does and returns the folder of rules and the rule's own.
func ownRule(t *testing.T) (rules, rule string) {
	t.Helper()
	rules = filepath.Join(t.TempDir(), "own")
	if _, stderr, code := run(t, "", "rules", "new", "owner-label", "--dir", rules); code != 0 {
		t.Fatalf("exit code %d, stderr %q", code, stderr)
	}
	return rules, filepath.Join(rules, "team", "owner-label")
}

func TestNewRulePassesItsTests(t *testing.T) {
	t.Parallel()
	rules, rule := ownRule(t)
	stdout, stderr, code := run(t, "", "rules", "test", rules)
	if want := "rules: 1, Rego tests: 3, examples: 2, problems: 0\n"; code != 0 || stdout != want || stderr != "" {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	stdout, _, _ = run(t, "", "check", "--rules", rules, filepath.Join(rule, "examples", "fail", "nobodys.yaml"))
	if want := `[owner-label] metadata.labels.owner: StatefulSet "web" has no label "owner"`; !strings.Contains(stdout, want) {
		t.Errorf("no %q in\n%s", want, stdout)
	}
	stdout, _, code = run(t, "", "rules", "explain", "owner-label", "--rules", rules)
	if code != 0 || !strings.Contains(stdout, "A StatefulSet says whose it is") {
		t.Errorf("exit code %d, stdout %q", code, stdout)
	}
}

func TestRuleErrorsNameTheirPosition(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		file, old, new string
		code           int
		want           string
	}{
		"a syntax error": {
			file: "owner_label.rego", old: "report contains", new: "report contains }", code: cli.ExitUsage,
			want: "owner_label.rego:22: rego_parse_error",
		},
		"a name that there is not": {
			file: "owner_label.rego", old: "review.statefulsets", new: "none.statefulsets", code: cli.ExitUsage,
			want: "owner_label.rego:27: rego_unsafe_var_error: var none is unsafe",
		},
		"a missing key": {
			file: "owner_label.rego", old: "#   severity: warn\n", new: "", code: cli.ExitUsage,
			want: `owner_label.rego:15: METADATA: key "custom.severity" is missing`,
		},
		"an unknown key": {
			file: "owner_label.rego", old: "severity: warn", new: "severe: warn", code: cli.ExitUsage,
			want: `owner_label.rego:16: METADATA custom: unknown field "severe"`,
		},
		"an expression that does not compile": {
			file: "owner_label.rego", old: "#   severity: warn\n", code: cli.ExitUsage,
			new:  "#   severity: warn\n#   cel: {validations: [{path: spec, expression: objekt.spec == 1, what: \"'wrong'\"}]}\n",
			want: "owner_label.rego:17: METADATA custom.cel.validations[0].expression: \"objekt.spec == 1\": ERROR: <input>:1:1: undeclared reference to 'objekt'",
		},
		"a built-in function that reaches outside": {
			file: "owner_label.rego", old: "some entry in review.statefulsets", new: "http.send({})\n\tsome entry in review.statefulsets", code: cli.ExitUsage,
			want: "owner_label.rego:27: rego_type_error: undefined function http.send",
		},
		"the package of a built-in library": {
			file: "owner_label.rego", old: `package stateward.custom.rules.team["owner-label"]`, new: "package stateward.lib.exempt", code: cli.ExitUsage,
			want: "owner_label.rego:16: package stateward.lib.exempt is not for users: name it stateward.custom.rules",
		},
		"the package of a built-in rule": {
			file: "owner_label.rego", old: `package stateward.custom.rules.team["owner-label"]`, new: `package stateward.rules.image["image-tag"]`, code: cli.ExitUsage,
			want: `package stateward.rules.image["image-tag"] is not for users`,
		},
		"the package that conftest asks": {
			file: "owner_label.rego", old: `package stateward.custom.rules.team["owner-label"]`, new: "package main", code: cli.ExitUsage,
			want: "package main is not for users",
		},
		"the id of a built-in rule": {
			file: "owner_label.rego", old: `team["owner-label"]`, new: `team["image-tag"]`, code: cli.ExitUsage,
			want: `id "image-tag" is taken by`,
		},
		"a test that fails": {
			file: "owner_label_test.rego", old: `"owner": "team-web"`, new: `"owner": ""`, code: cli.ExitViolations,
			want: "owner_label_test.rego:5: data.stateward.custom.rules.team[\"owner-label_test\"].test_a_label_is_fine: FAIL",
		},
		"a line that no test reaches": {
			file: "owner_label.rego", old: "import data.stateward.lib.review\n",
			new: "import data.stateward.lib.review\n\n_unused := 1 if input.never\n", code: cli.ExitViolations,
			want: "owner_label.rego:22: no test reaches lines 22 to 22",
		},
		"changes that the rule does not need": {
			file: "owner_label.rego", old: "#   params:\n", new: "#   changes:\n#     statefulsets: [spec.replicas]\n#   params:\n", code: cli.ExitViolations,
			want: "owner_label.rego:24: custom.changes.statefulsets: this may report something where spec.replicas of the old and the new object are equal",
		},
		"an example that is none": {
			file: "examples/fail/nobodys.yaml", old: "  name: web\nspec", new: "  name: web\n  labels:\n    owner: me\nspec", code: cli.ExitViolations,
			want: "nobodys.yaml: rule owner-label finds nothing: move it to pass/, or mend the rule",
		},
		"an example that cannot be read": {
			file: "examples/pass/owned.yaml", old: "kind: StatefulSet", new: "kind: [", code: cli.ExitViolations,
			want: "owned.yaml:",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rules, rule := ownRule(t)
			edit(t, filepath.Join(rule, test.file), test.old, test.new)
			stdout, stderr, code := run(t, "", "rules", "test", rules)
			if code != test.code || !strings.Contains(stdout+stderr, test.want) {
				t.Errorf("exit code %d, no %q in\n%s%s", code, test.want, stdout, stderr)
			}
		})
	}
}

func TestRuleWithoutExamplesOrTestsIsIncomplete(t *testing.T) {
	t.Parallel()
	rules, rule := ownRule(t)
	for _, name := range []string{"examples", "owner_label_test.rego"} {
		if err := os.RemoveAll(filepath.Join(rule, name)); err != nil {
			t.Fatal(err)
		}
	}
	stdout, _, code := run(t, "", "rules", "test", rules)
	for _, want := range []string{
		"no Rego test", "examples/pass/*: no example", "examples/fail/*: no example",
	} {
		if code != cli.ExitViolations || !strings.Contains(stdout, want) {
			t.Errorf("exit code %d, no %q in\n%s", code, want, stdout)
		}
	}
}

func TestUserRuleCannotReplaceABuiltInFile(t *testing.T) {
	rules, rule := ownRule(t)
	// The library knows its own rule by this very name.
	t.Chdir(filepath.Dir(rules))
	if err := os.MkdirAll("rules/image/image-tag", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(rule, "owner_label.rego"), "rules/image/image-tag/image_tag.rego"); err != nil {
		t.Fatal(err)
	}
	_, stderr, code := run(t, "", "check", "--rules", "rules", "-")
	if want := "rules/image/image-tag/image_tag.rego: this is the name of a built-in file"; code != cli.ExitUsage || !strings.Contains(stderr, want) {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
}

func TestNewRuleOverwritesNothing(t *testing.T) {
	t.Parallel()
	rules, _ := ownRule(t)
	for name, arguments := range map[string][]string{
		"is there already":            {"owner-label"},
		"is not a valid name for a r": {"Owner_Label"},
		"is not a valid name for a c": {"other", "--category", "../.."},
	} {
		_, stderr, code := run(t, "", append([]string{"rules", "new", "--dir", rules}, arguments...)...)
		if code != cli.ExitUsage || !strings.Contains(stderr, name) {
			t.Errorf("exit code %d, stderr %q", code, stderr)
		}
	}
}

func TestNewBuiltInRuleNeedsARepositoryAndACategory(t *testing.T) {
	t.Parallel()
	root, err := cluster.Root()
	if err != nil {
		t.Fatal(err)
	}
	chart, err := os.ReadFile(filepath.Join(root, "manifests", "chart", "Chart.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if _, err := newrule.Builtin(folder, "rollout", "owner-label"); err == nil || !strings.Contains(err.Error(), "run this at its root") {
		t.Errorf("outside of the repository: %v", err)
	}
	for name, text := range map[string]string{"policies/rules/rollout/.keep": "", "policies/rules/scale/.keep": "", "manifests/chart/Chart.yaml": string(chart)} {
		file := filepath.Join(folder, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := newrule.Builtin(folder, "team", "owner-label"); err == nil || err.Error() != `unknown category "team": use one of rollout, scale` {
		t.Errorf("an unknown category: %v", err)
	}
	rule, err := newrule.Builtin(folder, "rollout", "owner-label")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rule.Write(); err != nil {
		t.Fatal(err)
	}
	library, err := policies.Load(os.DirFS(filepath.Join(folder, "policies")))
	if err != nil {
		t.Fatal(err)
	}
	made, known := library.Rule("owner-label")
	if !known || made.Category != "rollout" || made.Since != "v0.1.0" {
		t.Errorf("the rule is %+v", made)
	}
}

func TestRegistrationIncludesRulesOfUsers(t *testing.T) {
	t.Parallel()
	rules, rule := ownRule(t)
	edit(t, filepath.Join(rule, "owner_label.rego"), "#     statefulsets: [CREATE, UPDATE]\n", "#     nodes: [DELETE]\n")
	stdout, stderr, code := run(t, "", "rules", "registration", "--rules", rules)
	if code != 0 || !strings.Contains(stdout, "    - nodes\n    scope: Cluster\n") {
		t.Errorf("exit code %d, stderr %q, stdout\n%s", code, stderr, stdout)
	}
}

func TestRegistrationHasOptInRulesThatAreNamed(t *testing.T) {
	t.Parallel()
	const name = "name: members.stateward.dev"
	config := filepath.Join(t.TempDir(), "guardrails.yaml")
	guardrails := "apiVersion: stateward.dev/v1alpha1\nkind: Guardrails\nmetadata: {name: stateward}\nspec: {rules: [{id: pods-at-once, action: warn}]}\n"
	if err := os.WriteFile(config, []byte(guardrails), 0o600); err != nil {
		t.Fatal(err)
	}
	for arguments, want := range map[string]bool{"": false, "--rule=pods-at-once": true, "--config=" + config: true, "--config=testdata/guardrails.yaml": false} {
		stdout, stderr, code := run(t, "", slices.DeleteFunc([]string{"rules", "registration", arguments}, func(each string) bool { return each == "" })...)
		if code != 0 || strings.Contains(stdout, name) != want {
			t.Errorf("%s: exit code %d, stderr %q, registered %v", arguments, code, stderr, !want)
		}
	}
	for arguments, want := range map[string]string{
		"--rule=quorum": `--rule: rule "quorum" is always registered: --rule is for opt-in rules, here node-delete, pods-at-once, references-in-use, volume-attachment`,
		"--rule=nope":   "--rule: unknown rule \"nope\": `stateward rules` lists the rules",
	} {
		if _, stderr, code := run(t, "", "rules", "registration", arguments); code != cli.ExitUsage || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit code %d, stderr %q", arguments, code, stderr)
		}
	}
}

func edit(t *testing.T, file, from, to string) {
	t.Helper()
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(source), from) {
		t.Fatalf("%s has no %q", file, from)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(source), from, to, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
}
