// Package election lets one replica of Stateward at a time do something.
package election

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
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
	// Lease is the name of the lease, in Stateward's own namespace.
	Lease string
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
		if err := e.Once(ctx, work); err != nil {
			return err
		}
	}
	return nil
}

// Alone is Once of work that must be done before ctx ends: it is an error that the lease was not to be had until then. Where the
// right to the lease is missing it does not wait.
func (e Election) Alone(ctx context.Context, work func(context.Context)) error {
	_, err := e.Leases.Leases(registration.Namespace).Get(ctx, e.Lease, metav1.GetOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("read lease %s: %w", e.Lease, err)
	}
	worked := false
	err = e.Once(ctx, func(ctx context.Context) {
		worked = true
		work(ctx)
	})
	if err == nil && !worked {
		err = fmt.Errorf("lease %s of namespace %s was not to be had in time", e.Lease, registration.Namespace)
	}
	return err
}

// Once waits for the lease, and works until the work is done, the lease is lost or ctx ends. If ctx ends first, it returns
// without having worked.
func (e Election) Once(ctx context.Context, work func(context.Context)) error {
	held, release := context.WithCancel(klog.NewContext(context.WithoutCancel(ctx), e.Log))
	defer release()
	var working sync.Mutex
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Name: e.Lease,
		Lock: &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Namespace: registration.Namespace, Name: e.Lease},
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
		return fmt.Errorf("elect who holds lease %s: %w", e.Lease, err)
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
