package entrypoints_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/environment"
)

// scene is a namespace in which kinds of loss are tried one after another.
type scene struct {
	name string
	// build makes what there is to lose.
	build func(context.Context, *stage) error
	kinds []kind
}

// kind is a way to lose state: one row of the page.
type kind struct {
	title string
	// resource is "group/resource", of the core group "/resource".
	resource  string
	operation operation
	// target is the name of the object that is changed or deleted.
	target func(context.Context, *stage) (string, error)
	// edit is what a change does, object what a creation makes: an object, or its JSON.
	edit   edit
	object func(*stage) any
	// grace is the grace period of a deletion.
	grace *int64
	// dryDiffers leaves the dry run out, whose answer is another by design.
	dryDiffers bool
	// reasons are why an outcome may be "allowed": keys of reasons(), by entry point. The empty entry point is for all the others.
	reasons map[string]string
}

// stage is a scene's namespace, in the hands of the administrator that no rule stops.
type stage struct {
	*environment.Environment
	api       client.Client
	namespace string
}

func newStage(ctx context.Context, guarded *environment.Environment, name string) (*stage, error) {
	api, err := client.New(administrator(guarded.Config()), client.Options{})
	if err != nil {
		return nil, err
	}
	s := &stage{Environment: guarded, api: api, namespace: name}
	return s, s.make(ctx, &corev1.Namespace{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"},
		ObjectMeta: metav1.ObjectMeta{Name: name},
	})
}

// make applies objects as the manager that owns all that they say.
func (s *stage) make(ctx context.Context, objects ...any) error {
	for _, object := range objects {
		applied, err := toUnstructured(object)
		if err != nil {
			return err
		}
		s.place(applied)
		if err := s.api.Apply(ctx, client.ApplyConfigurationFromUnstructured(applied), client.FieldOwner(maker), client.ForceOwnership); err != nil {
			return fmt.Errorf("make %s %s: %w", applied.GetKind(), applied.GetName(), err)
		}
	}
	return nil
}

// place puts an object into the stage's namespace, if its kind has namespaces.
func (s *stage) place(object client.Object) {
	namespaced, err := s.api.IsObjectNamespaced(object)
	if err == nil && namespaced {
		object.SetNamespace(s.namespace)
	}
}

// running makes the tutorial's Service, the objects and a set, and waits until its pods are ready.
func (s *stage) running(ctx context.Context, set *builders.StatefulSet, beside ...any) error {
	if err := s.make(ctx, append([]any{builders.HeadlessService()}, beside...)...); err != nil {
		return err
	}
	if err := s.make(ctx, set.StatefulSet); err != nil {
		return err
	}
	return s.ready(ctx, set.StatefulSet.Name, *set.Spec.Replicas)
}

func (s *stage) ready(ctx context.Context, name string, replicas int32) error {
	return eventually(ctx, "the pods of "+name+" are ready", func(ctx context.Context) (bool, error) {
		set, err := s.set(ctx, name)
		return err == nil && set.Status.ReadyReplicas == replicas && set.Status.Replicas == replicas &&
			set.Status.ObservedGeneration == set.Generation, err
	})
}

func (s *stage) set(ctx context.Context, name string) (*appsv1.StatefulSet, error) {
	return s.Client.AppsV1().StatefulSets(s.namespace).Get(ctx, name, metav1.GetOptions{})
}

// scaled brings the set to another size, without a rule's word.
func (s *stage) scaled(ctx context.Context, name string, replicas int32) error {
	set := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: s.namespace}}
	patch := fmt.Sprintf(`{"spec":{"replicas":%d}}`, replicas)
	if err := s.patch(ctx, set, patch); err != nil {
		return err
	}
	return s.ready(ctx, name, replicas)
}

func (s *stage) patch(ctx context.Context, object client.Object, patch string) error {
	return s.api.Patch(ctx, object, client.RawPatch("application/merge-patch+json", []byte(patch)))
}

// orphaned deletes the set from above its pods.
func (s *stage) orphaned(ctx context.Context, name string) error {
	orphan := metav1.DeletePropagationOrphan
	set := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: s.namespace}}
	if err := s.api.Delete(ctx, set, &client.DeleteOptions{PropagationPolicy: &orphan}); err != nil {
		return err
	}
	return eventually(ctx, name+" is gone", func(ctx context.Context) (bool, error) {
		_, err := s.set(ctx, name)
		return apierrors.IsNotFound(err), nil
	})
}

// served waits until the API server knows a kind.
func (s *stage) served(ctx context.Context, object client.Object) error {
	return eventually(ctx, "the API server knows the kind", func(context.Context) (bool, error) {
		_, err := s.api.RESTMapper().RESTMapping(object.GetObjectKind().GroupVersionKind().GroupKind())
		if meta.IsNoMatchError(err) {
			return false, nil
		}
		return err == nil, err
	})
}

// Targets of kinds.

func named(name string) func(context.Context, *stage) (string, error) {
	return func(context.Context, *stage) (string, error) { return name, nil }
}

func theNamespace(_ context.Context, s *stage) (string, error) { return s.namespace, nil }

// itsVolume is the volume of the first pod's claim.
func itsVolume(ctx context.Context, s *stage) (string, error) {
	found, err := s.Client.CoreV1().PersistentVolumeClaims(s.namespace).Get(ctx, "www-web-0", metav1.GetOptions{})
	if err == nil && found.Spec.VolumeName == "" {
		err = errors.New("claim " + found.Name + " is not bound")
	}
	if err != nil {
		return "", err
	}
	return found.Spec.VolumeName, nil
}

// currentRevision is the revision to which a rollback would lead.
func currentRevision(ctx context.Context, s *stage) (string, error) {
	set, err := s.set(ctx, "web")
	if err != nil {
		return "", err
	}
	return set.Status.CurrentRevision, nil
}

func eventually(ctx context.Context, what string, condition wait.ConditionWithContextFunc) error {
	if err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, 2*time.Minute, true, condition); err != nil {
		return fmt.Errorf("wait until %s: %w", what, err)
	}
	return nil
}
