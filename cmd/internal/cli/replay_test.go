package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stateward/stateward/cmd/internal/cli"
	"github.com/stateward/stateward/test/decisions"
)

// strict are Guardrails under which more and less is denied than without any.
const strict = `apiVersion: stateward.dev/v1alpha1
kind: Guardrails
metadata: {name: stateward}
spec:
  rules:
    - {id: canary-first, action: deny}
    - {id: readiness-gate, action: deny}
    - {id: cascade-delete, action: "off"}
`

// written puts files into a folder and returns it.
func written(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestReplayOutputIsAsRecorded(t *testing.T) {
	t.Parallel()
	log := string(decisions.Log(t, `{"decisionLog":{"mode":"All"}}`))
	folder := written(t, map[string]string{"strict.yaml": strict, "torn.jsonl": log + log[:300]})
	config, torn := filepath.Join(folder, "strict.yaml"), filepath.Join(folder, "torn.jsonl")
	for name, args := range map[string][]string{
		"replay.txt":        {"--config", config, "-"},
		"replay.md":         {"--config", config, "-o", "markdown", "-"},
		"replay.json":       {"--config", config, "-o", "json", "-"},
		"replay-verify.txt": {"--verify", torn},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stdout, stderr, code := run(t, log, append([]string{"replay"}, args...)...)
			if code != cli.ExitClean || stderr != "" {
				t.Errorf("exit code %d, stderr %q", code, stderr)
			}
			golden(t, name, strings.ReplaceAll(stdout, folder+string(filepath.Separator), ""))
		})
	}
}

func TestReplayExitCodes(t *testing.T) {
	t.Parallel()
	log := string(decisions.Log(t, `{"decisionLog":{"mode":"All"}}`))
	folder := written(t, map[string]string{
		"good.jsonl": log, "strict.yaml": strict,
		"other.jsonl":   strings.Replace(log, `"allowed":false`, `"allowed":true`, 1),
		"damaged.jsonl": "{\n" + log,
		"foreign.jsonl": `{"level":"INFO"}` + "\n",
	})
	at := func(name string) string { return filepath.Join(folder, name) }
	for name, test := range map[string]struct {
		args []string
		code int
		says string
	}{
		"the same":              {args: []string{"--verify", at("good.jsonl")}},
		"another decision":      {args: []string{"--verify", at("other.jsonl")}, code: cli.ExitViolations},
		"a damaged line":        {args: []string{"--verify", at("damaged.jsonl")}, code: cli.ExitUsage},
		"no decision":           {args: []string{at("foreign.jsonl")}, code: cli.ExitUsage, says: "the logs hold no decision"},
		"no file":               {args: []string{at("none.jsonl")}, code: cli.ExitUsage, says: "no such file"},
		"no argument":           {code: cli.ExitUsage, says: "requires at least 1 arg"},
		"an unknown format":     {args: []string{"-o", "html", at("good.jsonl")}, code: cli.ExitUsage, says: "use text, json or markdown"},
		"verify and a config":   {args: []string{"--verify", "--config", at("strict.yaml"), at("good.jsonl")}, code: cli.ExitUsage, says: "leave out --config"},
		"a library not there":   {args: []string{"--library", at("none"), at("good.jsonl")}, code: cli.ExitUsage, says: "read library"},
		"the library of folder": {args: []string{"--library", "../../../policies", at("good.jsonl")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stdout, stderr, code := run(t, "", append([]string{"replay"}, test.args...)...)
			if code != test.code || !strings.Contains(stderr, test.says) {
				t.Errorf("exit code %d instead of %d, stderr %q, output:\n%s", code, test.code, stderr, stdout)
			}
		})
	}
}

func TestReplayUnderALibraryFromAFolderIsTheSame(t *testing.T) {
	t.Parallel()
	log := string(decisions.Log(t, `{"decisionLog":{"mode":"All"}}`))
	stdout, stderr, code := run(t, log, "replay", "--library", "../../../policies", "-o", "json", "-")
	var said struct {
		Classes map[string]struct{ Count int } `json:"classes"`
	}
	if err := json.Unmarshal([]byte(stdout), &said); err != nil || code != cli.ExitClean {
		t.Fatal(err, stderr, code)
	}
	if len(said.Classes) != 1 || said.Classes["same"].Count != 14 {
		t.Errorf("the same rules decide otherwise: %s", stdout)
	}
}

func TestServeRefusesADecisionLogThatItCannotWrite(t *testing.T) {
	t.Parallel()
	kubeconfig := "testdata/away.kubeconfig"
	for name, test := range map[string]struct {
		args []string
		says string
	}{
		"a folder":      {[]string{"--decision-log", t.TempDir()}, "open decision log"},
		"a size":        {[]string{"--decision-log-max-size", "much"}, `--decision-log-max-size "much": write a size such as 32Mi or 1Gi`},
		"fewer than no": {[]string{"--decision-log-max-files", "-1"}, "must not be negative"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, stderr, code := run(t, "", append([]string{"serve", "--kubeconfig", kubeconfig}, test.args...)...)
			if code != cli.ExitUsage || !strings.Contains(stderr, test.says) {
				t.Errorf("exit code %d, stderr %q", code, stderr)
			}
		})
	}
}
