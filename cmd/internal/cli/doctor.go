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
		Short: "Find out whether a cluster is guarded, and what to do where it is not",
		Long: `Compare what the API server knows of Stateward with what the rules need: webhook configurations, rights,
certificates, Guardrails; ask the pods whether they are ready; and try out, as dry runs of which nothing is left, what
must be denied. Every sentence says what to do.

The exit code is 0 where all is well, 1 where something is a problem, and 2 where nothing is known to be one but
something could not be checked. To check all of it takes a cluster administrator.`,
		Example: `  stateward doctor
  stateward doctor --context production -o json`,
		RunE: func(command *cobra.Command, _ []string) error {
			return examine(command.Context(), options, streams)
		},
	}
	flags := command.Flags()
	options.add(flags)
	flags.StringVarP(&options.namespace, "namespace", "n", metav1.NamespaceDefault, "`namespace` in which a dry run is tried; none that is exempt")
	flags.StringVar(&options.rules, "rules", "", rulesFlag)
	flags.StringVar(&options.probes, "probes", "", "base `URL` of /readyz, where the pods cannot be asked through the API server")
	flags.StringVar(&options.webhook, "webhook", "", "`host:port` at which to look at the serving certificate, where the registration has no URL")
	flags.StringVarP(&options.output, "output", "o", "text", "`format`: text or json")
	return command
}

func examine(ctx context.Context, options doctorOptions, streams Streams) error {
	if !slices.Contains([]string{"text", "json"}, options.output) {
		return usageError{fmt.Errorf("-o %s: use text or json", options.output)}
	}
	if slices.Contains([]string{metav1.NamespaceSystem, registration.Namespace}, options.namespace) {
		return usageError{fmt.Errorf("--namespace %s: nothing is judged there, so nothing can be tried: name another", options.namespace)}
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
		return usageError{fmt.Errorf("not all could be checked: %d left", report.Summary[doctor.Unchecked])}
	default:
		return nil
	}
}
