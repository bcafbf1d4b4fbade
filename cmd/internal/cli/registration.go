package cli

import (
	"github.com/spf13/cobra"

	"github.com/stateward/stateward/cmd/internal/generate"
)

func newRegistration(streams Streams, rules *string) *cobra.Command {
	return &cobra.Command{
		Use:   "registration",
		Short: "Print the webhook configurations and roles that the rules need",
		Long: `Print, as YAML for kubectl apply, Stateward's webhook configurations and the roles of its service account. Both follow
from what the rules check and read: custom rules (--rules) may need more than Stateward's manifests contain.`,
		RunE: func(command *cobra.Command, _ []string) error {
			library, err := loadLibrary(command.Context(), *rules)
			if err != nil {
				return err
			}
			page, err := generate.Registration(library)
			if err != nil {
				return err
			}
			_, err = streams.Out.Write(page)
			return err
		},
	}
}
