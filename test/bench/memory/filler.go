package main

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/environment"
	"github.com/stateward/stateward/webhook/registration"
)

const (
	// perNamespace is how many StatefulSets share a namespace.
	perNamespace = 100
	writers      = 16
)

// filler creates StatefulSets and what belongs to them.
type filler struct {
	client   kubernetes.Interface
	replicas int
	created  int
}

// newFiller acts past the guard, which has nothing to say about what is measured here.
func newFiller(guarded *environment.Environment, replicas int) (*filler, error) {
	config := guarded.ConfigFor("filler", registration.BreakGlassGroup, "system:masters")
	config.QPS, config.Burst = -1, -1
	client, err := kubernetes.NewForConfig(config)
	return &filler{client: client, replicas: replicas}, err
}

// upTo goes on until there are this many StatefulSets.
func (f *filler) upTo(ctx context.Context, count int) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(writers)
	for ; f.created < count && ctx.Err() == nil; f.created++ {
		index := f.created
		namespace := fmt.Sprintf("data-%d", index/perNamespace)
		if index%perNamespace == 0 {
			made := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
			if _, err := f.client.CoreV1().Namespaces().Create(ctx, made, metav1.CreateOptions{}); err != nil {
				return err
			}
			account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}
			if _, err := f.client.CoreV1().ServiceAccounts(namespace).Create(ctx, account, metav1.CreateOptions{}); err != nil {
				return err
			}
		}
		group.Go(func() error { return f.one(ctx, namespace, fmt.Sprintf("db-%d", index)) })
	}
	return group.Wait()
}

// one creates a StatefulSet as its controller would leave it.
func (f *filler) one(ctx context.Context, namespace, name string) error {
	labels := map[string]string{"app": name}
	service := builders.HeadlessService()
	service.ObjectMeta = metav1.ObjectMeta{Name: name, Namespace: namespace}
	service.Spec.Selector = labels
	if _, err := f.client.CoreV1().Services(namespace).Create(ctx, service, metav1.CreateOptions{}); err != nil {
		return err
	}
	set := builders.MakeStatefulSet().Name(name).Service(name).Replicas(int32(f.replicas))
	set.Namespace = namespace
	set.Spec.Selector.MatchLabels, set.Spec.Template.Labels = labels, labels
	claim := corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: "data"},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("10Gi")}},
		},
	}
	set.Spec.VolumeClaimTemplates = []corev1.PersistentVolumeClaim{claim}
	made, err := f.client.AppsV1().StatefulSets(namespace).Create(ctx, &set.StatefulSet, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	owner := *metav1.NewControllerRef(made, made.GroupVersionKind())
	owner.APIVersion, owner.Kind = "apps/v1", "StatefulSet"
	for ordinal := range f.replicas {
		if err := f.replica(ctx, set, claim, owner, ordinal); err != nil {
			return err
		}
	}
	return nil
}

// replica creates a pod and its claim.
func (f *filler) replica(ctx context.Context, set *builders.StatefulSet, claim corev1.PersistentVolumeClaim, owner metav1.OwnerReference, ordinal int) error {
	pod := &corev1.Pod{ObjectMeta: set.Spec.Template.ObjectMeta, Spec: set.Spec.Template.Spec}
	pod.Name, pod.OwnerReferences = fmt.Sprintf("%s-%d", owner.Name, ordinal), []metav1.OwnerReference{owner}
	claim.Name, claim.Labels = claim.Name+"-"+pod.Name, pod.Labels
	if _, err := f.client.CoreV1().PersistentVolumeClaims(set.Namespace).Create(ctx, &claim, metav1.CreateOptions{}); err != nil {
		return err
	}
	_, err := f.client.CoreV1().Pods(set.Namespace).Create(ctx, pod, metav1.CreateOptions{})
	return err
}
