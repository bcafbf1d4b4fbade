package tour

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// expect compares what a command printed with what the step says of it.
func expect(step Step, output string, code int) error {
	if step.Exit != 0 && code != step.Exit {
		return fmt.Errorf("expected exit code %d instead of %d:\n%s", step.Exit, code, output)
	}
	if failed := code != 0; step.Exit == 0 && failed != (step.Verdict == Denied) {
		return fmt.Errorf("expected it to be %s, and it was not:\n%s", step.Verdict, output)
	}
	if step.Verdict == Denied && !strings.Contains(output, "denied the request") {
		return fmt.Errorf("expected Stateward to deny it, and something else failed:\n%s", output)
	}
	if got := rulesIn(output); !slices.Equal(got, sorted(step.Rules)) {
		return fmt.Errorf("expected findings of rules %v, got %v:\n%s", sorted(step.Rules), got, output)
	}
	return expectShown(step, output)
}

func expectShown(step Step, output string) error {
	for _, want := range step.Shows {
		if !strings.Contains(output, want) {
			return fmt.Errorf("expected to see %q:\n%s", want, output)
		}
	}
	return nil
}

// rulesIn lists the rules whose findings stand in an output: "[rule-id] ...".
func rulesIn(output string) []string {
	var rules []string
	for _, match := range regexp.MustCompile(`\[([a-z]+(?:-[a-z]+)*)\] `).FindAllStringSubmatch(output, -1) {
		if !slices.Contains(rules, match[1]) {
			rules = append(rules, match[1])
		}
	}
	return sorted(rules)
}

func sorted(rules []string) []string {
	copied := slices.Clone(rules)
	slices.Sort(copied)
	return copied
}
