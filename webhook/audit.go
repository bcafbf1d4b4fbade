package webhook

import (
	"context"
	"errors"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	coordinationv1 "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/rest"

	"github.com/stateward/stateward/webhook/admission"
	"github.com/stateward/stateward/webhook/auditor"
	"github.com/stateward/stateward/webhook/election"
	"github.com/stateward/stateward/webhook/metrics"
	"github.com/stateward/stateward/webhook/registration"
)

const (
	// auditRequest bounds one request of the audit, and auditRate how many it sends a second.
	auditRequest = 30 * time.Second
	auditRate    = 20
)

// audits returns the auditor, which runs while this replica is the leader, and nothing without an audit. It has
// its rate limit for itself.
func audits(options Options, gauges *metrics.Metrics, decides *reloader) (func(context.Context) error, error) {
	if options.AuditInterval == 0 {
		return func(context.Context) error { return nil }, nil
	}
	config := rest.CopyConfig(options.Config)
	config.Timeout, config.QPS, config.Burst = auditRequest, auditRate, 2*auditRate
	api, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	kinds, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, err
	}
	// The lease must not wait for what the audit itself asks.
	leases, err := coordinationv1.NewForConfig(options.Config)
	if err != nil {
		return nil, err
	}
	log := options.Log.WithName("audit")
	one := candidate(options, leases, registration.AuditLease, log)
	return func(ctx context.Context) error {
		return one.Run(ctx, func(ctx context.Context) {
			auditor.New(auditor.Options{
				Policy: func() (auditor.Policy, error) { return audited(decides.inForce) }, Follow: decides.watches.Follow,
				API: api, Discovery: kinds, StoredGuardrails: options.StoredGuardrails, Interval: options.AuditInterval,
				Metrics: gauges.Audit, Now: time.Now, Measure: auditor.NewMeter(), Log: log,
			}).Run(ctx)
		})
	}, nil
}

// candidate takes part in the election for a lease.
func candidate(options Options, leases coordinationv1.LeasesGetter, lease string, log logr.Logger) election.Election {
	return election.Election{Lease: lease, Leases: leases, Identity: options.DecisionLabels["id"] + "_" + string(uuid.NewUUID()), Log: log}
}

// audited returns the Policy in force, for an audit.
func audited(current *admission.InForce) (auditor.Policy, error) {
	policy, err := current.Current()
	if err != nil {
		return auditor.Policy{}, err
	}
	stock, isLive := policy.Inventory.(auditor.Stock)
	if !isLive {
		return auditor.Policy{}, errors.New("the objects of the cluster are not known")
	}
	return auditor.Policy{Engine: policy.Engine, Stock: stock}, nil
}
