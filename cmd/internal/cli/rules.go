package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/stateward/stateward/cmd/internal/report"
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
			switch output {
			case "text":
				return report.Catalogue(streams.Out, library.All())
			case "json":
				return report.CatalogueJSON(streams.Out, library.All())
			default:
				return usageError{fmt.Errorf("unknown output format %q: use text or json", output)}
			}
		},
	}
	command.Flags().StringVarP(&output, "output", "o", "text", "`format` of the list: text or json")
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
			if !known {
				return usageError{fmt.Errorf("unknown rule %q: `stateward rules` lists them", args[0])}
			}
			return report.Rule(streams.Out, rule)
		},
	}
}
