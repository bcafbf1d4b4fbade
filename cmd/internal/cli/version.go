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
			version := "unknown"
			if info, ok := debug.ReadBuildInfo(); ok {
				version = info.Main.Version
			}
			_, err = fmt.Fprintf(streams.Out, "stateward %s, rule library %s\n", version, library.Revision())
			return err
		},
	}
}
