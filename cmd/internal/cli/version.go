package cli

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/stateward/stateward/policies"
)

func newVersion(streams Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of the binary and the revision of its rule library",
		RunE: func(*cobra.Command, []string) error {
			library, err := policies.Embedded()
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(streams.Out, "stateward %s, rule library %s\n", buildVersion(), library.Revision())
			return err
		},
	}
}

// buildVersion returns the version that the Go toolchain recorded in the binary.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return info.Main.Version
}
