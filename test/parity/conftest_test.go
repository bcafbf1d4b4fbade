// Package parity_test holds the doors together: stock conftest and `stateward check` say the same of the same files.
package parity_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/test/cluster"
	"github.com/stateward/stateward/test/environment"
)

// doors are the two programs.
type doors struct{ root, conftest, stateward string }

func build(t *testing.T) doors {
	t.Helper()
	root, err := cluster.Root()
	if err != nil {
		t.Fatal(err)
	}
	binaries, err := cluster.Build(t.Context(), t.Output(), "conftest")
	if err != nil {
		t.Fatal(err)
	}
	stateward, err := environment.Build(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	return doors{root, binaries["conftest"], stateward}
}

func TestConftestSaysWhatCheckSaysOfEveryExample(t *testing.T) {
	t.Parallel()
	doors := build(t)
	for _, file := range examples(t, doors.root) {
		t.Run(strings.TrimPrefix(file, doors.root), func(t *testing.T) {
			t.Parallel()
			var config, data []string
			if guardrails := filepath.Join(filepath.Dir(file), "..", "guardrails.yaml"); exists(guardrails) {
				config, data = []string{"--config", guardrails}, []string{"--data", guardrails}
			}
			got := doors.test(t, append(append([]string{"--combine"}, data...), file)...)
			if diff := cmp.Diff(doors.check(t, append(config, file)...), got); diff != "" {
				t.Errorf("stateward check and conftest --combine disagree (-check +conftest):\n%s", diff)
			}
		})
	}
}

func TestConftestTakesTheTutorialAsItIs(t *testing.T) {
	t.Parallel()
	doors := build(t)
	file := filepath.Join(doors.root, "test", "testdata", "tutorial", "web.yaml")
	// One document at a time is never all there is.
	for name, arguments := range map[string]struct{ conftest, check []string }{
		"raw":      {nil, []string{"--partial"}},
		"combined": {[]string{"--combine"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := doors.test(t, append(arguments.conftest, file)...)
			if diff := cmp.Diff(doors.check(t, append(arguments.check, file)...), got); diff != "" {
				t.Errorf("stateward check and conftest disagree (-check +conftest):\n%s", diff)
			}
		})
	}
}

func TestGuardrailsFileServesConftestAsData(t *testing.T) {
	t.Parallel()
	doors := build(t)
	testdata := filepath.Join(doors.root, "cmd", "internal", "cli", "testdata")
	file, config := filepath.Join(testdata, "violations.yaml"), filepath.Join(testdata, "guardrails.yaml")
	want := doors.check(t, "--config", config, file)
	got := doors.test(t, "--combine", "--data", config, file)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stateward check --config and conftest --data disagree (-check +conftest):\n%s", diff)
	}
}

// check returns "level message" for each finding of `stateward check`, sorted.
func (d doors) check(t *testing.T, arguments ...string) []string {
	t.Helper()
	var report struct{ Findings []struct{ Level, Msg string } }
	decode(t, &report, d.stateward, append([]string{"check", "-o", "json"}, arguments...)...)
	var findings []string
	for _, finding := range report.Findings {
		findings = append(findings, finding.Level+" "+finding.Msg)
	}
	slices.Sort(findings)
	return slices.Compact(findings)
}

// test returns the same of `conftest test`.
func (d doors) test(t *testing.T, arguments ...string) []string {
	t.Helper()
	type message struct{ Msg string }
	var reports []struct{ Warnings, Failures []message }
	arguments = append([]string{"test", "-o", "json", "-p", filepath.Join(d.root, "policies")}, arguments...)
	decode(t, &reports, d.conftest, arguments...)
	var findings []string
	for _, report := range reports {
		for _, failure := range report.Failures {
			findings = append(findings, "deny "+failure.Msg)
		}
		for _, warning := range report.Warnings {
			findings = append(findings, "warn "+warning.Msg)
		}
	}
	slices.Sort(findings)
	return slices.Compact(findings)
}

// decode runs a program whose exit code may say that it found something, and reads the JSON that it prints.
func decode(t *testing.T, into any, program string, arguments ...string) {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), program, arguments...).Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if err := json.Unmarshal(output, into); err != nil {
		t.Fatalf("%s %v: %v\n%s", program, arguments, err, output)
	}
}

func examples(t *testing.T, root string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(root, "policies"), func(name string, entry fs.DirEntry, err error) error {
		side := filepath.Base(filepath.Dir(name))
		if err == nil && !entry.IsDir() && (side == "pass" || side == "fail") {
			files = append(files, name)
		}
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	return files
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
