package entrypoints_test

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/stateward/stateward/test/builders"
)

// Resources of kinds.
const (
	sets        = "apps/statefulsets"
	revisions   = "apps/controllerrevisions"
	pods        = "/pods"
	bindings    = "/bindings"
	claims      = "/persistentvolumeclaims"
	volumes     = "/persistentvolumes"
	services    = "/services"
	namespaces  = "/namespaces"
	budgets     = "policy/poddisruptionbudgets"
	owners      = "rabbitmq.com/rabbitmqclusters"
	definitions = "apiextensions.k8s.io/customresourcedefinitions"
	guardrails  = "stateward.dev/guardrails"
	confirms    = "stateward.dev/confirmations"
	snapshots   = "snapshot.storage.k8s.io/volumesnapshots"
	contents    = "snapshot.storage.k8s.io/volumesnapshotcontents"
)

const (
	keeps   = appsv1.RetainPersistentVolumeClaimRetentionPolicyType
	deletes = appsv1.DeletePersistentVolumeClaimRetentionPolicyType
)

// database is the usual set of a scene: one pod with a claim.
func database() *builders.StatefulSet {
	class := growing
	set := builders.MakeStatefulSet().Replicas(1).Claim("/data")
	set.Spec.VolumeClaimTemplates[0].Spec.StorageClassName = &class
	return set
}

// growing is a storage class that no rule has anything to say about.
const growing = "growing"

// runs builds a scene of a set that runs, and of objects beside it.
func runs(set func() *builders.StatefulSet, beside ...any) func(context.Context, *stage) error {
	return func(ctx context.Context, s *stage) error { return s.running(ctx, set(), beside...) }
}

// stopped builds a scene of a set that ran and is at 0.
func stopped(set func() *builders.StatefulSet) func(context.Context, *stage) error {
	return func(ctx context.Context, s *stage) error {
		if err := s.running(ctx, set()); err != nil {
			return err
		}
		return s.scaled(ctx, "web", 0)
	}
}

// headless builds a scene of pods whose set was orphaned.
func headless(ctx context.Context, s *stage) error {
	if err := s.running(ctx, database()); err != nil {
		return err
	}
	return s.orphaned(ctx, "web")
}

// held builds a scene of a rollout of an image that a partition holds at one of two pods.
func held(image string, ready int32) func(context.Context, *stage) error {
	return func(ctx context.Context, s *stage) error {
		if err := s.running(ctx, database().Replicas(2).Partition(1)); err != nil {
			return err
		}
		if err := s.make(ctx, database().Replicas(2).Partition(1).Image(image).StatefulSet); err != nil {
			return err
		}
		return eventually(ctx, "one pod is updated", func(ctx context.Context) (bool, error) {
			set, err := s.set(ctx, "web")
			return err == nil && set.Status.UpdatedReplicas == 1 && set.Status.ReadyReplicas == ready &&
				set.Status.CurrentRevision != set.Status.UpdateRevision, err
		})
	}
}

// owned builds a scene of a custom resource that owns a set and its claims.
func owned(ctx context.Context, s *stage) error {
	if err := s.make(ctx, rabbit("rmq")); err != nil {
		return err
	}
	owner, err := toUnstructured(rabbit("rmq"))
	if err != nil {
		return err
	}
	owner.SetNamespace(s.namespace)
	if err := s.api.Get(ctx, types.NamespacedName{Namespace: s.namespace, Name: "rmq"}, owner); err != nil {
		return err
	}
	set := database().Retention(deletes, keeps)
	set.OwnerReferences = []metav1.OwnerReference{{
		APIVersion: owner.GetAPIVersion(), Kind: owner.GetKind(), Name: owner.GetName(), UID: owner.GetUID(),
	}}
	return s.running(ctx, set)
}

// rabbit is a custom resource of an operator.
func rabbit(name string) string {
	return fmt.Sprintf(`{"apiVersion":"rabbitmq.com/v1beta1","kind":"RabbitmqCluster","metadata":{"name":%q}}`, name)
}

// sharing is a set whose pods mount a claim by its name.
func sharing() *builders.StatefulSet {
	set := builders.MakeStatefulSet().Replicas(1)
	set.Spec.Template.Spec.Volumes = []corev1.Volume{{Name: "shared", VolumeSource: corev1.VolumeSource{
		PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "shared-data"},
	}}}
	set.Spec.Template.Spec.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "shared", MountPath: "/data"}}
	return set
}

func claim(name string) *corev1.PersistentVolumeClaim {
	return &corev1.PersistentVolumeClaim{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "PersistentVolumeClaim"},
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       database().Spec.VolumeClaimTemplates[0].Spec,
	}
}

func budget(name string) *policyv1.PodDisruptionBudget {
	most := intstr.FromInt32(1)
	return &policyv1.PodDisruptionBudget{
		TypeMeta:   metav1.TypeMeta{APIVersion: "policy/v1", Kind: "PodDisruptionBudget"},
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: policyv1.PodDisruptionBudgetSpec{
			MaxUnavailable: &most, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "nginx"}},
		},
	}
}

func deletions() []scene {
	force := int64(0)
	return []scene{
		{"running-set", runs(database), []kind{{
			title: "StatefulSet with running pods", resource: sets, operation: deletion, target: named("web"),
		}}},
		{"set-at-zero-with-claims", stopped(func() *builders.StatefulSet { return database().Retention(deletes, keeps) }), []kind{{
			title: "StatefulSet at 0 replicas whose claims are deleted with it", resource: sets, operation: deletion, target: named("web"),
			reasons: map[string]string{"orphaning": "nothing-lost"},
		}}},
		{"set-at-zero", stopped(database), []kind{{
			title: "claim of a StatefulSet at 0 replicas", resource: claims, operation: deletion, target: named("www-web-0"),
		}, {
			title: "StatefulSet at 0 replicas whose claims stay", resource: sets, operation: deletion, target: named("web"),
			reasons: map[string]string{"": "nothing-lost"},
		}}},
		{"claim", runs(database), []kind{{
			title: "claim of a running pod", resource: claims, operation: deletion, target: named("www-web-0"),
		}, {
			title: "volume of a bound claim", resource: volumes, operation: deletion, target: itsVolume,
		}, {
			title: "governing Service of a running StatefulSet", resource: services, operation: deletion, target: named("nginx"),
		}, {
			title: "namespace with a running StatefulSet", resource: namespaces, operation: deletion, target: theNamespace,
		}}},
		{"claim-by-name", runs(sharing, claim("shared-data")), []kind{{
			title: "claim that a pod template names", resource: claims, operation: deletion, target: named("shared-data"),
		}}},
		{"orphaned-pod", headless, []kind{{
			title: "claim of a pod without its StatefulSet", resource: claims, operation: deletion, target: named("www-web-0"),
		}, {
			title: "Service of pods without their StatefulSet", resource: services, operation: deletion, target: named("nginx"),
		}, {
			title: "pod without its StatefulSet, by force", resource: pods, operation: deletion, target: named("web-0"), grace: &force,
		}}},
		{"budget", runs(func() *builders.StatefulSet { return database().Replicas(2) }, budget("web")), []kind{{
			title: "PodDisruptionBudget of a running StatefulSet", resource: budgets, operation: deletion, target: named("web"),
		}}},
		{"held-revision", held("nginx:1.27.5", 2), []kind{{
			title: "ControllerRevision of a held rollout", resource: revisions, operation: deletion, target: currentRevision,
		}}},
		{"revision", runs(database), []kind{{
			title: "ControllerRevision without a rollout", resource: revisions, operation: deletion, target: currentRevision,
		}}},
		{"forced-pod", runs(database), []kind{{
			title: "pod of a StatefulSet, by force", resource: pods, operation: deletion, target: named("web-0"), grace: &force,
		}}},
		{"graceful-pod", runs(database), []kind{{
			title: "pod of a StatefulSet, with its grace period", resource: pods, operation: deletion, target: named("web-0"),
			reasons: map[string]string{"": "pod-returns"},
		}}},
		{"owner", owned, []kind{{
			title: "custom resource that owns a StatefulSet", resource: owners, operation: deletion, target: named("rmq"),
			reasons: map[string]string{"orphaning": "owner-orphans"},
		}}},
		{"confirmation", func(ctx context.Context, s *stage) error { return s.make(ctx, confirmation("later")) }, []kind{{
			title: "Confirmation that is lengthened", resource: confirms, operation: change, target: named("later"),
			edit: merge(`{"spec":{"operations":["delete","scale"]}}`),
		}, {
			title: "Confirmation of another person", resource: confirms, operation: deletion, target: named("later"),
			reasons: map[string]string{"": "permission-ends"},
		}}},
	}
}
