package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/stateward/stateward/cmd/internal/evaluate"
	"github.com/stateward/stateward/cmd/internal/report"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
	"github.com/stateward/stateward/policies/stored"
)

const (
	// auditRequestTimeout bounds one page of a list.
	auditRequestTimeout = time.Minute
	// auditRate is how many requests a second an audit sends at most.
	auditRate = 50
)

// stock is what an audit looks at.
type stock struct {
	objects []evaluate.Stored
	// known are the resources whose objects are complete.
	known []string
	// guardrails are an object to evaluate when all else is evaluated; nil where there are none.
	guardrails *evaluate.Stored
	chosen     selection
	problems   []report.Problem
}

// isPart reports whether not even all objects of the chosen namespaces are evaluated.
func (s *stock) isPart() bool { return !s.chosen.labels.Empty() || s.unread() > 0 }

// unread counts what could not be read.
func (s *stock) unread() int {
	return (&report.Result{Problems: s.problems}).Unreadable()
}

// read reads all objects, and compiles the rules under the Guardrails that count.
func (o auditOptions) read(ctx context.Context, library *policies.Library, chosen selection, progress *progress) (found *stock, decider *engine.Engine, err error) {
	if len(o.data) > 0 {
		found, decider, err = o.readExport(ctx, library, chosen, progress)
	} else {
		found, decider, err = o.readLive(ctx, library, chosen, progress)
	}
	if err != nil {
		return nil, nil, err
	}
	found.chosen = chosen
	found.checkNamespaces()
	return found, decider, nil
}

// readLive reads the cluster page by page. A kind that may not be read is a problem, and not known.
func (o auditOptions) readLive(ctx context.Context, library *policies.Library, chosen selection, progress *progress) (*stock, *engine.Engine, error) {
	config, _, err := o.connect("")
	if err != nil {
		return nil, nil, usageError{fmt.Errorf("%w: name a cluster, or existing objects with --data", err)}
	}
	config.Timeout, config.QPS, config.Burst = auditRequestTimeout, auditRate, 2*auditRate
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, nil, usageError{fmt.Errorf("reach Kubernetes API: %w", err)}
	}
	guardrails, err := liveGuardrails(ctx, client)
	if err != nil && o.config == "" {
		return nil, nil, usageError{fmt.Errorf("read the Guardrails of the cluster: %w: use --config", err)}
	}
	decider, guardrails, err := o.decider(ctx, library, guardrails)
	if err != nil {
		return nil, nil, err
	}
	found := &stock{guardrails: guardrails}
	reading := progress.counted("read", "objects")
	for _, resource := range stored.LookedUp(decider) {
		err := found.list(ctx, client, resource, o.namespaces, chosen, reading)
		if resource.Optional && apierrors.IsForbidden(err) {
			// The API server refuses what it does not serve too, and what is not known there hides no finding.
			continue
		}
		if err != nil {
			if ctx.Err() != nil || apierrors.IsUnauthorized(err) {
				return nil, nil, usageError{fmt.Errorf("list %s of the cluster: %w", resource.Name, err)}
			}
			found.problems = append(found.problems, report.Problem{
				Position: report.Position{File: resource.Name}, Unreadable: true,
				Message: fmt.Sprintf("list %s of the cluster: %v", resource.Name, err),
			})
		}
	}
	if len(found.objects) == 0 && found.unread() > 0 {
		return nil, nil, usageError{errors.New(found.problems[0].Message)}
	}
	return found, decider, nil
}

// liveGuardrails are those of the cluster, nil where there are none.
func liveGuardrails(ctx context.Context, client dynamic.Interface) (*evaluate.Stored, error) {
	all := client.Resource(schema.GroupVersionResource{Group: policies.Group, Version: policies.Version, Resource: "guardrails"})
	object, err := all.Get(ctx, v1alpha1.GuardrailsName, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	raw, err := object.MarshalJSON()
	return &evaluate.Stored{Object: stored.Object{Raw: raw}, Position: report.Position{File: "guardrails/" + v1alpha1.GuardrailsName}}, err
}

// list adds the objects of a resource. A kind that is not installed has none.
func (s *stock) list(ctx context.Context, client dynamic.Interface, resource policies.Resource, namespaces []string, chosen selection, reading func(int)) error {
	if len(namespaces) == 0 {
		namespaces = []string{metav1.NamespaceAll}
	}
	before := len(s.objects)
	err := eachObject(ctx, client, resource, namespaces, func(object *unstructured.Unstructured) error {
		object.SetManagedFields(nil)
		object.SetAPIVersion(stored.APIVersion(resource))
		object.SetKind(resource.Kind)
		raw, err := object.MarshalJSON()
		if err != nil {
			return err
		}
		file := resource.Name + "/" + object.GetName()
		if resource.Namespaced {
			file = resource.Name + "/" + object.GetNamespace() + "/" + object.GetName()
		}
		reading(len(s.objects))
		return s.add(resource, raw, report.Position{File: file}, chosen)
	})
	if err != nil && !apierrors.IsNotFound(err) {
		s.objects = s.objects[:before]
		return err
	}
	if !slices.Contains(s.known, resource.Name) {
		s.known = append(s.known, resource.Name)
	}
	return nil
}
