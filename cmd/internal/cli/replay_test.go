package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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

func TestReplayOutputMatchesGoldenFiles(t *testing.T) {
	t.Parallel()
	log := string(decisions.Log(t, `{"decisionLog":{"mode":"All"}}`))
	folder := written(t, map[string]string{"strict.yaml": strict, "torn.jsonl": log + log[:300]})
	config, torn := filepath.Join(folder, "strict.yaml"), filepath.Join(folder, "torn.jsonl")
	for name, args := range map[string][]string{
		"replay.txt":        {"--config", config, "-"},
		"replay.md":         {"--config", config, "-o", "markdown", "-"},
		"replay.html":       {"--config", config, "-o", "html", "-"},
		"replay.json":       {"--config", config, "-o", "json", "-"},
		"replay-verify.txt": {"--verify", torn},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stdout, stderr, code := run(t, log, append([]string{"replay"}, args...)...)
			if code != cli.ExitClean || stderr != "" {
				t.Errorf("exit code %d, stderr %q", code, stderr)
			}
			// The revision changes with each rule.
			stdout = regexp.MustCompile(`"library": "[0-9a-f]{12}"`).ReplaceAllString(stdout, `"library": "REVISION"`)
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
		"there.yaml":    "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: data}\n",
		"request.yaml":  "apiVersion: admission.k8s.io/v1\nkind: AdmissionReview\nrequest: {uid: u}\n",
		"refused.log":   `{"kind":"Event","apiVersion":"audit.k8s.io/v1","stage":"ResponseComplete","verb":"create","objectRef":{"resource":"statefulsets","apiGroup":"apps"},"responseStatus":{"code":409}}` + "\n",
		"received.log":  `{"kind":"Event","apiVersion":"audit.k8s.io/v1","stage":"RequestReceived","verb":"get","objectRef":{"resource":"pods"}}` + "\n",
		"reads.log":     `{"kind":"Event","apiVersion":"audit.k8s.io/v1","stage":"ResponseComplete","verb":"get","objectRef":{"resource":"pods"}}` + "\n",
	})
	at := func(name string) string { return filepath.Join(folder, name) }
	for name, test := range map[string]struct {
		args []string
		code int
		says string
	}{
		"the same":               {args: []string{"--verify", at("good.jsonl")}},
		"another decision":       {args: []string{"--verify", at("other.jsonl")}, code: cli.ExitViolations},
		"a damaged line":         {args: []string{"--verify", at("damaged.jsonl")}, code: cli.ExitUsage},
		"no decision":            {args: []string{at("foreign.jsonl")}, code: cli.ExitUsage, says: "the logs hold no decision"},
		"an audit log of reads":  {args: []string{at("reads.log")}, code: cli.ExitUsage, says: "the audit log holds no request that a rule judges"},
		"no file":                {args: []string{at("none.jsonl")}, code: cli.ExitUsage, says: "no such file"},
		"no argument":            {code: cli.ExitUsage, says: "name a decision log, or - for standard input"},
		"an unknown format":      {args: []string{"-o", "pdf", at("good.jsonl")}, code: cli.ExitUsage, says: "use text, json, markdown or html"},
		"a report over its log":  {args: []string{"-o", "json=" + at("../"+filepath.Base(folder)+"/good.jsonl"), at("good.jsonl")}, code: cli.ExitUsage, says: "good.jsonl is read, and the report would replace it"},
		"one file for two":       {args: []string{"-o", "json=" + at("new.yaml"), "--write-exceptions", at("./new.yaml"), "--owner", "me", "--config", at("strict.yaml"), at("good.jsonl")}, code: cli.ExitUsage, says: "and --write-exceptions go to"},
		"only refused requests":  {args: []string{at("refused.log")}, code: cli.ExitUsage, says: "the API server refused all requests of the audit log that a rule judges"},
		"only earlier stages":    {args: []string{at("received.log")}, code: cli.ExitUsage, says: "holds no event of the stage ResponseComplete"},
		"verify and a config":    {args: []string{"--verify", "--config", at("strict.yaml"), at("good.jsonl")}, code: cli.ExitUsage, says: "leave out --config"},
		"data to verify":         {args: []string{"--verify", "--data", at("there.yaml"), at("good.jsonl")}, code: cli.ExitUsage, says: "leave it out with --verify and --merge"},
		"data not there":         {args: []string{"--data", at("none.yaml"), at("good.jsonl")}, code: cli.ExitUsage, says: "read --data"},
		"data for no audit log":  {args: []string{"--data", at("there.yaml"), at("good.jsonl")}, code: cli.ExitUsage, says: "--data was not used: the logs hold no audit log of an API server"},
		"data of a request":      {args: []string{"--data", at("request.yaml"), at("good.jsonl")}, code: cli.ExitUsage, says: "an AdmissionReview is not an existing object"},
		"exceptions to nothing":  {args: []string{"--write-exceptions", at("new.yaml"), "--owner", "me", at("good.jsonl")}, code: cli.ExitUsage, says: "give them with --config"},
		"exceptions of no owner": {args: []string{"--write-exceptions", at("new.yaml"), "--config", at("strict.yaml"), at("good.jsonl")}, code: cli.ExitUsage, says: "needs --owner"},
		"an owner of nothing":    {args: []string{"--owner", "me", at("good.jsonl")}, code: cli.ExitUsage, says: "give --write-exceptions too"},
		"exceptions over a file": {args: []string{"--write-exceptions", at("strict.yaml"), "--owner", "me", "--config", at("strict.yaml"), at("good.jsonl")}, code: cli.ExitUsage, says: "strict.yaml exists: name a new file"},
		"a shard that is none":   {args: []string{"--shard", "8/8", at("good.jsonl")}, code: cli.ExitUsage, says: "the index must be from 0 to 7"},
		"a shard of a pipe":      {args: []string{"--shard", "0/8", "-"}, code: cli.ExitUsage, says: "standard input is not one"},
		"a merge of a shard":     {args: []string{"--merge", "--shard", "0/8", at("good.jsonl")}, code: cli.ExitUsage, says: "leave out --shard"},
		"a merge of a log":       {args: []string{"--merge", at("good.jsonl")}, code: cli.ExitUsage, says: "it is not a whole result"},
		"a file without a name":  {args: []string{"-o", "json=", at("good.jsonl")}, code: cli.ExitUsage, says: "names no file"},
		"a folder not there":     {args: []string{"-o", "json=" + at("none/r.json"), at("good.jsonl")}, code: cli.ExitUsage, says: "none does not exist: create it first"},
		"a library not there":    {args: []string{"--library", at("none"), at("good.jsonl")}, code: cli.ExitUsage, says: "read library"},
		"the library of folder":  {args: []string{"--library", "../../../policies", at("good.jsonl")}},
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

// auditEvents is an audit log: a StatefulSet is created, and one in a namespace that the export does not hold.
const auditEvents = `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"RequestResponse","auditID":"a","stage":"ResponseComplete","verb":"create","requestReceivedTimestamp":"2026-11-23T05:00:00.000000Z","user":{"username":"alice"},"objectRef":{"resource":"statefulsets","namespace":"data","name":"web","apiGroup":"apps"},"responseStatus":{"code":201},"responseObject":{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"web","namespace":"data","uid":"u","generation":1},"spec":{"serviceName":"web","replicas":3,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"web","image":"nginx:1.27.4"}]}}}}}
{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"RequestResponse","auditID":"b","stage":"ResponseComplete","verb":"create","requestReceivedTimestamp":"2026-11-23T05:01:00.000000Z","user":{"username":"bob"},"objectRef":{"resource":"statefulsets","namespace":"shop","name":"web","apiGroup":"apps"},"responseStatus":{"code":201},"responseObject":{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"web","namespace":"shop","uid":"v","generation":1},"spec":{"serviceName":"web","replicas":3,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"web","image":"nginx:1.27.4"}]}}}}}
`

func TestReplayTakesTheInventoryFromData(t *testing.T) {
	t.Parallel()
	folder := written(t, map[string]string{
		"guardrails.yaml": "apiVersion: stateward.dev/v1alpha1\nkind: Guardrails\nmetadata: {name: stateward}\nspec: {}\n", "audit.log": auditEvents,
		"there.yaml": `apiVersion: v1
kind: List
items:
  - {apiVersion: v1, kind: Service, metadata: {name: other, namespace: data}, spec: {clusterIP: None, selector: {app: other}}}
  - {apiVersion: apps/v1, kind: StatefulSet, metadata: {name: web, namespace: data}, spec: {serviceName: web, replicas: 3, selector: {matchLabels: {app: web}}}}
  - {apiVersion: v1, kind: ConfigMap, metadata: {name: that-no-rule-reads, namespace: shop}}
`,
	})
	at := func(name string) string { return filepath.Join(folder, name) }
	stdout, stderr, code := run(t, "", "replay", "--config", at("guardrails.yaml"), "--data", at("there.yaml"), at("audit.log"))
	if code != cli.ExitClean || stderr != "" {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
	golden(t, "replay-data.txt", strings.ReplaceAll(stdout, folder+string(filepath.Separator), ""))
}

func TestReplayWithALibraryFolderGivesEqualResults(t *testing.T) {
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

func TestReplayWritesExceptionsThatAllowTheRequests(t *testing.T) {
	t.Parallel()
	config := strings.Replace(strict, "  rules:\n", "  # What is denied.\n  exceptions: []\n  rules:\n    - {id: service-in-use, action: deny}\n", 1)
	folder := written(t, map[string]string{"strict.yaml": config, "log.jsonl": string(decisions.Log(t, `{"decisionLog":{"mode":"All"},"rules":[{"id":"cascade-delete","action":"warn"}]}`))})
	at := func(name string) string { return filepath.Join(folder, name) }
	stdout, stderr, code := run(t, "", "replay", "--config", at("strict.yaml"), "--write-exceptions", at("eased.yaml"), "--owner", "team-db", at("log.jsonl"))
	if code != cli.ExitClean || !strings.Contains(stderr, "eased.yaml: 1 exception added, each for 90 days: review them before you apply the file\n") {
		t.Fatalf("exit code %d, stderr %q, output:\n%s", code, stderr, stdout)
	}
	eased, err := os.ReadFile(at("eased.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	expires := regexp.MustCompile(`expires: "[^"]*"`)
	golden(t, "replay-exceptions.yaml", expires.ReplaceAllString(string(eased), "expires: LATER"))
	stdout, stderr, code = run(t, "", "replay", "--config", at("eased.yaml"), at("log.jsonl"))
	if code != cli.ExitClean || !strings.HasPrefix(stdout, "of 14 requests, 0 would be denied now\n") {
		t.Errorf("exit code %d, stderr %q, output:\n%s", code, stderr, stdout)
	}
}

func TestReplayMakesNoExceptionForLossOfData(t *testing.T) {
	t.Parallel()
	folder := written(t, map[string]string{
		"deny.yaml": strings.ReplaceAll(strict, `action: "off"`, "action: deny"),
		"log.jsonl": string(decisions.Log(t, `{"decisionLog":{"mode":"All"},"rules":[{"id":"cascade-delete","action":"warn"}]}`)),
	})
	at := func(name string) string { return filepath.Join(folder, name) }
	_, stderr, code := run(t, "", "replay", "--config", at("deny.yaml"), "--write-exceptions", at("eased.yaml"), "--owner", "team-db", at("log.jsonl"))
	if want := "that cascade-delete would deny: the rule is about loss of data, so each of them is confirmed when it is made"; code != cli.ExitClean || !strings.Contains(stderr, want) {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
	eased, err := os.ReadFile(at("eased.yaml"))
	if err != nil || strings.Contains(string(eased), "- cascade-delete") {
		t.Errorf("%v:\n%s", err, eased)
	}
}

func TestReplayMergesTheResultsOfItsShards(t *testing.T) {
	t.Parallel()
	log := string(decisions.Log(t, `{"decisionLog":{"mode":"All"}}`))
	folder := written(t, map[string]string{"strict.yaml": strict, "a.jsonl": log, "b.jsonl": log, "c.jsonl": log})
	at := func(name string) string { return filepath.Join(folder, name) }
	if err := os.Mkdir(at("results"), 0o700); err != nil {
		t.Fatal(err)
	}
	arguments := []string{"replay", "--config", at("strict.yaml"), at("*.jsonl")}
	for _, shard := range []string{"0", "1", "2", "3"} {
		_, stderr, code := run(t, "", append(arguments, "--shard", shard+"/4", "-o", "json="+at("results/"+shard+".json"))...)
		if code != cli.ExitClean || stderr != "" {
			t.Fatalf("shard %s: exit code %d, stderr %q", shard, code, stderr)
		}
	}
	whole, _, _ := run(t, "", arguments...)
	merged, stderr, code := run(t, "", "replay", "--merge", "--config", at("strict.yaml"), at("results"))
	if diff := cmp.Diff(whole, merged); diff != "" || code != cli.ExitClean {
		t.Errorf("exit code %d, stderr %q (-one replay +merged):\n%s", code, stderr, diff)
	}
	if err := os.Remove(at("results/2.json")); err != nil {
		t.Fatal(err)
	}
	merged, stderr, code = run(t, "", "replay", "--merge", at("results"))
	if code != cli.ExitUsage || !strings.Contains(stderr, "no result of shard 2/4") || !strings.HasPrefix(merged, "of 28 requests") {
		t.Errorf("exit code %d, stderr %q, output:\n%s", code, stderr, merged)
	}
}

func TestReplayWritesExceptionsOfTheSameLibraryOnly(t *testing.T) {
	t.Parallel()
	folder := written(t, map[string]string{"strict.yaml": strict, "log.jsonl": string(decisions.Log(t, `{"decisionLog":{"mode":"All"}}`))})
	at := func(name string) string { return filepath.Join(folder, name) }
	if _, stderr, code := run(t, "", "replay", "--config", at("strict.yaml"), "-o", "json="+at("result.json"), at("log.jsonl")); code != cli.ExitClean {
		t.Fatal(code, stderr)
	}
	result, err := os.ReadFile(at("result.json"))
	if err != nil {
		t.Fatal(err)
	}
	other := regexp.MustCompile(`"library": "[0-9a-f]{12}"`).ReplaceAll(result, []byte(`"library": "another"`))
	if err := os.WriteFile(at("result.json"), other, 0o600); err != nil {
		t.Fatal(err)
	}
	_, stderr, code := run(t, "", "replay", "--merge", "--config", at("strict.yaml"), "--write-exceptions", at("eased.yaml"), "--owner", "me", at("result.json"))
	if code != cli.ExitUsage || !strings.Contains(stderr, "the results are of rule library another, and this is ") {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
}

func TestServeFailsIfTheDecisionLogIsNotWritable(t *testing.T) {
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
