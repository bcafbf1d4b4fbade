package cli

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"

	"github.com/stateward/stateward/cmd/internal/planner"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/forecast"
	"github.com/stateward/stateward/policies/stored"
)

// readCluster reads the objects that a plan needs.
func (o planOptions) readCluster(ctx context.Context, requests []planner.Request) (objects []unstructured.Unstructured, version forecast.Version, namespace string, err error) {
	config, namespace, err := o.connect(o.namespace)
	if err != nil {
		return nil, version, "", fmt.Errorf("%w: name a cluster, or existing objects with --data", err)
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, version, "", fmt.Errorf("reach Kubernetes API: %w", err)
	}
	discoverer, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, version, "", fmt.Errorf("reach Kubernetes API: %w", err)
	}
	server, err := discoverer.ServerVersion()
	if err != nil {
		return nil, version, "", fmt.Errorf("read the version of the API server: %w", err)
	}
	if version, err = forecast.ParseVersion(server.GitVersion); err != nil {
		return nil, version, "", err
	}
	for _, name := range planner.Resources() {
		resource, known := policies.LookupResource(name)
		if !known {
			continue
		}
		found, err := list(ctx, client, resource, namespacesOfPlan(requests, namespace))
		// Without them a message says that nothing known here brings data back.
		if resource.Optional && (apierrors.IsNotFound(err) || apierrors.IsForbidden(err)) {
			continue
		}
		if err != nil {
			return nil, version, "", fmt.Errorf("list %s of the cluster: %w", name, err)
		}
		for _, object := range found {
			object.SetAPIVersion(stored.APIVersion(resource))
			object.SetKind(resource.Kind)
			objects = append(objects, object)
		}
	}
	return objects, version, namespace, nil
}
