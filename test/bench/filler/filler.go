// Package filler fills a real API server with StatefulSets and what belongs to them, as their controller would leave them.
package filler

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/ptr"

	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/environment"
	"github.com/stateward/stateward/webhook/registration"
)

const (
	// perNamespace is how many StatefulSets share a namespace.
	perNamespace = 100
	writers      = 16
	// node has all pods; without a kubelet, or kwok in its place, nothing but this changes them.
	node = "full"
)

// Filler creates StatefulSets, each with its Service, and with a pod and a claim for each replica.
type Filler struct {
	client   kubernetes.Interface
	replicas int
	// owners are the StatefulSets by their numbers, for what belongs to them.
	owners map[int]*metav1.OwnerReference
}

// Kind is what there is of each StatefulSet.
type Kind struct {
	Name string
	// Each is how many objects a StatefulSet has of it.
	Each   int
	create func(ctx context.Context, index int) error
}

// Kinds are in the order in which they are created.
func (f *Filler) Kinds() []Kind {
	return []Kind{
		{"Service", 1, f.service},
		{"StatefulSet", 1, f.statefulSet},
		{"PersistentVolumeClaim", f.replicas, f.claims},
		{"Pod", f.replicas, f.pods},
	}
}

// New acts past the guard, which has nothing to say about what is measured.
func New(guarded *environment.Environment, replicas int) (*Filler, error) {
	config := guarded.ConfigFor("filler", registration.BreakGlassGroup, "system:masters")
	config.QPS, config.Burst = -1, -1
	client, err := kubernetes.NewForConfig(config)
	return &Filler{client: client, replicas: replicas, owners: map[int]*metav1.OwnerReference{}}, err
}

// Prepare makes the namespaces of the StatefulSets with these numbers.
func (f *Filler) Prepare(ctx context.Context, from, to int) error {
	for index := from; index < to; index++ {
		f.owners[index] = &metav1.OwnerReference{}
		if index%perNamespace != 0 {
			continue
		}
		made := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: Namespace(index)}}
		if _, err := f.client.CoreV1().Namespaces().Create(ctx, made, metav1.CreateOptions{}); err != nil {
			return err
		}
		account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}
		if _, err := f.client.CoreV1().ServiceAccounts(made.Name).Create(ctx, account, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	return nil
}

// Fill creates what the StatefulSets with these numbers have of a kind.
func (f *Filler) Fill(ctx context.Context, kind Kind, from, to int) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(writers)
	for index := from; index < to && ctx.Err() == nil; index++ {
		group.Go(func() error { return kind.create(ctx, index) })
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("create a %s: %w", kind.Name, err)
	}
	return nil
}

// All prepares and fills everything of so many StatefulSets; done, if set, is called after each kind.
func (f *Filler) All(ctx context.Context, count int, done func(Kind)) error {
	if err := f.Prepare(ctx, 0, count); err != nil {
		return err
	}
	for _, kind := range f.Kinds() {
		if err := f.Fill(ctx, kind, 0, count); err != nil {
			return err
		}
		if done != nil {
			done(kind)
		}
	}
	return nil
}

// Namespace is that of the StatefulSet with this number.
func Namespace(index int) string { return fmt.Sprintf("data-%d", index/perNamespace) }

// Name is that of the StatefulSet with this number, and of its Service.
func Name(index int) string { return fmt.Sprintf("db-%d", index) }

func labelsOf(index int) map[string]string { return map[string]string{"app": Name(index)} }

func (f *Filler) service(ctx context.Context, index int) error {
	service := builders.HeadlessService()
	service.ObjectMeta = metav1.ObjectMeta{Name: Name(index)}
	service.Spec.Selector = labelsOf(index)
	_, err := f.client.CoreV1().Services(Namespace(index)).Create(ctx, service, metav1.CreateOptions{})
	return err
}

// DeleteService leaves the StatefulSet with this number without the Service that governs it.
func (f *Filler) DeleteService(ctx context.Context, index int) error {
	return f.client.CoreV1().Services(Namespace(index)).Delete(ctx, Name(index), metav1.DeleteOptions{})
}

func (f *Filler) statefulSet(ctx context.Context, index int) error {
	set := f.set(index)
	set.Spec.VolumeClaimTemplates = []corev1.PersistentVolumeClaim{claim("data")}
	made, err := f.client.AppsV1().StatefulSets(Namespace(index)).Create(ctx, &set.StatefulSet, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	owner := metav1.NewControllerRef(made, made.GroupVersionKind())
	owner.APIVersion, owner.Kind = "apps/v1", "StatefulSet"
	*f.owners[index] = *owner
	return nil
}

func (f *Filler) set(index int) *builders.StatefulSet {
	set := builders.MakeStatefulSet().Name(Name(index)).Service(Name(index)).Replicas(int32(f.replicas))
	set.Namespace = Namespace(index)
	set.Spec.Selector.MatchLabels, set.Spec.Template.Labels = labelsOf(index), labelsOf(index)
	return set
}

func claim(name string) corev1.PersistentVolumeClaim {
	return corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("10Gi")}},
		},
	}
}

func (f *Filler) claims(ctx context.Context, index int) error {
	for ordinal := range f.replicas {
		made := claim(fmt.Sprintf("data-%s-%d", Name(index), ordinal))
		made.Labels = labelsOf(index)
		if _, err := f.client.CoreV1().PersistentVolumeClaims(Namespace(index)).Create(ctx, &made, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	return nil
}

// pods run as soon as they are there. Left to the scheduler, thousands would take many minutes, in which nothing is at rest.
func (f *Filler) pods(ctx context.Context, index int) error {
	template := f.set(index).Spec.Template
	pods := f.client.CoreV1().Pods(Namespace(index))
	for ordinal := range f.replicas {
		pod := &corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec}
		pod.Name, pod.OwnerReferences = fmt.Sprintf("%s-%d", Name(index), ordinal), []metav1.OwnerReference{*f.owners[index]}
		pod.Spec.NodeName = node
		made, err := pods.Create(ctx, pod, metav1.CreateOptions{})
		if err != nil {
			return err
		}
		made.Status = running(made.Spec.Containers)
		if _, err := pods.UpdateStatus(ctx, made, metav1.UpdateOptions{}); err != nil {
			return err
		}
	}
	return nil
}

// running is the status of a pod that is Ready, as a kubelet writes it.
func running(containers []corev1.Container) corev1.PodStatus {
	now := metav1.Now()
	status := corev1.PodStatus{Phase: corev1.PodRunning, StartTime: &now}
	for _, condition := range []corev1.PodConditionType{corev1.PodInitialized, corev1.PodReady, corev1.ContainersReady, corev1.PodScheduled} {
		status.Conditions = append(status.Conditions, corev1.PodCondition{Type: condition, Status: corev1.ConditionTrue, LastTransitionTime: now})
	}
	for _, container := range containers {
		status.ContainerStatuses = append(status.ContainerStatuses, corev1.ContainerStatus{
			Name: container.Name, Image: container.Image, Ready: true, Started: ptr.To(true),
			State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: now}},
		})
	}
	return status
}
