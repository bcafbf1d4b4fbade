package cli

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/stateward/stateward/cmd/internal/report"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
)

func newRules(streams Streams) *cobra.Command {
	var output, rules string
	command := &cobra.Command{
		Use:   "rules",
		Short: "List all rules and mutations",
		RunE: func(command *cobra.Command, _ []string) error {
			library, err := loadLibrary(command.Context(), rules)
			if err != nil {
				return err
			}
			rules := append(library.All(), report.InputChecks()...)
			switch output {
			case "text":
				return report.Catalogue(streams.Out, rules)
			case "json":
				return report.CatalogueJSON(streams.Out, rules)
			case "yaml":
				return report.CatalogueYAML(streams.Out, rules)
			case "markdown":
				return report.CatalogueMarkdown(streams.Out, library.All(), "policies/")
			default:
				return usageError{fmt.Errorf("unknown output format %q: use text, json, yaml or markdown", output)}
			}
		},
	}
	command.Flags().StringVarP(&output, "output", "o", "text", "`format` of the list: text, json, yaml or markdown")
	command.PersistentFlags().StringVar(&rules, "rules", "", rulesFlag)
	command.AddCommand(newExplain(streams, &rules), newRulesNew(streams), newRulesTest(streams), newRegistration(streams, &rules))
	return command
}

func newExplain(streams Streams, rules *string) *cobra.Command {
	return &cobra.Command{
		Use:   "explain ID",
		Short: "Describe a rule, its parameters and its remediation",
		Args:  cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			library, err := loadLibrary(command.Context(), *rules)
			if err != nil {
				return err
			}
			rule, known := library.Rule(args[0])
			if check, found := inputCheck(args[0]); found {
				rule, known = check, true
			}
			if !known {
				return usageError{v1alpha1.UnknownRule(args[0], library)}
			}
			return report.Rule(streams.Out, rule)
		},
	}
}

// inputCheck is a check without a rule.
func inputCheck(id string) (policies.Rule, bool) {
	checks := report.InputChecks()
	index := slices.IndexFunc(checks, func(check policies.Rule) bool { return check.ID == id })
	if index < 0 {
		return policies.Rule{}, false
	}
	return checks[index], true
}
