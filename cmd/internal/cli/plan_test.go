package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// until and ago are times that depend on when the test runs.
var (
	until = regexp.MustCompile(`confirm-until=\S+?Z`)
	ago   = regexp.MustCompile(`of \S+( days)? ago`)
)

func withoutTimes(text string) string {
	return ago.ReplaceAllString(until.ReplaceAllString(text, "confirm-until=TIME"), "of AGE ago")
}

// plans are command lines whose output is recorded; the page of policies/forecast shows some of them.
func plans() map[string][]string {
	return map[string][]string{
		"plan-rollout.txt":   {"--data", "testdata/plan/healthy.yaml", "-f", "testdata/plan/db.yaml"},
		"plan-rollout.md":    {"--data", "testdata/plan/healthy.yaml", "-f", "testdata/plan/db.yaml", "-o", "markdown"},
		"plan-rollout.json":  {"--data", "testdata/plan/healthy.yaml", "-f", "testdata/plan/db.yaml", "-o", "json"},
		"plan-rollout.html":  {"--data", "testdata/plan/healthy.yaml", "-f", "testdata/plan/db.yaml", "-o", "html"},
		"plan-stuck.html":    {"--data", "testdata/plan/stuck.yaml", "-n", "data", "--image", "sts/db=postgres:16", "-o", "html"},
		"plan-scale.html":    {"--data", "testdata/plan/scaled.yaml", "-n", "data", "--scale", "sts/db=1", "-o", "html"},
		"plan-stuck.txt":     {"--data", "testdata/plan/stuck.yaml", "-n", "data", "--image", "sts/db=postgres:16"},
		"plan-scale.txt":     {"--data", "testdata/plan/scaled.yaml", "-n", "data", "--scale", "sts/db=1"},
		"plan-namespace.txt": {"--data", "testdata/plan/healthy.yaml", "--delete", "ns/data"},
		"plan-orphan.txt":    {"--data", "testdata/plan/healthy.yaml", "-n", "data", "--delete", "sts/db", "--cascade", "orphan"},
		"plan-claim.txt":     {"--data", "testdata/plan/healthy.yaml", "-n", "data", "--delete", "pvc/data-db-2"},
		"plan-service.txt":   {"--data", "testdata/plan/healthy.yaml", "-n", "data", "--delete", "svc/db"},
		"plan-pod.txt":       {"--data", "testdata/plan/healthy.yaml", "-n", "data", "--delete", "pod/db-1"},
		"plan-others.txt":    {"--data", "testdata/plan/healthy.yaml", "-f", "testdata/plan/db.yaml", "-f", "testdata/plan/service.yaml", "-f", "testdata/web.yaml"},
		"plan-others.md":     {"--data", "testdata/plan/healthy.yaml", "-f", "testdata/plan/db.yaml", "-f", "testdata/plan/service.yaml", "-o", "markdown"},
		"plan-others.html":   {"--data", "testdata/plan/healthy.yaml", "-f", "testdata/plan/db.yaml", "-f", "testdata/plan/service.yaml", "-o", "html"},
		"plan-budget.txt":    {"--data", "testdata/plan/healthy.yaml", "--data", "testdata/plan/guarded.yaml", "-f", "testdata/plan/db.yaml"},
		"plan-snapshots.txt": {"--data", "testdata/plan/scaled.yaml", "--data", "testdata/plan/guarded.yaml", "-n", "data", "--scale", "sts/db=1"},
		"plan-retained.txt":  {"--data", "testdata/plan/healthy.yaml", "--data", "testdata/plan/guarded.yaml", "--delete", "ns/data"},
		"plan-names.txt":     {"--data", "testdata/plan/healthy.yaml", "-f", "testdata/plan/names.yaml", "-f", "testdata/plan/db.yaml"},
		"plan-baseline.txt":  {"--baseline", "testdata/plan-before", "-f", "testdata/plan-after"},
		"plan-volume.txt":    {"--data", "testdata/plan/healthy.yaml", "--delete", "pv/pv-1"},
	}
}

func TestPlanOutputMatchesGoldenFiles(t *testing.T) {
	t.Parallel()
	for name, args := range plans() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stdout, stderr, code := run(t, "", append([]string{"plan"}, args...)...)
			if code != 2 || stderr != "" {
				t.Errorf("exit code %d, stderr %q", code, stderr)
			}
			golden(t, name, withoutTimes(stdout))
		})
	}
}

func TestPlanExitCodes(t *testing.T) {
	t.Parallel()
	healthy := []string{"plan", "--data", "testdata/plan/healthy.yaml", "-n", "data"}
	for name, test := range map[string]struct {
		args []string
		code int
		// alone says that nothing is stored.
		alone bool
	}{
		"nothing":            {args: []string{"--scale", "sts/db=3"}},
		"something":          {args: []string{"--scale", "sts/db=2"}, code: 2},
		"loss of a scale":    {args: []string{"--scale", "sts/db=2", "--fail-on", "loss"}, code: 2},
		"loss of a delete":   {args: []string{"--delete", "pvc/data-db-2", "--fail-on", "loss", "-o", "json"}, code: 3},
		"restart":            {args: []string{"--image", "sts/db=postgres:16.1", "--fail-on", "stuck,restart", "-o", "markdown"}, code: 3},
		"restart, html":      {args: []string{"--image", "sts/db=postgres:16.1", "--fail-on", "restart", "-o", "html"}, code: 3},
		"no restart":         {args: []string{"--delete", "sts/db", "--cascade", "orphan", "--fail-on", "loss,stuck,restart"}, code: 2},
		"nothing, fail-on":   {args: []string{"--scale", "sts/db=3", "--fail-on", "loss,stuck,restart"}},
		"standard input":     {args: []string{"-f", "-"}, code: 1},
		"older Kubernetes":   {args: []string{"--image", "sts/db=postgres:16.1", "--kubernetes-version", "v1.30.2"}, code: 2},
		"baseline, the same": {args: []string{"--baseline", "./testdata/plan-before", "-f", "testdata/plan-before"}, alone: true},
		"baseline, loss":     {args: []string{"--baseline", "./testdata/plan-before", "-f", "testdata/plan-after", "--fail-on", "loss"}, alone: true, code: 3},
		"baseline, new":      {args: []string{"--baseline", "./testdata/plan-after", "-f", "testdata/plan-before", "-o", "json"}, alone: true, code: 2},
		"no namespace":       {args: []string{"--data", "testdata/plan/unplaced.yaml", "--scale", "sts/db=1"}, alone: true, code: 2},
		"several, one loss":  {args: []string{"--scale", "sts/db=3", "--delete", "ns/data", "--fail-on", "loss"}, code: 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := append(slices.Clone(healthy), test.args...)
			if test.alone {
				args = append([]string{"plan"}, test.args...)
			}
			if _, stderr, code := run(t, "", args...); code != test.code {
				t.Errorf("exit code %d instead of %d: %s", code, test.code, stderr)
			}
		})
	}
}

func TestPlanReportsBadInputInOneSentence(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"--baseline compares manifests: use it with -f or -k alone": {"--baseline", "main", "--scale", "sts/db=1"},
		"nothing to plan: use -f":                                   {},
		"namespace data has no StatefulSet dx":                      {"--scale", "sts/dx=1"},
		`--scale "db=1": write it like sts/db=VALUE`:                {"--scale", "db=1"},
		"the number of replicas must be 0 or more":                  {"--scale", "sts/db=-1"},
		"name one of the containers postgres":                       {"--image", "sts/db/sidecar=a:1"},
		`--delete "deploy/db": use statefulset`:                     {"--delete", "deploy/db"},
		"namespace data has no PersistentVolumeClaim x":             {"--delete", "pvc/x"},
		"namespace other has no StatefulSet and no claim":           {"--delete", "ns/other"},
		"--cascade all: use background, foreground or orphan":       {"--delete", "sts/db", "--cascade", "all"},
		"-o yaml: use text, json, markdown or html":                 {"-o", "yaml", "--scale", "sts/db=1"},
		`unknown --fail-on "death": use loss, stuck or restart`:     {"--fail-on", "death", "--scale", "sts/db=1"},
		`version "two" of Kubernetes: write it like 1.37`:           {"--kubernetes-version", "two", "--scale", "sts/db=1"},
		"unknown flag: --history":                                   {"--history", "main"},
		"no StatefulSet is changed; not forecast: 1 Service":        {"-f", "testdata/plan/service.yaml"},
		"read --data: testdata/plan/none.yaml: no such file":        {"--scale", "sts/db=1", "--data", "testdata/plan/none.yaml"},
		"PersistentVolume pv-9 is bound to no claim of a StatefulS": {"--delete", "pv/pv-9"},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			stdout, stderr, code := run(t, "", append([]string{"plan", "--data", "testdata/plan/healthy.yaml", "-n", "data"}, args...)...)
			if code != 1 || !strings.Contains(stderr, want) || stdout != "" || strings.Contains(stderr, "\n") {
				t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
			}
		})
	}
}

func TestPlanDrawsIn100Columns(t *testing.T) {
	t.Parallel()
	healthy, err := os.ReadFile("testdata/plan/healthy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "empty.yaml")
	large := strings.ReplaceAll(string(healthy), "replicas: 3\n    serviceName", "replicas: 300\n    serviceName")
	if err := os.WriteFile(file, []byte(large), 0o644); err != nil {
		t.Fatal(err)
	}
	stdout, stderr, code := run(t, "", "plan", "--data", file, "-n", "data", "--image", "sts/db=postgres:16.1")
	if code != 2 || !strings.Contains(stdout, "more pods)") || !strings.Contains(stdout, "more steps") {
		t.Errorf("exit code %d, stderr %q, stdout:\n%s", code, stderr, stdout)
	}
	for line := range strings.Lines(stdout) {
		if strings.HasPrefix(line, "  db-") && len(strings.TrimRight(line, "\n")) > 100 {
			t.Errorf("%d columns: %s", len(line), line)
		}
	}
}

func TestPlanJSONHasItsSchema(t *testing.T) {
	t.Parallel()
	stdout, _, _ := run(t, "", "plan", "--data", "testdata/plan/scaled.yaml", "-n", "data", "--scale", "sts/db=1", "-o", "json")
	var read struct {
		Schema  string
		Summary struct{ Lost, Kept, Stops []string }
	}
	if err := json.Unmarshal([]byte(stdout), &read); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"pv-2"}, read.Summary.Lost); diff != "" || read.Schema != "stateward.dev/plan/v1" {
		t.Errorf("schema %s, lost volumes (-want +got):\n%s", read.Schema, diff)
	}
}

// TestForecastPageShowsRealOutput holds the page to the recorded outputs.
func TestForecastPageShowsRealOutput(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../policies/forecast/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"plan-rollout.txt", "plan-stuck.txt", "plan-scale.txt", "plan-namespace.txt"} {
		recorded, err := os.ReadFile(filepath.Join("testdata", "golden", name))
		if err != nil {
			t.Fatal(err)
		}
		var shown []string
		for line := range strings.Lines(string(recorded)) {
			if !strings.HasPrefix(line, "  stateward ") {
				shown = append(shown, line)
			}
		}
		if !strings.Contains(string(page), strings.Join(shown, "")) {
			t.Errorf("the page does not show %s as it is recorded", name)
		}
	}
}
