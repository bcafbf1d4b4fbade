package cli_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stateward/stateward/test/builders"
)

const there = "testdata/audit/there.yaml"

// auditTime is what differs from one audit to the next.
var auditTime = regexp.MustCompile(`("time": "|Judged at )20[^"]*Z(",\n  "headline"|\.)`)

func TestAuditReports(t *testing.T) {
	t.Parallel()
	since := []string{"--since", "testdata/audit/earlier.json"}
	tests := map[string]struct {
		arguments []string
		golden    string
	}{
		"for people":              {nil, "audit.txt"},
		"for an issue":            {[]string{"-o", "markdown"}, "audit.md"},
		"for programs":            {[]string{"-o", "json"}, "audit.json"},
		"as a page":               {[]string{"-o", "html"}, "audit.html"},
		"since, as a page":        {append([]string{"-o", "html"}, since...), "audit-since.html"},
		"since an earlier audit":  {since, "audit-since.txt"},
		"since, for programs":     {append([]string{"-o", "json"}, since...), "audit-since.json"},
		"of one namespace":        {[]string{"-n", "data", "-l", "app=cache"}, "audit-selected.txt"},
		"under other Guardrails":  {[]string{"--config", "testdata/guardrails.yaml", "-n", "web"}, "audit-config.txt"},
		"for a code scanner":      {[]string{"-o", "sarif", "-n", "data", "-l", "app=cache"}, "audit.sarif"},
		"as a report of policies": {[]string{"-o", "policyreport", "-n", "data", "-l", "app=cache"}, "audit.policyreport"},
		"as open reports":         {[]string{"-o", "openreports", "-n", "data", "-l", "app=cache"}, "audit.openreports"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stdout, stderr, _ := run(t, "", append([]string{"audit", "--data", there}, test.arguments...)...)
			if stderr != "" {
				t.Errorf("stderr %q", stderr)
			}
			golden(t, test.golden, auditTime.ReplaceAllString(stdout, "${1}TIME$2"))
			for line := range strings.Lines(stdout) {
				if strings.HasSuffix(test.golden, ".txt") && utf8.RuneCountInString(strings.TrimSuffix(line, "\n")) > 100 {
					t.Errorf("more than 100 columns: %s", line)
				}
			}
		})
	}
}

func TestAuditFindsNothingInGoodObjects(t *testing.T) {
	t.Parallel()
	stdout, stderr, code := run(t, "", "audit", "--data", "testdata/audit/good.yaml", "--fail-on", "warn")
	want := "if you turn strict on today: 0 objects would be denied\n9 objects in 1 namespace judged: 0 denied, 0 warnings\n"
	if code != 0 || stderr != "" || stdout != want {
		t.Errorf("exit code %d, stderr %q, stdout:\n%s", code, stderr, stdout)
	}
}

func TestAuditExitCodes(t *testing.T) {
	t.Parallel()
	broken := filepath.Join(t.TempDir(), "broken.yaml")
	if err := os.WriteFile(broken, []byte("apiVersion: v1\nkind: Service\nmetadata: {name: a\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	invalid := filepath.Join(t.TempDir(), "guardrails.yaml")
	if err := os.WriteFile(invalid, []byte("apiVersion: stateward.dev/v1alpha1\nkind: Guardrails\nmetadata: {name: stateward}\nspec: {profile: none}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		arguments []string
		code      int
		message   string
	}{
		"something is denied":       {[]string{"--data", there}, 1, ""},
		"nothing fails":             {[]string{"--data", there, "--fail-on", "none"}, 0, ""},
		"a warning fails":           {[]string{"--data", there, "-n", "data", "-l", "app=cache", "--fail-on", "warn"}, 1, ""},
		"no such file":              {[]string{"--data", "nowhere.yaml"}, 2, "read --data: nowhere.yaml"},
		"a torn file":               {[]string{"--data", broken}, 2, "broken.yaml:3:1: invalid YAML"},
		"a torn file beside others": {[]string{"--data", broken, "--data", there}, 2, "not all objects could be read: see the report for 1 problem"},
		"Guardrails of the export":  {[]string{"--data", invalid}, 2, "guardrails.yaml: these Guardrails are invalid, correct them or use --config: spec.profile"},
		"a cluster that is away":    {[]string{"--kubeconfig", "testdata/away.kubeconfig"}, 2, "read the Guardrails of the cluster"},
		"an unknown format":         {[]string{"--data", there, "-o", "github"}, 2, `unknown output format "github": use one of text, json, markdown`},
		"no selector":               {[]string{"--data", there, "-l", "a=(b"}, 2, `-l "a=(b"`},
		"all and one namespace":     {[]string{"--data", there, "-A", "-n", "web"}, 2, "-A is every namespace"},
		"no earlier audit":          {[]string{"--data", there, "--since", "testdata/web.yaml"}, 2, "read --since testdata/web.yaml: it is not the JSON report of an audit"},
		"a report of a check":       {[]string{"--data", there, "--since", "testdata/golden/violations.json"}, 2, "it is not the JSON report of an audit: write one"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stdout, stderr, code := run(t, "", append([]string{"audit"}, test.arguments...)...)
			if code != test.code || !strings.Contains(stderr, test.message) {
				t.Errorf("exit code %d, not %d, stderr %q, stdout:\n%s", code, test.code, stderr, stdout)
			}
		})
	}
}

func TestAuditJSONHasItsSchema(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../audit/json.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	check := builders.Schema(t, text)
	for _, arguments := range [][]string{nil, {"--since", "testdata/audit/earlier.json"}} {
		stdout, _, _ := run(t, "", append([]string{"audit", "--data", there, "-o", "json"}, arguments...)...)
		if err := check(stdout); err != nil {
			t.Error(err)
		}
	}
}

// TestAuditPageShowsRealOutput holds the page to the recorded output.
func TestAuditPageShowsRealOutput(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	recorded, err := os.ReadFile("testdata/golden/audit.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, shown, _ := strings.Cut(string(page), "$ stateward audit --data there.yaml\n")
	shown, _, _ = strings.Cut(shown, "[more]\n")
	if shown == "" || !strings.HasPrefix(string(recorded), shown) {
		t.Errorf("the page shows\n%s\nand audit.txt is\n%s", shown, recorded)
	}
}
