package webhook

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/stateward/stateward/certs"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/confirmations"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
	"github.com/stateward/stateward/webhook/admission"
	"github.com/stateward/stateward/webhook/cluster"
	"github.com/stateward/stateward/webhook/decisionlog"
	"github.com/stateward/stateward/webhook/metrics"
	"github.com/stateward/stateward/webhook/recorder"
	"github.com/stateward/stateward/webhook/tracing"
)

// Options configure Serve.
type Options struct {
	// Config reaches the API server.
	Config *rest.Config
	// Host and Port are where the webhook listens.
	Host string
	Port int
	// MetricsAddress and ProbeAddress are host:port, or "0" for none.
	MetricsAddress, ProbeAddress string
	// Load reads the library and the Guardrails (nil: none) from Files, again whenever one of them changes.
	Load  func() (*policies.Library, *v1alpha1.Guardrails, error)
	Files []string
	// StoredGuardrails asks for the Guardrails object in the cluster, in the place of what Load has.
	StoredGuardrails bool
	// Certificates serve. The authorities that they know are written into the registration.
	Certificates certs.Source
	// Clients are who may connect; nil means everyone.
	Clients *certs.Clients
	// ShutdownDelay is how long connections are accepted after ctx has ended, and ShutdownTimeout how long those are
	// waited for that stay open.
	ShutdownDelay, ShutdownTimeout time.Duration
	// DecisionLog takes the records of decisions, which the Guardrails turn on; DecisionLabels identify the process in them.
	DecisionLog    io.Writer
	DecisionLabels map[string]string
	// AuditInterval is the time between two full passes of the audit in the background; 0 is for no audit.
	AuditInterval time.Duration
	// Tracer makes a span for each request; nil makes none.
	Tracer *tracing.Tracer
	Log    logr.Logger
}

// Serve answers admission requests until ctx ends and no client is connected. It returns at once if the rules do not compile or
// the API server cannot be reached. It answers "not ready" until the caches that the rules read are complete.
func Serve(ctx context.Context, options Options) error {
	if err := compiles(ctx, options); err != nil {
		return err
	}
	runner, err := newManager(options)
	if err != nil {
		return fmt.Errorf("reach Kubernetes API at %s: %w", options.Config.Host, err)
	}
	if _, err := runner.GetRESTMapper().RESTMapping(schema.GroupKind{Group: "apps", Kind: "StatefulSet"}); err != nil {
		return fmt.Errorf("reach Kubernetes API at %s: %w", options.Config.Host, err)
	}
	gauges, err := metrics.New(ctrlmetrics.Registry)
	if err != nil {
		return fmt.Errorf("register metrics: %w", err)
	}
	decides := newReloader(runner, options, gauges)
	decisions := decisionlog.New(decisionlog.Options{
		Out: options.DecisionLog, Labels: options.DecisionLabels, Warn: admission.Warnings, Count: gauges.CountRecord, Log: options.Log,
	})
	version, err := newServerVersion(options)
	if err != nil {
		return err
	}
	writes, err := newRecorder(runner, options, gauges)
	if err != nil {
		return err
	}
	looks, err := audits(options, gauges, decides)
	if err != nil {
		return fmt.Errorf("reach Kubernetes API at %s: %w", options.Config.Host, err)
	}
	registers, err := registers(runner, options, decides)
	if err != nil {
		return fmt.Errorf("reach Kubernetes API at %s: %w", options.Config.Host, err)
	}
	answers := newServer(options, admission.Paths(admission.Handler{
		Policy: decides.inForce.Current, Metrics: gauges, Log: decisions, Gates: version.gates, Recorder: writes, KnowsClients: options.Clients != nil,
	}, options.Tracer, runner.GetRESTMapper()))
	if err := errors.Join(
		attach(runner, options, gauges, decides, answers), runner.Add(manager.RunnableFunc(decisions.Run)), runner.Add(manager.RunnableFunc(version.run)),
		runner.Add(manager.RunnableFunc(writes.Run)), runner.Add(manager.RunnableFunc(looks)), runner.Add(manager.RunnableFunc(registers)),
		runner.Add(manager.RunnableFunc(options.Tracer.Run)),
	); err != nil {
		return fmt.Errorf("assemble webhook: %w", err)
	}
	listener, err := listen(options)
	if err != nil {
		return err
	}
	return runBoth(ctx, answers, listener, runner.Start)
}

// runBoth stops the server first and the manager with its caches after it, or both if one fails.
func runBoth(ctx context.Context, answers *server, listener net.Listener, manage func(context.Context) error) error {
	alive, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	group, alive := errgroup.WithContext(alive)
	group.Go(func() error {
		defer stop()
		return answers.run(ctx, alive, listener)
	})
	group.Go(func() error { return manage(alive) })
	return group.Wait()
}

// compiles returns an error for files that are invalid.
func compiles(ctx context.Context, options Options) error {
	library, guardrails, err := options.Load()
	if err != nil {
		return err
	}
	_, err = engine.New(ctx, library, guardrails)
	return err
}

func newReloader(runner manager.Manager, options Options, gauges *metrics.Metrics) *reloader {
	decides := &reloader{
		load: options.Load, files: options.Files, inForce: &admission.InForce{}, metrics: gauges, log: options.Log,
		watches: &cluster.Watches{Cache: runner.GetCache(), Live: runner.GetAPIReader()},
	}
	if options.StoredGuardrails {
		decides.stored = &storedGuardrails{cache: runner.GetCache(), api: runner.GetClient()}
	}
	return decides
}

// newRecorder returns a recorder with a rate limit of its own, so that no request waits for it.
func newRecorder(runner manager.Manager, options Options, gauges *metrics.Metrics) (*recorder.Recorder, error) {
	api, err := recorder.NewClient(options.Config, client.Options{Scheme: runner.GetScheme(), Mapper: runner.GetRESTMapper()})
	if err != nil {
		return nil, fmt.Errorf("reach Kubernetes API at %s: %w", options.Config.Host, err)
	}
	return recorder.New(recorder.Options{
		Client: api, Instance: options.DecisionLabels["id"], Now: time.Now, Log: options.Log,
		Count: gauges.CountWrite, Checked: gauges.CountCheck,
	}), nil
}

func newManager(options Options) (manager.Manager, error) {
	grace := lastAnswers
	// Requests look up what the caches do not have. To wait for a turn here would end in "could not evaluate" for many. The
	// gate bounds how many look up at a time, and API servers share what they can do by priority and fairness.
	config := rest.CopyConfig(options.Config)
	config.QPS = -1
	kinds := runtime.NewScheme()
	if err := errors.Join(scheme.AddToScheme(kinds), confirmations.AddToScheme(kinds)); err != nil {
		return nil, err
	}
	return ctrl.NewManager(config, ctrl.Options{
		Scheme:                  kinds,
		Logger:                  options.Log,
		Cache:                   cluster.Options(),
		Metrics:                 metricsserver.Options{BindAddress: options.MetricsAddress},
		HealthProbeBindAddress:  options.ProbeAddress,
		GracefulShutdownTimeout: &grace,
	})
}

// attach adds the probes and what runs beside the server.
func attach(runner manager.Manager, options Options, gauges *metrics.Metrics, decides *reloader, answers *server) error {
	return errors.Join(
		runner.AddHealthzCheck("ping", healthz.Ping),
		runner.AddReadyzCheck("caches", func(*http.Request) error { _, err := decides.inForce.Current(); return err }),
		runner.AddReadyzCheck("certificate", func(*http.Request) error { return options.Certificates.Check() }),
		runner.AddReadyzCheck("webhook", answers.ready),
		runner.Add(manager.RunnableFunc(options.Certificates.Run)),
		runner.Add(manager.RunnableFunc(watchCertificate(runner, options, gauges))),
		runner.Add(manager.RunnableFunc(decides.run)),
		runner.Add(sweeps(runner, options)),
		runner.Add(manager.RunnableFunc(keepBundle(runner, options))),
	)
}

// every calls a function now and after each interval until ctx ends.
func every(ctx context.Context, interval time.Duration, do func()) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		do()
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}
