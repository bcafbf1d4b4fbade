package cli

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/confirmations"
	"github.com/stateward/stateward/webhook/registration"
)

// takesAnnotations reports whether Stateward records who annotates such an object. Of others it sees only deletions.
func (t target) takesAnnotations(library *policies.Library) bool {
	recording, _ := library.Rule("confirmed-by")
	return recording.AppliesTo(t.evaluated, policies.Update)
}

// coverOne creates a Confirmation of one object, as it is now, and returns who is on record for it, and until when.
func coverOne(ctx context.Context, target target, options confirmOptions, streams Streams) (by, until string, err error) {
	config, client, namespace, err := options.reach(streams)
	if err != nil {
		return "", "", err
	}
	stored, err := metadataOf(ctx, config, target, namespace)
	if apierrors.IsNotFound(err) {
		return "", "", usageError{fmt.Errorf("confirm %s: %w", target.operation, err)}
	}
	if err != nil {
		return "", "", fmt.Errorf("confirm %s: %w", target.operation, err)
	}
	if !target.resource.Namespaced {
		namespace = registration.Namespace
	}
	until = options.until()
	by, _, err = create(ctx, client, namespace, confirmations.Spec{
		Operations: []string{target.operation}, Rules: options.rules, Until: until, Reason: options.reason,
		Objects: []confirmations.Object{{
			Group: target.resource.Group, Kind: target.resource.Kind, Name: target.name, UID: string(stored.GetUID()),
		}},
	})
	if err == nil && by == "" {
		err = errNotRecorded
	}
	return by, until, err
}

// metadataOf reads no more than the metadata: the object may be a Secret.
func metadataOf(ctx context.Context, config *rest.Config, target target, namespace string) (*metav1.PartialObjectMetadata, error) {
	client, err := metadata.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	resource := client.Resource(schema.GroupVersionResource{Group: target.resource.Group, Version: target.resource.Version, Resource: target.resource.Name})
	if !target.resource.Namespaced {
		return resource.Get(ctx, target.name, metav1.GetOptions{})
	}
	return resource.Namespace(namespace).Get(ctx, target.name, metav1.GetOptions{})
}
