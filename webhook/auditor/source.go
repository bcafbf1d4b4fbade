package auditor

import (
	"context"
	"encoding/json"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/stored"
)

const (
	// heldAtOnce is how many objects of a cache are unpacked at a time, listedAtOnce how many are on a page of a list.
	heldAtOnce   = 50
	listedAtOnce = 200
)

// source hands over the objects of a namespace, a batch at a time: from the caches, and page by page what they do not hold.
type source struct {
	stock     Stock
	api       dynamic.Interface
	namespace string
	// left are the resources that are not finished; held and page are what is left of the first.
	left []policies.Resource
	held []func() (json.RawMessage, error)
	page string
	// begun says that the first was begun.
	begun bool
}

// batch is some objects of one resource.
type batch struct {
	resource policies.Resource
	objects  []json.RawMessage
	requests int
	isLast   bool
}

// next returns some objects.
func (s *source) next(ctx context.Context) (some batch, err error) {
	if len(s.left) == 0 {
		return batch{isLast: true}, nil
	}
	some.resource = s.left[0]
	if s.stock.Holds(some.resource.Name) {
		err = s.unpack(&some)
	} else {
		err = s.list(ctx, &some)
	}
	if err != nil {
		return batch{}, fmt.Errorf("read %s in %q: %w", some.resource.Name, s.namespace, err)
	}
	s.begun = len(s.held) > 0 || s.page != ""
	if !s.begun {
		s.left = s.left[1:]
	}
	some.isLast = len(s.left) == 0
	return some, nil
}

func (s *source) unpack(into *batch) (err error) {
	if !s.begun {
		if s.held, err = s.stock.Stored(into.resource.Name, s.namespace); err != nil {
			return err
		}
	}
	some := s.held[:min(len(s.held), heldAtOnce)]
	s.held = s.held[len(some):]
	for _, unpack := range some {
		text, err := unpack()
		if err != nil {
			return err
		}
		into.objects = append(into.objects, text)
	}
	return nil
}

// list reads a page. A kind that is not installed has no objects.
func (s *source) list(ctx context.Context, into *batch) error {
	resource := into.resource
	kind := schema.GroupVersionResource{Group: resource.Group, Version: resource.Version, Resource: resource.Name}
	page, err := in(s.api, kind, s.namespace).List(ctx, metav1.ListOptions{Limit: listedAtOnce, Continue: s.page})
	into.requests++
	if apierrors.IsNotFound(err) {
		s.page = ""
		return nil
	}
	if err != nil {
		return err
	}
	s.page = page.GetContinue()
	for index := range page.Items {
		text, err := textOf(resource, &page.Items[index])
		if err != nil {
			return err
		}
		into.objects = append(into.objects, text)
	}
	return nil
}

// textOf is an object of a list as the caches hold it.
func textOf(resource policies.Resource, object *unstructured.Unstructured) (json.RawMessage, error) {
	object.SetManagedFields(nil)
	object.SetAPIVersion(stored.APIVersion(resource))
	object.SetKind(resource.Kind)
	return json.Marshal(object.Object)
}

// in is a resource in a namespace, or of the whole cluster.
func in(api dynamic.Interface, kind schema.GroupVersionResource, namespace string) dynamic.ResourceInterface {
	if namespace == wholeCluster {
		return api.Resource(kind)
	}
	return api.Resource(kind).Namespace(namespace)
}
