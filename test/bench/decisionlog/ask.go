package main

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/stateward/stateward/test/bench/filler"
	"github.com/stateward/stateward/test/environment"
)

// client asks the API server for changes as dry runs, so that nothing changes.
type client struct{ kubernetes.Interface }

func newClient(guarded *environment.Environment) (client, error) {
	config := guarded.ConfigFor("operator", "system:masters")
	config.QPS, config.Burst, config.WarningHandler = -1, -1, rest.NoWarnings{}
	made, err := kubernetes.NewForConfig(config)
	return client{made}, err
}

// request is one kind of request.
type request struct {
	name string
	// reviews are how many of Stateward's webhooks the API server asks for each: the mutating and the validating one, or the latter.
	reviews int
	ask     func(ctx context.Context, index int) error
}

func (c client) requests() []request {
	return []request{
		{"update of an image", 2, func(ctx context.Context, index int) error {
			return c.patch(ctx, index, `[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"nginx:1.27.5"}]`)
		}},
		{"scale", 1, func(ctx context.Context, index int) error {
			return c.patch(ctx, index, fmt.Sprintf(`[{"op":"replace","path":"/spec/replicas","value":%d}]`, replicas+1), "scale")
		}},
	}
}

// patch changes the StatefulSet with this number. Whether that is denied does not matter, as long as it is evaluated.
func (c client) patch(ctx context.Context, index int, patch string, subresources ...string) error {
	sets := c.AppsV1().StatefulSets(filler.Namespace(index))
	_, err := sets.Patch(ctx, filler.Name(index), types.JSONPatchType, []byte(patch), metav1.PatchOptions{DryRun: []string{metav1.DryRunAll}}, subresources...)
	if err != nil && !apierrors.IsForbidden(err) {
		return fmt.Errorf("patch %s: %w", filler.Name(index), err)
	}
	return nil
}

// ask asks in an open loop: when a request is due it is sent, whether the last one has been answered or not.
func (p plan) ask(ctx context.Context, each request) error {
	interval := time.Second * time.Duration(each.reviews) / time.Duration(p.rate)
	group, ctx := errgroup.WithContext(ctx)
	number := 0
	for due, end := time.Now(), time.Now().Add(p.span); due.Before(end) && ctx.Err() == nil; due, number = due.Add(interval), number+1 {
		if err := wait(ctx, time.Until(due)); err != nil {
			break
		}
		index := number % sets
		group.Go(func() error { return each.ask(ctx, index) })
	}
	return group.Wait()
}
