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
		Short: "Put the rule library into an OCI registry, or take one out of it",
		RunE:  func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	command.AddCommand(newBundlePush(streams), newBundlePull(streams))
	return command
}

func newBundlePush(streams Streams) *cobra.Command {
	var rules string
	command := &cobra.Command{
		Use:   "push REFERENCE",
		Short: "Push the built-in rules, and rules of your own, in the shapes of OPA and of conftest",
		Long: `Push the built-in rules, and those in --rules, to a registry: as a bundle of OPA under the tag that you give, and as a
policy of conftest under the same with "-conftest" behind it. Equal rules have equal digests. Whoever you are is asked of what
` + "`docker login`" + ` wrote.`,
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
		Short: "Write the rules of an artifact, of either shape, into a new folder",
		Long: `Write the rules of an artifact, of either shape, into a folder that is not there yet. With a digest in the reference, what
is not exactly that is refused.`,
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
	command.Flags().StringVar(&folder, "dir", "policy", "`folder` to make")
	return command
}

func asUsageError(err error) error {
	if err == nil {
		return nil
	}
	return usageError{err}
}
