// Package parity_test holds the entry points together: stock conftest, `stateward check` and the webhook say the same of the
// same objects.
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

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/test/cluster"
	"github.com/stateward/stateward/test/environment"
)

// programs are the two programs, and the library as conftest is given it.
type programs struct {
	root, conftest, stateward, policies string
	// library is the one in the binary.
	library *policies.Library
}

func build(t *testing.T) programs {
	t.Helper()
	root, stateward := environment.BinaryForTest(t)
	binaries, err := cluster.Built(t.Context(), "conftest")
	if err != nil {
		t.Fatal(err)
	}
	library, err := policies.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	return programs{root, binaries["conftest"], stateward, withoutTests(t, filepath.Join(root, "policies")), library}
}

// withoutTests copies the library without what conftest would compile for nothing, hundreds of times.
func withoutTests(t *testing.T, library string) string {
	t.Helper()
	folder := t.TempDir()
	err := filepath.WalkDir(library, func(name string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(name) != ".rego" || strings.HasSuffix(name, "_test.rego") {
			return err
		}
		source, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		target := filepath.Join(folder, strings.TrimPrefix(name, library))
		return errors.Join(os.MkdirAll(filepath.Dir(target), 0o755), os.WriteFile(target, source, 0o600))
	})
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

func TestConftestReadsTheTutorialUnchanged(t *testing.T) {
	t.Parallel()
	programs := build(t)
	file := filepath.Join(programs.root, "test", "testdata", "tutorial", "web.yaml")
	// One document at a time is never all there is.
	for name, arguments := range map[string]struct{ conftest, check []string }{
		"raw":      {nil, []string{"--partial"}},
		"combined": {[]string{"--combine"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := programs.test(t, append(arguments.conftest, file)...)
			if diff := cmp.Diff(programs.check(t, append(arguments.check, file)...), got); diff != "" {
				t.Errorf("stateward check and conftest disagree (-check +conftest):\n%s", diff)
			}
		})
	}
}

func TestGuardrailsFileServesConftestAsData(t *testing.T) {
	t.Parallel()
	programs := build(t)
	testdata := filepath.Join(programs.root, "cmd", "internal", "cli", "testdata")
	file, config := filepath.Join(testdata, "violations.yaml"), filepath.Join(testdata, "guardrails.yaml")
	want := programs.check(t, "--config", config, file)
	got := programs.test(t, "--combine", "--data", config, file)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stateward check --config and conftest --data disagree (-check +conftest):\n%s", diff)
	}
}

// finding is what a program says.
type finding struct {
	Rule, Level, Field, Msg string
	Object                  struct{ Kind, Namespace, Name string }
}

// found returns the findings of `stateward check`, which otherwise refuses some examples before any rule sees them.
func (d programs) found(t *testing.T, arguments ...string) []finding {
	t.Helper()
	var report struct{ Findings []finding }
	// conftest knows no fields of Kubernetes: one that there is not is for rules to find.
	decode(t, &report, d.stateward, append([]string{"check", "-o", "json", "--validate", "ignore"}, arguments...)...)
	return report.Findings
}

// check returns "level message" for each finding of `stateward check`, sorted.
func (d programs) check(t *testing.T, arguments ...string) []string {
	t.Helper()
	return messages(d.found(t, arguments...))
}

// messages leaves out what is recorded only: conftest has no place for it.
func messages(found []finding) (messages []string) {
	for _, each := range found {
		if each.Level != "audit" {
			messages = append(messages, each.Level+" "+each.Msg)
		}
	}
	slices.Sort(messages)
	return slices.Compact(messages)
}

// test returns the same of `conftest test`.
func (d programs) test(t *testing.T, arguments ...string) []string {
	t.Helper()
	type message struct{ Msg string }
	var reports []struct{ Warnings, Failures []message }
	arguments = append([]string{"test", "-o", "json", "-p", d.policies}, arguments...)
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
