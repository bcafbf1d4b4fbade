package cli_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/cmd/internal/cli"
)

var update = flag.Bool("update", false, "write the golden files")

// run executes a command line in-process and returns what a shell would see.
func run(t *testing.T, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	return runAs(t, "stateward", stdin, args...)
}

// runAs does the same under another name of the program.
func runAs(t *testing.T, program, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	err := cli.Run(t.Context(), append([]string{program}, args...), cli.Streams{In: strings.NewReader(stdin), Out: &out, Err: &errs})
	return out.String(), errs.String() + cli.Message(err), cli.ExitCode(err)
}

// golden compares got with a file; `go test ./cmd/internal/cli -update` writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v: run `go test ./cmd/internal/cli -update`", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got); `go test ./cmd/internal/cli -update` takes the new one:\n%s", file, diff)
	}
}

func TestOutputMatchesGoldenFiles(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		stdin string
		args  []string
		code  int
	}{
		"tutorial.txt":    {args: []string{"check", "testdata/web.yaml"}},
		"tutorial.json":   {args: []string{"check", "-o", "json", "testdata/web.yaml"}},
		"violations.txt":  {args: []string{"check", "testdata/violations.yaml"}, code: cli.ExitViolations},
		"violations.html": {args: []string{"check", "-o", "html", "testdata/violations.yaml"}, code: cli.ExitViolations},
		"configured.txt":  {args: []string{"check", "--config", "testdata/guardrails.yaml", "testdata/violations.yaml"}},
		"excepted.txt":    {args: []string{"check", "--config", "testdata/exceptions.yaml", "testdata/violations.yaml"}},
		"partial.txt":     {args: []string{"check", "--partial", "--verbose", "testdata/violations.yaml"}, code: cli.ExitViolations},
		"namespace.txt":   {args: []string{"check", "-n", "data", "-"}, stdin: strings.ReplaceAll(violations(t), "nginx:latest", "nginx:1.27.4")},
		"review.txt":      {args: []string{"check", "../../../test/testdata/reviews/11-delete-background.json"}, code: cli.ExitViolations},
		"github.txt":      {args: []string{"check", "-o", "github", "testdata/violations.yaml"}, code: cli.ExitViolations},
		"rules.txt":       {args: []string{"rules"}},
		"rules.json":      {args: []string{"rules", "-o", "json"}},
		"explain.txt":     {args: []string{"rules", "explain", "headless-service"}},
		"rendered.yaml":   {args: []string{"guardrails", "render", "--config", "testdata/fragments.yaml"}},
		"settings.txt": {args: []string{
			"guardrails", "explain", "--config", "testdata/fragments.yaml", "-f", "testdata/set.yaml", "--operation", "create",
			"--as", "system:serviceaccount:velero:velero",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stdout, stderr, code := run(t, test.stdin, test.args...)
			if code != test.code || stderr != "" {
				t.Errorf("exit code %d, stderr %q", code, stderr)
			}
			golden(t, name, stdout)
		})
	}
}

func TestBadInputGetsOneClearErrorWithItsPlace(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		stdin string
		args  []string
		code  int
		want  string
	}{
		"not YAML": {
			stdin: "kind: StatefulSet\n  apiVersion: [\n", args: []string{"check", "-"}, code: cli.ExitUsage,
			want: "error: stdin:2:3: invalid YAML: ",
		},
		"a key twice": {
			stdin: "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n  name: b\n", args: []string{"check", "-"},
			code: cli.ExitUsage, want: "error: stdin:5:3: ",
		},
		"a field that Kubernetes does not have": {
			stdin: "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\nspec:\n  clusterIp: None\n", args: []string{"check", "-"},
			code: cli.ExitUsage, want: "error: stdin:6:3: spec.clusterIp: Service has no such field",
		},
		"a validation that there is not": {
			args: []string{"check", "--validate", "no", "-"}, code: cli.ExitUsage, want: `--validate "no": use strict, warn or ignore`,
		},
		"a kustomization that is not there": {
			args: []string{"check", "-k", "testdata/none"}, code: cli.ExitUsage, want: "error: testdata/none: cannot be built: ",
		},
		"escapes in a name": {
			stdin: strings.Replace(violations(t), "name: web", `name: "\x1b[31mweb"`, 1),
			args:  []string{"check", "--rules", crashing(t), "-"}, code: cli.ExitInternal, want: "StatefulSet default/\uFFFD[31mweb could not be evaluated: ",
		},
		"a file that is not there": {
			args: []string{"check", "testdata/none.yaml"}, code: cli.ExitUsage, want: "testdata/none.yaml",
		},
		"no path": {args: []string{"check"}, code: cli.ExitUsage, want: "see `stateward check --help`"},
		"an unknown flag": {
			args: []string{"check", "--nonsense", "-"}, code: cli.ExitUsage,
			want: "unknown flag: --nonsense: see `stateward check --help`",
		},
		"a mistyped flag": {
			args: []string{"check", "--basline", "main", "-"}, code: cli.ExitUsage,
			want: "unknown flag: --basline: did you mean --baseline? see `stateward check --help`",
		},
		"an unknown format": {
			args: []string{"check", "-o", "xml", "-"}, code: cli.ExitUsage,
			want: `unknown output format "xml": use one of text, json, html, junit, sarif, github, gitlab, tap, policyreport, openreports`,
		},
		"an unknown verb": {args: []string{"chekc"}, code: cli.ExitUsage, want: `did you mean "stateward check"?`},
		"an unknown rule": {
			args: []string{"rules", "explain", "none"}, code: cli.ExitUsage,
			want: "unknown rule \"none\": `stateward rules` lists them",
		},
		"a mistyped rule": {
			args: []string{"rules", "explain", "same-objct"}, code: cli.ExitUsage,
			want: "unknown rule \"same-objct\": did you mean \"same-object\"? `stateward rules` lists them",
		},
		"an unknown rule in the configuration": {
			args: []string{"check", "--config", "testdata/unknown-rule.yaml", "testdata/web.yaml"}, code: cli.ExitUsage,
			want: "error: testdata/unknown-rule.yaml:6:7: spec.rules[0].id: unknown rule \"image-tagg\": did you mean \"image-tag\"? `stateward rules` lists them",
		},
		"no configuration there": {
			args: []string{"check", "--config", "testdata/none.yaml", "testdata/web.yaml"}, code: cli.ExitUsage,
			want: "error: --config testdata/none.yaml: no file has this name: check the path, which begins at the working directory",
		},
		"an AdmissionReview without request": {
			stdin: "apiVersion: admission.k8s.io/v1\nkind: AdmissionReview\n", args: []string{"check", "-"},
			code: cli.ExitUsage, want: "error: stdin:1:1: read AdmissionReview: it has no request with an operation",
		},
		"what cannot be evaluated": {
			stdin: violations(t), args: []string{"check", "--rules", crashing(t), "-"},
			code: cli.ExitInternal, want: "error: stdin:12:1: StatefulSet default/web could not be evaluated: ",
		},
		"a certificate whose key is another": {
			args: []string{"serve", "--kubeconfig", "testdata/away.kubeconfig", "--cert-file", "testdata/a.crt", "--key-file", "testdata/b.key"},
			code: cli.ExitUsage, want: "error: load certificate testdata/a.crt with key testdata/b.key: tls: private key does not match public key",
		},
		"half a certificate": {
			args: []string{"serve", "--kubeconfig", "testdata/away.kubeconfig", "--cert-file", "testdata/a.crt"}, code: cli.ExitUsage, want: "--cert-file and --key-file go together",
		},
		"a shutdown that is over before it may be": {
			args: []string{"serve", "--kubeconfig", "testdata/away.kubeconfig", "--shutdown-delay", "2m"}, code: cli.ExitUsage,
			want: "error: --shutdown-delay 2m0s and --shutdown-timeout 1m35s: neither may be negative, and the delay must not exceed the timeout",
		},
		"a collector that is not one": {
			args: []string{"serve", "--kubeconfig", "testdata/away.kubeconfig", "--tracing-endpoint", "collector:4317"}, code: cli.ExitUsage,
			want: `error: --tracing-endpoint and --tracing-sampling-rate-per-million: the endpoint "collector:4317" must be a URL such as http://collector:4318`,
		},
		"no kubeconfig there": {
			args: []string{"serve", "--kubeconfig", "testdata/none"}, code: cli.ExitUsage, want: "error: read kubeconfig testdata/none: ",
		},
		"a doctor for a cluster that is away": {
			args: []string{"doctor", "--kubeconfig", "testdata/away.kubeconfig"},
			code: cli.ExitUsage, want: "error: reach Kubernetes API at http://127.0.0.1:1: ",
		},
		"a built-in rule without category": {
			args: []string{"rules", "new", "owner-label", "--builtin"}, code: cli.ExitUsage, want: "error: --builtin needs --category: use the name of a folder",
		},
		"a doctor with an unknown output format": {
			args: []string{"doctor", "-o", "yaml"}, code: cli.ExitUsage, want: "error: -o yaml: use text or json",
		},
		"a doctor who looks where nothing is judged": {
			args: []string{"doctor", "-n", "kube-system"}, code: cli.ExitUsage, want: "error: --namespace kube-system: the namespace is exempt",
		},
		"an API server that is away": {
			args: []string{"serve", "--kubeconfig", "testdata/away.kubeconfig", "--metrics-address", "0", "--probe-address", "0"},
			code: cli.ExitInternal, want: "error: reach Kubernetes API at http://127.0.0.1:1: ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stdout, stderr, code := run(t, test.stdin, test.args...)
			if code != test.code || !strings.Contains(stderr, test.want) {
				t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
			}
		})
	}
}

func TestVersionNamesTheLibrary(t *testing.T) {
	t.Parallel()
	stdout, _, code := run(t, "", "version")
	if code != 0 || !strings.Contains(stdout, "rule library ") {
		t.Errorf("exit code %d, stdout %q", code, stdout)
	}
}

// crashing is a folder with a rule that cannot be evaluated for any StatefulSet.
func crashing(t *testing.T) (folder string) {
	t.Helper()
	folder = t.TempDir()
	const rule = `# METADATA
# title: A rule that crashes
# description: To number what is no number.
# custom:
#   severity: warn
#   on:
#     statefulsets: [CREATE, UPDATE]
#   fix: nothing helps
#   since: v1
package stateward.custom.rules.team.crash

import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {"path": [], "what": "crashes"}) if {
	some entry in review.statefulsets
	to_number(entry.object.kind) == 1
}
`
	if err := os.MkdirAll(filepath.Join(folder, "team", "crash"), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "team", "crash", "crash.rego"), []byte(rule), 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

func violations(t *testing.T) string {
	t.Helper()
	source, err := os.ReadFile("testdata/violations.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(source)
}

func TestCheckAllowsUnknownFieldsWhenAsked(t *testing.T) {
	t.Parallel()
	const service = "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\nspec:\n  clusterIp: None\n  ports: [{port: 80}]\n"
	for how, want := range map[string]string{
		"warn":   "stdin:6:3: warning: spec.clusterIp: Service has no such field\n",
		"ignore": "",
	} {
		stdout, _, code := run(t, service, "check", "--validate", how, "-")
		if got, _, _ := strings.Cut(stdout, "1 document"); code != cli.ExitClean || got != want {
			t.Errorf("%s: exit code %d, stdout %q", how, code, stdout)
		}
	}
}
