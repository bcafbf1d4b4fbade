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
		Short: "Export the rules",
		RunE:  func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	command.AddCommand(newExportVAP(streams))
	return command
}

func newExportVAP(streams Streams) *cobra.Command {
	var options exportOptions
	command := &cobra.Command{
		Use:   "vap",
		Short: "Export rules as ValidatingAdmissionPolicies",
		Long: `Write, as YAML for kubectl apply, a ValidatingAdmissionPolicy and its binding for each rule with CEL in its metadata.
The CEL checks the part of the rule that needs no other objects. The API server evaluates it even while Stateward is
down.

Levels, matches, exceptions and fourEyes come from the Guardrails in --config. A policy cannot read the time: an
expired exception is left out, and one that expires later stays until you export again; a confirmation counts however
old it is, unless Stateward itself checks it.

With --static the policies are for the folder staticManifestsDir of an API server's admission configuration (from
Kubernetes 1.37), where they cannot be changed through the API.`,
		Example: `  stateward export vap | kubectl apply -f -
  stateward export vap --config guardrails.yaml --static > /etc/kubernetes/admission/stateward.yaml`,
		RunE: func(command *cobra.Command, _ []string) error { return exportVAP(command.Context(), options, streams) },
	}
	flags := command.Flags()
	flags.StringVar(&options.config, "config", "", configFlag)
	flags.StringVar(&options.rules, "rules", "", rulesFlag)
	flags.BoolVar(&options.static, "static", false, "write policies for the folder that the API server loads at startup, from Kubernetes 1.37 on")
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
		return usageError{fmt.Errorf("nothing to export: the Guardrails switch off every rule that has CEL")}
	}
	page, err := generate.Stream(objects)
	if err != nil {
		return err
	}
	_, err = streams.Out.Write(page)
	return err
}
