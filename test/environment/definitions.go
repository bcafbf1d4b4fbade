package environment

import (
	"context"
	"path/filepath"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/stateward/stateward/test/cluster"
)

// Definitions are CustomResourceDefinitions of one group as their project keeps them: files in a folder of a module, which the
// go.mod of a folder of test/tools requires.
type Definitions struct {
	Requiring, Module, Folder string
	Group                     string
	Resources                 []string
}

// Reports are the definitions of OpenReports.
func Reports() Definitions {
	return Definitions{"openreports", "github.com/openreports/reports-api", "config/crd", "openreports.io", []string{"reports", "clusterreports"}}
}

// ServeDefinitions installs definitions and waits until their kinds are served.
func (e *Environment) ServeDefinitions(ctx context.Context, definitions Definitions) error {
	folder, err := cluster.RequiredModuleFolder(ctx, definitions.Requiring, definitions.Module)
	if err != nil {
		return err
	}
	for _, resource := range definitions.Resources {
		file := filepath.Join(folder, definitions.Folder, definitions.Group+"_"+resource+".yaml")
		if err := e.MustKubectl(ctx, "apply", "--server-side", "-f", file); err != nil {
			return err
		}
		if err := e.established(ctx, resource+"."+definitions.Group); err != nil {
			return err
		}
	}
	return nil
}

// established waits for a definition. One that has no status yet is an error for kubectl wait, so it is asked again.
func (e *Environment) established(ctx context.Context, name string) error {
	return wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		output, err := e.Kubectl(ctx, "wait", "--for=condition=Established", "crd/"+name)
		return err == nil && output.ExitCode == 0, err
	})
}
