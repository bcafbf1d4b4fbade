package ruletest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/stateward/stateward/cmd/internal/evaluate"
	"github.com/stateward/stateward/cmd/internal/manifest"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
)

// Example is one file below a rule's examples/pass or examples/fail.
type Example struct {
	// Rule is the id, File the path.
	Rule, File string
	// Fails says that the file is below fail/.
	Fails bool
	// Config is the Guardrails file beside pass/ and fail/, which switches on what is off by default; empty for none.
	Config string
}

// Examples lists the examples of a rule in its folder. A rule needs one on either side.
func Examples(rule policies.Rule, folder string) (examples []Example, problems []error) {
	config := filepath.Join(folder, "examples", "guardrails.yaml")
	if _, err := os.Stat(config); err != nil {
		config = ""
	}
	for _, side := range []string{"pass", "fail"} {
		pattern := filepath.Join(folder, "examples", side, "*")
		// The pattern is well formed.
		files, _ := filepath.Glob(pattern)
		if len(files) == 0 {
			problems = append(problems, fmt.Errorf("%s: no example: rule %s needs one", pattern, rule.ID))
		}
		for _, file := range files {
			examples = append(examples, Example{Rule: rule.ID, File: file, Fails: side == "fail", Config: config})
		}
	}
	return examples, problems
}

// Evaluate returns an error if an example below fail/ has no finding of its rule, or one below pass/ has one.
func (e Example) Evaluate(ctx context.Context, decider *engine.Engine) error {
	input, err := manifest.Read(ctx, []string{e.File}, manifest.Options{})
	if err != nil {
		return err
	}
	result, err := evaluate.Documents(ctx, decider, input.Documents, evaluate.Options{Namespace: "default", Now: time.Now()})
	if err != nil {
		return err
	}
	var messages []string
	for _, finding := range result.Findings {
		if finding.Rule == e.Rule {
			messages = append(messages, finding.Message)
		}
	}
	switch {
	case e.Fails && len(messages) == 0:
		return fmt.Errorf("%s: rule %s finds nothing: move it to pass/, or mend the rule", e.File, e.Rule)
	case !e.Fails && len(messages) > 0:
		return fmt.Errorf("%s: rule %s finds something: move it to fail/, or mend the rule: %s", e.File, e.Rule, strings.Join(messages, "; "))
	default:
		return nil
	}
}
