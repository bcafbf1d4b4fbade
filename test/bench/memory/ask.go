package main

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/stateward/stateward/test/bench/filler"
	"github.com/stateward/stateward/test/environment"
)

const (
	// updates are asked for at each step.
	updates = 1000
	// askers leave the API server time for what else it does.
	askers = 4
)

// ask changes the image of StatefulSets all over the cluster, of which there are count, as dry runs. Whether they are denied
// does not matter, as long as they are evaluated.
func ask(ctx context.Context, guarded *environment.Environment, count int) error {
	config := guarded.ConfigFor("operator", "system:masters")
	config.QPS, config.Burst, config.WarningHandler = -1, -1, rest.NoWarnings{}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	patch := []byte(`[{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "nginx:1.27.5"}]`)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(askers)
	for number := range updates {
		index := number * count / updates
		group.Go(func() error {
			sets := client.AppsV1().StatefulSets(filler.Namespace(index))
			_, err := sets.Patch(ctx, filler.Name(index), types.JSONPatchType, patch, metav1.PatchOptions{DryRun: []string{metav1.DryRunAll}})
			if err != nil && !apierrors.IsForbidden(err) {
				return fmt.Errorf("update %s: %w", filler.Name(index), err)
			}
			return nil
		})
	}
	return group.Wait()
}
