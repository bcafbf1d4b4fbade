package forecast

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/record"
	"k8s.io/kubernetes/pkg/controller/history"
	"k8s.io/kubernetes/pkg/controller/statefulset"

	"github.com/stateward/stateward/policies/forecast"
)

// cluster holds the objects that the controller reads and writes, and records what happens to them. Reads are never stale.
type cluster struct {
	lock      sync.Mutex
	control   statefulset.StatefulSetControlInterface
	set       *appsv1.StatefulSet
	pods      map[string]*corev1.Pod
	claims    map[string]*corev1.PersistentVolumeClaim
	revisions map[string]*appsv1.ControllerRevision
	// templates are those of all revisions that ever were.
	templates map[string]string

	uids       int
	start      time.Time
	now, round int
	begun      int
	steps      []forecast.Step
	changed    bool
}

func newCluster() *cluster {
	c := &cluster{
		pods: map[string]*corev1.Pod{}, claims: map[string]*corev1.PersistentVolumeClaim{},
		revisions: map[string]*appsv1.ControllerRevision{}, templates: map[string]string{},
		start: startTime(),
	}
	c.control = statefulset.NewDefaultStatefulSetControl(
		statefulset.NewStatefulPodControlFromManager(c.manager(), &record.FakeRecorder{}), c, revisions{c})
	return c
}

func (c *cluster) time() metav1.Time {
	return metav1.NewTime(c.start.Add(time.Duration(c.now) * time.Second))
}

func (c *cluster) newUID() int {
	c.uids++
	return c.uids
}

func (c *cluster) step(step forecast.Step) {
	step.Round, step.At = c.round, c.now-c.begun
	c.steps = append(c.steps, step)
	c.changed = true
}

// podList returns copies in the order of ordinals, as a cache would.
func (c *cluster) podList() []*corev1.Pod {
	pods := make([]*corev1.Pod, 0, len(c.pods))
	for _, pod := range c.pods {
		pods = append(pods, pod.DeepCopy())
	}
	slices.SortFunc(pods, func(a, b *corev1.Pod) int { return cmp.Compare(ordinal(a.Name), ordinal(b.Name)) })
	return pods
}

func ordinal(pod string) int {
	number, err := strconv.Atoi(pod[strings.LastIndex(pod, "-")+1:])
	if err != nil {
		return -1
	}
	return number
}

// CreatePod and the six methods after it are statefulset.StatefulPodControlObjectManager.
func (c *cluster) CreatePod(_ context.Context, pod *corev1.Pod, _ *appsv1.StatefulSet) error {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.pods[pod.Name] != nil {
		return apierrors.NewAlreadyExists(corev1.Resource("pods"), pod.Name)
	}
	created := pod.DeepCopy()
	created.UID = uid(c.newUID())
	created.Status.Phase = corev1.PodPending
	c.pods[pod.Name] = created
	c.step(forecast.Step{Kind: forecast.PodStarts, Object: pod.Name, Revision: revisionOf(pod)})
	return nil
}

func (c *cluster) GetPod(_, podName string) (*corev1.Pod, error) {
	c.lock.Lock()
	defer c.lock.Unlock()
	if pod := c.pods[podName]; pod != nil {
		return pod.DeepCopy(), nil
	}
	return nil, apierrors.NewNotFound(corev1.Resource("pods"), podName)
}

func (c *cluster) UpdatePod(pod *corev1.Pod, _ *appsv1.StatefulSet) error {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.pods[pod.Name] == nil {
		return apierrors.NewNotFound(corev1.Resource("pods"), pod.Name)
	}
	return nil
}

func (c *cluster) DeletePod(pod *corev1.Pod) error {
	c.lock.Lock()
	defer c.lock.Unlock()
	stored := c.pods[pod.Name]
	if stored == nil {
		return apierrors.NewNotFound(corev1.Resource("pods"), pod.Name)
	}
	c.stop(stored)
	return nil
}

func (c *cluster) stop(pod *corev1.Pod) {
	if pod.DeletionTimestamp == nil {
		now := c.time()
		pod.DeletionTimestamp = &now
		c.step(forecast.Step{Kind: forecast.PodStops, Object: pod.Name, Revision: revisionOf(pod)})
	}
}

func (c *cluster) CreateClaim(claim *corev1.PersistentVolumeClaim, _ *appsv1.StatefulSet) error {
	c.lock.Lock()
	defer c.lock.Unlock()
	created := claim.DeepCopy()
	created.UID = uid(c.newUID())
	c.claims[claim.Name] = created
	c.step(forecast.Step{Kind: forecast.ClaimCreated, Object: claim.Name})
	return nil
}

func (c *cluster) GetClaim(_, claimName string) (*corev1.PersistentVolumeClaim, error) {
	c.lock.Lock()
	defer c.lock.Unlock()
	if claim := c.claims[claimName]; claim != nil {
		return claim.DeepCopy(), nil
	}
	return nil, apierrors.NewNotFound(corev1.Resource("persistentvolumeclaims"), claimName)
}

func (c *cluster) UpdateClaim(claim *corev1.PersistentVolumeClaim, _ *appsv1.StatefulSet) error {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.own(claim.Name, claim.OwnerReferences)
	return nil
}

func (c *cluster) own(claimName string, owners []metav1.OwnerReference) {
	claim := c.claims[claimName]
	claim.OwnerReferences = owners
	c.step(forecast.Step{Kind: forecast.ClaimOwned, Object: claim.Name, Owners: ownersOf(claim)})
}

// UpdateStatefulSetStatus is statefulset.StatefulSetStatusUpdaterInterface.
func (c *cluster) UpdateStatefulSetStatus(_ context.Context, _ *appsv1.StatefulSet, status *appsv1.StatefulSetStatus) error {
	before := c.set.Status
	c.set.Status = *status.DeepCopy()
	c.changed = c.changed || before.CurrentRevision != status.CurrentRevision || before.CurrentReplicas != status.CurrentReplicas
	return nil
}

// revisions is history.Interface on a cluster.
type revisions struct{ *cluster }

func (r revisions) list() (list []*appsv1.ControllerRevision) {
	for _, key := range slices.Sorted(maps.Keys(r.revisions)) {
		list = append(list, r.revisions[key].DeepCopy())
	}
	return list
}

func (r revisions) CreateControllerRevision(parent metav1.Object, revision *appsv1.ControllerRevision, collisions *int32) (*appsv1.ControllerRevision, error) {
	created := revision.DeepCopy()
	created.Namespace = parent.GetNamespace()
	created.Name = history.ControllerRevisionName(parent.GetName(), history.HashControllerRevision(revision, collisions))
	if r.revisions[created.Name] != nil {
		return nil, errors.New("two revisions have the same hash")
	}
	r.revisions[created.Name] = created
	template, err := forecast.TemplateOf(created)
	if err != nil {
		return nil, err
	}
	r.templates[created.Name] = template
	r.step(forecast.Step{Kind: forecast.RevisionCreated, Object: created.Name})
	return created.DeepCopy(), nil
}

func (r revisions) DeleteControllerRevision(revision *appsv1.ControllerRevision) error {
	delete(r.revisions, revision.Name)
	r.step(forecast.Step{Kind: forecast.RevisionDeleted, Object: revision.Name})
	return nil
}

func (r revisions) UpdateControllerRevision(revision *appsv1.ControllerRevision, number int64) (*appsv1.ControllerRevision, error) {
	updated := revision.DeepCopy()
	updated.Revision = number
	r.revisions[updated.Name] = updated
	r.step(forecast.Step{Kind: forecast.RevisionReused, Object: updated.Name})
	return updated.DeepCopy(), nil
}

func (r revisions) AdoptControllerRevision(metav1.Object, schema.GroupVersionKind, *appsv1.ControllerRevision) (*appsv1.ControllerRevision, error) {
	return nil, errors.New("the scenarios adopt revisions themselves")
}

func (r revisions) ReleaseControllerRevision(metav1.Object, *appsv1.ControllerRevision) (*appsv1.ControllerRevision, error) {
	return nil, errors.New("the scenarios release revisions themselves")
}

func revisionOf(pod *corev1.Pod) string { return pod.Labels[appsv1.StatefulSetRevisionLabel] }

func ownersOf(claim *corev1.PersistentVolumeClaim) (owners []forecast.Owner) {
	for _, owner := range claim.OwnerReferences {
		owners = append(owners, forecast.Owner{
			Kind: owner.Kind, Name: owner.Name, UID: string(owner.UID), Controller: owner.Controller != nil && *owner.Controller,
		})
	}
	return owners
}
