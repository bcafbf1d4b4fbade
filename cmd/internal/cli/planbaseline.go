package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/stateward/stateward/cmd/internal/baseline"
	"github.com/stateward/stateward/cmd/internal/manifest"
	"github.com/stateward/stateward/cmd/internal/planner"
	"github.com/stateward/stateward/policies/forecast"
)

// readBaseline is read where the baseline takes the place of a cluster.
func (o planOptions) readBaseline(ctx context.Context, streams Streams) (requests []planner.Request, inventory *planner.Inventory, namespace string, err error) {
	namespace = cmp.Or(o.namespace, metav1.NamespaceDefault)
	requests, objects, err := o.compared(ctx, namespace, streams)
	if err != nil {
		return nil, nil, "", err
	}
	inventory, err = o.inventoryOf(objects, forecast.Version{Minor: forecast.Newest})
	return requests, inventory, namespace, err
}

// compared are the requests that turn the baseline into the manifests, and what a cluster holds that has the baseline.
func (o planOptions) compared(ctx context.Context, namespace string, streams Streams) (requests []planner.Request, objects []unstructured.Unstructured, err error) {
	given, err := o.given()
	if err != nil {
		return nil, nil, err
	}
	before, after, err := baseline.Read(ctx, o.baseline, given, manifest.Options{Stdin: streams.In})
	if err = errors.Join(err, before.Unreadable, after.Unreadable); err != nil {
		return nil, nil, err
	}
	pairs, notes, err := baseline.Pair(before, after, namespace)
	if err != nil {
		return nil, nil, err
	}
	for _, note := range notes {
		fmt.Fprintln(streams.Err, "note: "+printable(note, ""))
	}
	var old []unstructured.Unstructured
	for _, pair := range pairs {
		if pair.Before != nil {
			var object unstructured.Unstructured
			if err := object.UnmarshalJSON(pair.Before.Raw); err != nil {
				return nil, nil, fmt.Errorf("%s: %w", pair.Before.Position(nil), err)
			}
			old = append(old, object)
		}
		switch {
		case pair.After != nil && !pair.Same:
			requests = append(requests, planner.Request{Manifest: pair.After.Raw})
		case pair.After == nil && pair.Before.Kind == "StatefulSet":
			requests = append(requests, o.removal(*pair.Before, namespace))
		case pair.After == nil:
			requests = append(requests, planner.Request{Removed: pair.Before.Kind})
		}
	}
	objects, err = planner.AssumeReady(old, namespace, time.Now())
	return requests, objects, err
}

// removal is what a GitOps tool does with a StatefulSet that is no longer in the files.
func (o planOptions) removal(gone manifest.Document, namespace string) planner.Request {
	if gone.Namespace != "" {
		namespace = gone.Namespace
	}
	return planner.Request{Delete: "sts/" + gone.Name, Namespace: namespace, Propagation: forecast.Propagation(o.cascade)}
}

// given is what is compared with the baseline.
func (o planOptions) given() (baseline.Given, error) {
	switch {
	case len(o.data)+len(o.scale)+len(o.image)+len(o.deletes) > 0:
		return baseline.Given{}, errors.New("--baseline compares manifests: use it with -f or -k alone")
	case len(o.kustomize) == 1 && len(o.files) == 0:
		return baseline.Given{Kustomization: o.kustomize[0]}, nil
	case len(o.kustomize) == 0 && len(o.files) > 0:
		return baseline.Given{Paths: o.files}, nil
	default:
		return baseline.Given{}, errors.New("--baseline compares files, with -f, or one kustomization, with -k")
	}
}
