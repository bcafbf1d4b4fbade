package cli

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/cmd/internal/doctor"
	"github.com/stateward/stateward/webhook/registration"
)

// doctorOptions are the flags of `stateward doctor`.
type doctorOptions struct {
	clusterOptions

	namespace string
	rules     string
	probes    string
	webhook   string
	output    string
}

func newDoctor(streams Streams) *cobra.Command {
	var options doctorOptions
	command := &cobra.Command{
		Use:   "doctor",
		Short: "Verify the installation in a cluster",
		Long: `Compare the installation in the cluster with what the rules need: webhook configurations, permissions, certificates
and Guardrails. Check that the pods are ready, and send dry-run requests that must be denied. Every finding has a fix.

Exit codes: 0 everything is in order; 1 there is a problem; 2 no problem was found, but something could not be
checked. A complete check needs the permissions of a cluster administrator.`,
		Example: `  stateward doctor
  stateward doctor --context production -o json`,
		RunE: func(command *cobra.Command, _ []string) error {
			return examine(command.Context(), options, streams)
		},
	}
	flags := command.Flags()
	options.add(flags)
	flags.StringVarP(&options.namespace, "namespace", "n", metav1.NamespaceDefault, "`namespace` for the dry-run requests; it must not be exempt")
	flags.StringVar(&options.rules, "rules", "", rulesFlag)
	flags.StringVar(&options.probes, "probes", "", "base `URL` of /readyz, if the pods cannot be reached through the API server")
	flags.StringVar(&options.webhook, "webhook", "", "`host:port` of the serving certificate, if the registration has no URL")
	flags.StringVarP(&options.output, "output", "o", "text", "`format`: text or json")
	return command
}

func examine(ctx context.Context, options doctorOptions, streams Streams) error {
	if !slices.Contains([]string{"text", "json"}, options.output) {
		return usageError{fmt.Errorf("-o %s: use text or json", options.output)}
	}
	if registration.IsExempt(options.namespace) {
		return usageError{fmt.Errorf("--namespace %s: the namespace is exempt, so dry runs prove nothing there: name another", options.namespace)}
	}
	library, err := loadLibrary(ctx, options.rules)
	if err != nil {
		return err
	}
	config, _, err := options.connect("")
	if err != nil {
		return usageError{err}
	}
	report, err := doctor.Examine(ctx, doctor.Options{
		Config: config, Library: library, Namespace: options.namespace,
		Probes: options.probes, Webhook: options.webhook, Now: time.Now(),
	})
	if err != nil {
		return usageError{err}
	}
	write := report.Text
	if options.output == "json" {
		write = report.JSON
	}
	if err := write(streams.Out); err != nil {
		return err
	}
	switch {
	case report.Summary[doctor.Problem] > 0:
		return errViolations
	case !report.Healthy:
		return usageError{fmt.Errorf("not all checks could be done: %d left", report.Summary[doctor.Unchecked])}
	default:
		return nil
	}
}
