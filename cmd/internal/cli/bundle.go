package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/stateward/stateward/cmd/internal/artifact"
	"github.com/stateward/stateward/policies"
)

func newBundle(streams Streams) *cobra.Command {
	command := &cobra.Command{
		Use:   "bundle",
		Short: "Push or pull rules as OCI artifacts",
		RunE:  func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	command.AddCommand(newBundlePush(streams), newBundlePull(streams))
	return command
}

func newBundlePush(streams Streams) *cobra.Command {
	var rules string
	command := &cobra.Command{
		Use:   "push REFERENCE",
		Short: "Push built-in and custom rules to an OCI registry, for OPA and for conftest",
		Long: `Push the built-in rules, and those in --rules, to a registry: as an OPA bundle under the given tag, and as a conftest
policy under the same tag with the suffix "-conftest". The same rules always have the same digest. Credentials are those of
` + "`docker login`" + `.`,
		Example: `  stateward bundle push registry.example.com/policies/stateward:v1
  conftest pull oci://registry.example.com/policies/stateward:v1-conftest`,
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			library, own, err := loadRules(command.Context(), rules)
			if err != nil {
				return err
			}
			files, err := artifact.Collect(policies.Files(), own)
			if err != nil {
				return usageError{err}
			}
			pushed, err := artifact.Push(command.Context(), args[0], files, library.Revision())
			for _, each := range pushed {
				_, told := fmt.Fprintf(streams.Out, "%s@%s for %s\n", each.Reference, each.Digest, each.For)
				err = errors.Join(err, told)
			}
			return asUsageError(err)
		},
	}
	command.Flags().StringVar(&rules, "rules", "", rulesFlag)
	return command
}

func newBundlePull(streams Streams) *cobra.Command {
	var folder string
	command := &cobra.Command{
		Use:   "pull REFERENCE",
		Short: "Pull rules from an OCI registry into a new folder",
		Long: `Write the rules of an OPA or conftest artifact into a new folder. If the reference has a digest, any other content is
rejected.`,
		Example: `  stateward bundle pull registry.example.com/policies/stateward@sha256:...
  conftest test --combine -p policy manifests/`,
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			files, digest, err := artifact.Pull(command.Context(), args[0])
			if err != nil {
				return usageError{err}
			}
			if err := artifact.Write(folder, files); err != nil {
				return usageError{err}
			}
			_, err = fmt.Fprintf(streams.Out, "%d files of %s in %s\n", len(files), digest, folder)
			return err
		},
	}
	command.Flags().StringVar(&folder, "dir", "policy", "`folder` to create")
	return command
}

func asUsageError(err error) error {
	if err == nil {
		return nil
	}
	return usageError{err}
}
