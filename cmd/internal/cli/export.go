package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/stateward/stateward/cmd/internal/generate"
	"github.com/stateward/stateward/cmd/internal/vap"
)

// exportOptions are the flags of `stateward export vap`.
type exportOptions struct {
	config string
	rules  string
	static bool
}

func newExport(streams Streams) *cobra.Command {
	command := &cobra.Command{
		Use:   "export",
		Short: "Write the rules in other forms",
		RunE:  func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	command.AddCommand(newExportVAP(streams))
	return command
}

func newExportVAP(streams Streams) *cobra.Command {
	var options exportOptions
	command := &cobra.Command{
		Use:   "vap",
		Short: "Write ValidatingAdmissionPolicies of what needs no other objects",
		Long: `Write, as YAML for kubectl apply, a ValidatingAdmissionPolicy and its binding for each rule that says in its metadata
what of it can be judged by the object alone. The API server judges that by itself, also when Stateward is away.

Levels, what rules are about, exceptions and fourEyes come from the Guardrails in --config. A policy knows no time: an
exception that has expired is left out, one that expires later stays until it is written anew; a confirmation counts
however old it is, where Stateward itself does not look.

With --static they are written for the folder staticManifestsDir of an API server's admission configuration (from
Kubernetes 1.37), where nobody can change them through the API.`,
		Example: `  stateward export vap | kubectl apply -f -
  stateward export vap --config guardrails.yaml --static > /etc/kubernetes/admission/stateward.yaml`,
		RunE: func(command *cobra.Command, _ []string) error { return exportVAP(command.Context(), options, streams) },
	}
	flags := command.Flags()
	flags.StringVar(&options.config, "config", "", configFlag)
	flags.StringVar(&options.rules, "rules", "", rulesFlag)
	flags.BoolVar(&options.static, "static", false, "write them for a folder that the API server loads")
	return command
}

func exportVAP(ctx context.Context, options exportOptions, streams Streams) error {
	library, err := loadLibrary(ctx, options.rules)
	if err != nil {
		return err
	}
	guardrails, err := loadGuardrails(options.config, library)
	if err != nil {
		return err
	}
	objects, err := vap.Export(library, vap.Options{Guardrails: guardrails, Static: options.static, Now: time.Now()})
	if err != nil {
		return usageError{err}
	}
	if len(objects) == 0 {
		return usageError{fmt.Errorf("nothing to export: the Guardrails have every rule off that says something in CEL")}
	}
	page, err := generate.Stream(objects)
	if err != nil {
		return err
	}
	_, err = streams.Out.Write(page)
	return err
}
