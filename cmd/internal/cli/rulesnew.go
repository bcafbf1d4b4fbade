package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/stateward/stateward/cmd/internal/newrule"
)

func newRulesNew(streams Streams) *cobra.Command {
	var folder, category string
	command := &cobra.Command{
		Use:   "new NAME",
		Short: "Create a custom rule with source, passing tests and examples",
		Example: `  stateward rules new owner-label
  stateward rules test rules
  stateward check --rules rules manifests/`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			written, err := newrule.Write(folder, category, args[0])
			if err != nil {
				return usageError{err}
			}
			for _, file := range written {
				if _, err := fmt.Fprintln(streams.Out, file); err != nil {
					return err
				}
			}
			_, err = fmt.Fprintf(streams.Out, "try it: stateward rules test %s\n", folder)
			return err
		},
	}
	command.Flags().StringVar(&folder, "dir", "rules", "`folder` of your rules")
	command.Flags().StringVar(&category, "category", "team", "`category` of the rule, which becomes its parent folder")
	return command
}
