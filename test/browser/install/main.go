// Install installs Debian's headless Chromium where no browser is on the PATH and apt-get may be run, and else says what to do.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"

	"github.com/stateward/stateward/test/browser/found"
)

func main() {
	if err := install(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func install(ctx context.Context) error {
	if found.Browser() != "" {
		return nil
	}
	if _, err := exec.LookPath("apt-get"); err != nil || os.Getuid() != 0 {
		return fmt.Errorf("%s", found.Missing())
	}
	for _, arguments := range [][]string{{"update"}, {"install", "--yes", "--no-install-recommends", "chromium-headless-shell"}} {
		command := exec.CommandContext(ctx, "apt-get", append([]string{"-qq"}, arguments...)...)
		command.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		command.Stdout, command.Stderr = os.Stderr, os.Stderr
		if err := command.Run(); err != nil {
			return fmt.Errorf("apt-get %s: %w: %s", arguments[0], err, found.Missing())
		}
	}
	if found.Browser() == "" {
		return fmt.Errorf("%s", found.Missing())
	}
	return nil
}
