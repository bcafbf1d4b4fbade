package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestExamplesAreWhatTheyAreCalled walks the examples of every rule: each below fail/ has a finding of its rule, each
// below pass/ has none. A guardrails.yaml beside pass/ and fail/ switches on what is off by default.
func TestExamplesAreWhatTheyAreCalled(t *testing.T) {
	t.Parallel()
	var files []string
	for _, pattern := range []string{"rules/*/*/examples/*/*", "mutations/*/examples/*/*"} {
		found, err := filepath.Glob("../../../policies/" + pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("no examples match %s: %v", pattern, err)
		}
		files = append(files, found...)
	}
	for _, file := range files {
		side := filepath.Base(filepath.Dir(file))
		examples := filepath.Dir(filepath.Dir(file))
		rule := filepath.Base(filepath.Dir(examples))
		arguments := []string{"check", "-o", "json"}
		if config := filepath.Join(examples, "guardrails.yaml"); exists(config) {
			arguments = append(arguments, "--config", config)
		}
		t.Run(rule+"/"+side+"/"+filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			stdout, stderr, _ := run(t, "", append(arguments, file)...)
			var report struct{ Findings []struct{ Rule, Msg string } }
			if err := json.Unmarshal([]byte(stdout), &report); err != nil || stderr != "" {
				t.Fatalf("%v, stderr %q", err, stderr)
			}
			var messages []string
			for _, finding := range report.Findings {
				if finding.Rule == rule {
					messages = append(messages, finding.Msg)
				}
			}
			if found := len(messages) > 0; found != (side == "fail") {
				t.Errorf("findings of %s: %s", rule, strings.Join(messages, "\n"))
			}
		})
	}
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
