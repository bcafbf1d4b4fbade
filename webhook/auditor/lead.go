package auditor

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	coordinationv1 "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/klog/v2"

	"github.com/stateward/stateward/webhook/registration"
)

// The times are those of Kubernetes' own controllers.
const (
	leaseDuration = 15 * time.Second
	renewDeadline = 10 * time.Second
	retryPeriod   = 2 * time.Second
)

// Election lets one process of a cluster work at a time.
type Election struct {
	// Leases holds the lease.
	Leases coordinationv1.LeasesGetter
	// Identity names this process.
	Identity string
	Log      logr.Logger
}

// Run works whenever this process holds the lease, until ctx ends. A lost lease ends the context of the work, and nothing
// else: the manager of controller-runtime would end the process, and with it the webhook. The lease is given away only after
// the work has returned.
func (e Election) Run(ctx context.Context, work func(context.Context)) error {
	for ctx.Err() == nil {
		if err := e.term(ctx, work); err != nil {
			return err
		}
	}
	return nil
}

// term waits for the lease, and works until it is lost or ctx ends.
func (e Election) term(ctx context.Context, work func(context.Context)) error {
	held, release := context.WithCancel(klog.NewContext(context.WithoutCancel(ctx), e.Log))
	defer release()
	var working sync.Mutex
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Name: registration.AuditLease,
		Lock: &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Namespace: registration.Namespace, Name: registration.AuditLease},
			Client:     e.Leases,
			LockConfig: resourcelock.ResourceLockConfig{Identity: e.Identity},
		},
		LeaseDuration: leaseDuration, RenewDeadline: renewDeadline, RetryPeriod: retryPeriod, ReleaseOnCancel: true,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(leading context.Context) {
				working.Lock()
				defer working.Unlock()
				defer release()
				bounded, stop := context.WithCancel(leading)
				defer stop()
				defer context.AfterFunc(ctx, stop)()
				if leading.Err() == nil && ctx.Err() == nil {
					work(bounded)
				}
			},
			OnStoppedLeading: func() {},
		},
	})
	if err != nil {
		return fmt.Errorf("elect who audits: %w", err)
	}
	// While there is work, it gives the lease away itself.
	defer context.AfterFunc(ctx, func() {
		working.Lock()
		defer working.Unlock()
		release()
	})()
	elector.Run(held)
	working.Lock()
	defer working.Unlock()
	return nil
}
