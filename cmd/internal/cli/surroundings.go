package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/pflag"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/pager"

	"github.com/stateward/stateward/cmd/internal/evaluate"
	"github.com/stateward/stateward/cmd/internal/manifest"
	"github.com/stateward/stateward/policies"
)

// surroundingOptions are the flags of `stateward check` that say what is there besides the manifests.
type surroundingOptions struct {
	clusterOptions

	data        []string
	fromCluster bool
}

func (o *surroundingOptions) add(flags *pflag.FlagSet) {
	o.clusterOptions.add(flags)
	flags.StringArrayVar(&o.data, "data", nil, "`file` or folder of existing objects, in the format of `kubectl get -o yaml`; rules can look them up, but do not check them")
	flags.BoolVar(&o.fromCluster, "context-from-cluster", false, "look up existing objects in the cluster of the kubeconfig, in the namespaces of the manifests")
}

// namespaceOf is the namespace of objects that name none: as kubectl has it where there is a cluster.
func (o *surroundingOptions) namespaceOf(given string) (string, error) {
	if given != "" {
		return given, nil
	}
	if !o.fromCluster {
		return metav1.NamespaceDefault, nil
	}
	_, namespace, err := o.connect("")
	return namespace, err
}

// read returns what is there besides the documents, of the resources that rules read.
func (o *surroundingOptions) read(ctx context.Context, namespace string, documents []manifest.Document, reads []string) (evaluate.Surroundings, error) {
	var found evaluate.Surroundings
	if err := o.readData(ctx, &found); err != nil {
		return found, usageError{fmt.Errorf("read --data: %w", err)}
	}
	if !o.fromCluster {
		return found, nil
	}
	return found, o.readCluster(ctx, namespacesOf(documents, namespace), reads, &found)
}

func (o *surroundingOptions) readData(ctx context.Context, found *evaluate.Surroundings) error {
	if len(o.data) == 0 {
		return nil
	}
	exported, err := manifest.Read(ctx, o.data, manifest.Options{})
	if err != nil {
		return err
	}
	for _, document := range exported.Documents {
		if document.IsAdmissionReview() {
			return fmt.Errorf("%s: an AdmissionReview is not an existing object: remove it from --data", document.Position(nil))
		}
		var object unstructured.Unstructured
		if err := object.UnmarshalJSON(document.Raw); err != nil {
			return fmt.Errorf("%s: %w", document.Position(nil), err)
		}
		group := object.GroupVersionKind().Group
		if resource, known := policies.ResourceOfKind(group, object.GetKind()); known && !resource.Optional && resource.Name != policies.Confirmations {
			found.Add(resource.Name, object)
		}
	}
	return nil
}

func (o *surroundingOptions) readCluster(ctx context.Context, namespaces, reads []string, found *evaluate.Surroundings) error {
	config, _, err := o.connect("")
	if err != nil {
		return usageError{err}
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return usageError{fmt.Errorf("reach Kubernetes API: %w", err)}
	}
	for _, name := range reads {
		resource, known := policies.LookupResource(name)
		if !known || !isListed(name) {
			continue
		}
		objects, err := list(ctx, client, resource, namespaces)
		if err != nil {
			return fmt.Errorf("list %s of the cluster: %w", name, err)
		}
		found.Add(name, objects...)
	}
	return nil
}

// isListed leaves out what only operations on what runs are about: no check of manifests needs the right to list it.
func isListed(name string) bool {
	resource, _ := policies.LookupResource(name)
	return !resource.Optional && !slices.Contains([]string{"pods", "persistentvolumes", "controllerrevisions", policies.Confirmations}, name)
}

func namespacesOf(documents []manifest.Document, namespace string) []string {
	namespaces := []string{namespace}
	for _, document := range documents {
		if document.Namespace != "" && !slices.Contains(namespaces, document.Namespace) {
			namespaces = append(namespaces, document.Namespace)
		}
	}
	return namespaces
}

// list reads all objects of a resource, page by page.
func list(ctx context.Context, client dynamic.Interface, resource policies.Resource, namespaces []string) (objects []unstructured.Unstructured, err error) {
	err = eachObject(ctx, client, resource, namespaces, func(object *unstructured.Unstructured) error {
		objects = append(objects, *object)
		return nil
	})
	return objects, err
}

// eachObject hands over all objects of a resource, page by page.
func eachObject(ctx context.Context, client dynamic.Interface, resource policies.Resource, namespaces []string, take func(*unstructured.Unstructured) error) error {
	if !resource.Namespaced {
		namespaces = []string{metav1.NamespaceNone}
	}
	for _, namespace := range namespaces {
		from := resourceClient(client, resource, namespace)
		pages := pager.New(func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			return from.List(ctx, options)
		})
		err := pages.EachListItem(ctx, metav1.ListOptions{}, func(each runtime.Object) error {
			object, ok := each.(*unstructured.Unstructured)
			if !ok {
				return fmt.Errorf("the API server answered with a %T", each)
			}
			return take(object)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
