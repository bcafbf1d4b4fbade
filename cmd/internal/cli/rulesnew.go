package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/stateward/stateward/cmd/internal/newrule"
)

func newRulesNew(streams Streams) *cobra.Command {
	var folder, category string
	var builtin bool
	command := &cobra.Command{
		Use:   "new NAME",
		Short: "Create a custom rule with source, passing tests and examples",
		Long: `Create the folder of a rule with source, passing tests and examples. With --builtin it becomes a rule of Stateward itself:
run that at the root of its repository, with --category.`,
		Example: `  stateward rules new owner-label
  stateward rules test rules
  stateward check --rules rules manifests/`,
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) (err error) {
			rule, try := newrule.Custom(folder, category, args[0]), "stateward rules test "+folder
			if builtin {
				if !command.Flags().Changed("category") {
					return usageError{errors.New("--builtin needs --category: use the name of a folder in policies/rules")}
				}
				if rule, err = newrule.Builtin(".", category, args[0]); err != nil {
					return usageError{err}
				}
				try = "make test-rule RULE=" + args[0]
			}
			written, err := rule.Write()
			if err != nil {
				return usageError{err}
			}
			for _, file := range written {
				if _, err := fmt.Fprintln(streams.Out, file); err != nil {
					return err
				}
			}
			_, err = fmt.Fprintf(streams.Out, "try it: %s\n", try)
			return err
		},
	}
	command.Flags().StringVar(&folder, "dir", "rules", "`folder` of your rules")
	command.Flags().StringVar(&category, "category", "team", "`category` of the rule, which becomes its parent folder")
	command.Flags().BoolVar(&builtin, "builtin", false, "create a rule of Stateward itself, in policies/rules of its repository")
	command.MarkFlagsMutuallyExclusive("builtin", "dir")
	return command
}
