package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/stateward/stateward/certs"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
	"github.com/stateward/stateward/webhook"
	"github.com/stateward/stateward/webhook/registration"
	"github.com/stateward/stateward/webhook/tracing"
)

// serveOptions are the flags of `stateward serve`.
type serveOptions struct {
	kubeconfig       string
	config           string
	rules            string
	host             string
	port             int
	metricsAddress   string
	probeAddress     string
	certFile         string
	keyFile          string
	clientCAFile     string
	certificateHosts []string
	// authorityLifetime is that of self-managed authorities.
	authorityLifetime time.Duration
	shutdownDelay     time.Duration
	shutdownTimeout   time.Duration
	audit             bool
	auditInterval     time.Duration
	decisionLog       decisionLogOptions
	tracing           tracing.Options
}

func newServe(streams Streams) *cobra.Command {
	var options serveOptions
	command := &cobra.Command{
		Use:   "serve",
		Short: "Run the admission webhook",
		Long: `Run the admission webhook until it receives SIGTERM or SIGINT.

Without --config it uses the Guardrails object "` + v1alpha1.GuardrailsName + `" of the cluster, if it exists. It reloads the Guardrails, and the folder in --rules, when
they change: a valid change applies at once and as a whole; after an invalid one the last valid version stays active.

With --client-ca-file it accepts only clients with a certificate by one of these authorities, and follows the file.

With --cert-file and --key-file it serves that certificate and reloads it when it changes. Without them it is its own
certificate authority for the names in --certificate-hosts, and writes the CA into the caBundle of the webhook
configurations named "` + registration.Name + `".

On SIGTERM or SIGINT its readiness check fails, and it keeps answering: for --shutdown-delay, so that proxies stop
sending requests, and then until no API server is connected, for at most --shutdown-timeout. A second signal stops it
at once.`,
		RunE: func(command *cobra.Command, _ []string) error {
			built, err := options.build(command.Context(), streams)
			if err != nil {
				return err
			}
			out, finish, err := options.decisionLog.open(streams.Out)
			if err != nil {
				return err
			}
			defer finish()
			built.DecisionLog = out
			defer collectLazily(garbageOfServe())()
			return webhook.Serve(command.Context(), built)
		},
	}
	service := fmt.Sprintf("%s.%s.svc", registration.Name, registration.Namespace)
	flags := command.Flags()
	flags.StringVar(&options.kubeconfig, "kubeconfig", "", "kubeconfig `file` (default: the service account of the pod)")
	flags.StringVar(&options.config, "config", "", configFlag)
	flags.StringVar(&options.rules, "rules", "", rulesFlag)
	flags.StringVar(&options.host, "bind-address", "", "`address` to listen on (default: all addresses)")
	flags.IntVar(&options.port, "port", 9443, "`port` of the webhook")
	flags.StringVar(&options.metricsAddress, "metrics-address", ":8080", "`host:port` of the metrics; 0 disables them")
	flags.StringVar(&options.probeAddress, "probe-address", ":8081", "`host:port` of /healthz and /readyz; 0 disables them")
	flags.StringVar(&options.certFile, "cert-file", "", "PEM `file` of the serving certificate")
	flags.StringVar(&options.keyFile, "key-file", "", "PEM `file` of its key")
	flags.StringVar(&options.clientCAFile, "client-ca-file", "", "PEM `file` of the authorities whose certificates clients must have; API servers need a kubeconfig for admission then (default: any client may connect)")
	flags.StringSliceVar(&options.certificateHosts, "certificate-hosts", []string{service}, "DNS `names` and IP addresses that API servers use to call the webhook; the serving certificate must be valid for them")
	flags.DurationVar(&options.authorityLifetime, "authority-lifetime", 365*24*time.Hour, "validity `time` of a self-managed authority; it is replaced when a third is left")
	flags.DurationVar(&options.shutdownDelay, "shutdown-delay", 20*time.Second, "`time` between SIGTERM and refusing new connections")
	flags.DurationVar(&options.shutdownTimeout, "shutdown-timeout", 95*time.Second, "longest `time` between SIGTERM and closing the API servers' connections, which they close themselves after 90s without use")
	flags.BoolVar(&options.audit, "audit", false, "audit the stored objects in the background of one replica, and write reports and metrics; needs the rights of manifests/components/audit")
	flags.DurationVar(&options.auditInterval, "audit-interval", time.Hour, "`time` from one full audit to the next, at least 1m; changes are audited within seconds")
	flags.StringVar(&options.tracing.Endpoint, "tracing-endpoint", "", "`URL` of an OpenTelemetry collector that takes OTLP over HTTP, such as http://collector:4318; each request becomes a span (default: no tracing)")
	flags.IntVar(&options.tracing.PerMillion, "tracing-sampling-rate-per-million", 1_000_000, "`number` of a million requests that become a span if the API server does not trace them; those that it traces follow its own sampling")
	options.decisionLog.add(flags)
	return command
}

// build turns flags into what the webhook needs, and complains about all that is wrong with them.
func (o serveOptions) build(ctx context.Context, streams Streams) (webhook.Options, error) {
	if o.shutdownDelay < 0 || o.shutdownTimeout < o.shutdownDelay {
		return webhook.Options{}, usageError{fmt.Errorf("--shutdown-delay %s and --shutdown-timeout %s: neither may be negative, and the delay must not exceed the timeout", o.shutdownDelay, o.shutdownTimeout)}
	}
	interval, err := o.audits()
	if err != nil {
		return webhook.Options{}, usageError{err}
	}
	logger := logr.FromSlogHandler(slog.NewJSONHandler(streams.Err, nil))
	ctrl.SetLogger(logger)
	config, err := restConfig(o.kubeconfig)
	if err != nil {
		return webhook.Options{}, usageError{err}
	}
	source, err := o.certificates()
	if err != nil {
		return webhook.Options{}, usageError{err}
	}
	clients, err := o.clients()
	if err != nil {
		return webhook.Options{}, usageError{err}
	}
	traces := o.tracing
	traces.Labels, traces.Log = decisionLabels(), logger
	tracer, err := tracing.New(ctx, traces)
	if err != nil {
		return webhook.Options{}, usageError{fmt.Errorf("--tracing-endpoint and --tracing-sampling-rate-per-million: %w", err)}
	}
	load, err := o.loader(ctx)
	if err != nil {
		return webhook.Options{}, err
	}
	return webhook.Options{
		Config:         config,
		Host:           o.host,
		Port:           o.port,
		MetricsAddress: o.metricsAddress,
		ProbeAddress:   o.probeAddress,
		Load:           load,
		Files:          o.files(),
		// A file has the say where there is one.
		StoredGuardrails: o.config == "",
		Certificates:     source,
		Clients:          clients,
		ShutdownDelay:    o.shutdownDelay,
		ShutdownTimeout:  o.shutdownTimeout,
		DecisionLabels:   decisionLabels(),
		AuditInterval:    interval,
		Tracer:           tracer,
		Log:              logger,
	}, nil
}

// audits is the time between full audits, 0 for none.
func (o serveOptions) audits() (time.Duration, error) {
	if o.auditInterval < time.Minute {
		return 0, fmt.Errorf("--audit-interval %s: must be at least 1m", o.auditInterval)
	}
	if !o.audit {
		return 0, nil
	}
	return o.auditInterval, nil
}

// loader reads the library and the Guardrails, which may change. Rules in a registry do not, by their digest: they are
// read once, and the registry may be away from then on.
func (o serveOptions) loader(ctx context.Context) (func() (*policies.Library, *v1alpha1.Guardrails, error), error) {
	var pinned *policies.Library
	if isArtifact(o.rules) {
		var err error
		if pinned, err = loadLibrary(ctx, o.rules); err != nil {
			return nil, err
		}
	}
	return func() (library *policies.Library, guardrails *v1alpha1.Guardrails, err error) {
		if library = pinned; library == nil {
			if library, err = loadLibrary(ctx, o.rules); err != nil {
				return nil, nil, err
			}
		}
		guardrails, err = loadGuardrails(o.config, library)
		return library, guardrails, err
	}, nil
}

// files are what may change.
func (o serveOptions) files() (files []string) {
	for _, name := range []string{o.config, o.rules} {
		if name != "" && !isArtifact(name) {
			files = append(files, name)
		}
	}
	return files
}

func (o serveOptions) certificates() (certs.Source, error) {
	if (o.certFile == "") != (o.keyFile == "") {
		return nil, errors.New("--cert-file and --key-file go together: give both, or none for a self-managed certificate")
	}
	if o.certFile != "" {
		return certs.NewFiles(o.certFile, o.keyFile, o.certificateHosts)
	}
	return certs.NewSelfManaged(o.certificateHosts, o.authorityLifetime)
}

func (o serveOptions) clients() (*certs.Clients, error) {
	if o.clientCAFile == "" {
		return nil, nil
	}
	clients, err := certs.NewClients(o.clientCAFile)
	if err != nil {
		return nil, fmt.Errorf("--client-ca-file: %w", err)
	}
	return clients, nil
}

func restConfig(kubeconfig string) (*rest.Config, error) {
	if kubeconfig == "" {
		config, err := rest.InClusterConfig()
		if err != nil {
			return nil, fmt.Errorf("find Kubernetes API: not in a pod (%w): give --kubeconfig", err)
		}
		return config, nil
	}
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("read kubeconfig %s: %s", kubeconfig, strings.TrimSpace(err.Error()))
	}
	return config, nil
}
