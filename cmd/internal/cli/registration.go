package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/stateward/stateward/cmd/internal/generate"
	"github.com/stateward/stateward/policies"
)

func newRegistration(streams Streams, rules *string) *cobra.Command {
	var parents []string
	command := &cobra.Command{
		Use:   "registration",
		Short: "Print the webhook configurations and roles that the rules need",
		Long: `Print, as YAML for kubectl apply, Stateward's webhook configurations and the roles of its service account. Both follow
from what the rules check and read: custom rules (--rules) may need more than Stateward's manifests contain, and --parent adds custom resources that own
StatefulSets to those that the rule owner-delete knows.`,
		RunE: func(command *cobra.Command, _ []string) error {
			library, err := loadLibrary(command.Context(), *rules)
			if err != nil {
				return err
			}
			if library.MoreParents, err = parseParents(parents); err != nil {
				return fmt.Errorf("--parent: %w", err)
			}
			page, err := generate.Registration(library)
			if err != nil {
				return err
			}
			_, err = streams.Out.Write(page)
			return err
		},
	}
	command.Flags().StringArrayVar(&parents, "parent", nil,
		"ask before custom resources of this CustomResourceDefinition are deleted, as RESOURCE.GROUP (repeatable)")
	return command
}

func parseParents(names []string) (parents []policies.Parent, err error) {
	for _, name := range names {
		parent, err := policies.ParseParent(name)
		if err != nil {
			return nil, err
		}
		parents = append(parents, parent)
	}
	return parents, nil
}
