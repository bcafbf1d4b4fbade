package entrypoints_test

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/cluster"
)

// stranger is an owner that does not exist: the garbage collector deletes what it owns.
const stranger = `{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"gone","uid":"0"}]}}`

// clusterStranger is one that an object without namespace can have.
const clusterStranger = `{"metadata":{"ownerReferences":[{"apiVersion":"storage.k8s.io/v1","kind":"StorageClass","name":"gone","uid":"0"}]}}`

const unprotected = `{"metadata":{"finalizers":null}}`

// ofSet is a change of the set of a scene.
func ofSet(title string, edit edit) kind {
	return kind{title: title, resource: sets, operation: change, target: named("web"), edit: edit}
}

func ofTemplate(title string, edit func(*corev1.PodSpec)) kind {
	return ofSet(title, edited(func(set *appsv1.StatefulSet) { edit(&set.Spec.Template.Spec) }))
}

func changes() []scene {
	return []scene{
		{"set-fields", runs(database), []kind{
			ofSet("claims deleted with the StatefulSet from now on", merge(`{"spec":{"persistentVolumeClaimRetentionPolicy":{"whenDeleted":"Delete"}}}`)),
			ofSet("claims deleted at each scale-down from now on", merge(`{"spec":{"persistentVolumeClaimRetentionPolicy":{"whenScaled":"Delete"}}}`)),
			ofSet("another first ordinal", merge(`{"spec":{"ordinals":{"start":5}}}`)),
			ofSet("owner of a StatefulSet that does not exist", merge(stranger)),
			ofSet("claim template", edited(func(set *appsv1.StatefulSet) { set.Spec.VolumeClaimTemplates[0].Name = "data" })),
			ofSet("governing Service of another name", merge(`{"spec":{"serviceName":"elsewhere"}}`)),
		}},
		{"templates", runs(database), []kind{
			because("forced apply", "adds-only", ofTemplate("mount of a claim at another path", func(pod *corev1.PodSpec) {
				pod.Containers[0].VolumeMounts[0].MountPath = "/elsewhere"
			})),
			ofTemplate("mount of a claim removed", func(pod *corev1.PodSpec) { pod.Containers[0].VolumeMounts = nil }),
			ofTemplate("mount of a claim with another subPath", func(pod *corev1.PodSpec) { pod.Containers[0].VolumeMounts[0].SubPath = "deeper" }),
			ofTemplate("mount of a claim read-only", func(pod *corev1.PodSpec) { pod.Containers[0].VolumeMounts[0].ReadOnly = true }),
			ofTemplate("emptyDir in the place of a claim", func(pod *corev1.PodSpec) {
				pod.Volumes = append(pod.Volumes, corev1.Volume{Name: "empty", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}})
				pod.Containers[0].VolumeMounts[0].Name = "empty"
			}),
			ofTemplate("image of another major version", func(pod *corev1.PodSpec) { pod.Containers[0].Image = "nginx:2.0.0" }),
			ofTemplate("image of a lower version", func(pod *corev1.PodSpec) { pod.Containers[0].Image = "nginx:1.26.0" }),
			ofTemplate("image of another repository", func(pod *corev1.PodSpec) { pod.Containers[0].Image = "mysql:9.0.0" }),
			ofTemplate("image without a version", func(pod *corev1.PodSpec) { pod.Containers[0].Image = "nginx" }),
			ofTemplate("grace period of 0 in the template", func(pod *corev1.PodSpec) { *pod.TerminationGracePeriodSeconds = 0 }),
		}},
		{"history", runs(database), []kind{ofSet("history of no revisions", merge(`{"spec":{"revisionHistoryLimit":0}}`))}},
		{"to-zero", runs(database), []kind{ofSet("replicas to 0", merge(`{"spec":{"replicas":0}}`))}},
		{"fewer", runs(func() *builders.StatefulSet { return database().Replicas(2) }), []kind{
			ofSet("fewer replicas, whose claims stay", merge(`{"spec":{"replicas":1}}`)),
		}},
		{"fewer-claims", runs(func() *builders.StatefulSet { return database().Replicas(2).Retention(keeps, deletes) }), []kind{
			ofSet("fewer replicas, whose claims are deleted", merge(`{"spec":{"replicas":1}}`)),
		}},
		{"quorum", runs(func() *builders.StatefulSet {
			set := database().Replicas(3)
			set.Labels = map[string]string{"stateward.dev/quorum": "true"}
			return set
		}), []kind{
			ofSet("fewer replicas than a majority", merge(`{"spec":{"replicas":1}}`)),
			ofSet("quorum label removed", merge(`{"metadata":{"labels":{"stateward.dev/quorum":null}}}`)),
		}},
		{"at-once", runs(func() *builders.StatefulSet { return database().Replicas(3) }), []kind{
			ofTemplate("new image on all pods at once", func(pod *corev1.PodSpec) { pod.Containers[0].Image = "nginx:1.27.5" }),
		}},
		{"canary", held("nginx:1.27.5", 2), []kind{
			because("", "canary-well", ofSet("partition lowered past a Ready canary", merge(allPods))),
		}},
		{"sick-canary", held("nginx:1.27.5-"+cluster.MissingImage, 1), []kind{ofSet("partition lowered past a canary that is not Ready", merge(allPods))}},
		{"claims-and-volumes", runs(database), []kind{
			{title: "protection finalizer of a claim", resource: claims, operation: change, target: named("www-web-0"), edit: merge(unprotected)},
			{title: "owner of a claim that does not exist", resource: claims, operation: change, target: named("www-web-0"), edit: merge(stranger)},
			{title: "protection finalizer of a volume", resource: volumes, operation: change, target: itsVolume, edit: merge(unprotected)},
			{title: "owner of a Service that does not exist", resource: services, operation: change, target: named("nginx"), edit: merge(stranger)},
			{title: "owner of a namespace that does not exist", resource: namespaces, operation: change, target: theNamespace, edit: merge(clusterStranger)},
		}},
		{"volume-owner", runs(database), []kind{
			{title: "owner of a volume that does not exist", resource: volumes, operation: change, target: itsVolume, edit: merge(clusterStranger)},
		}},
		{"volume-claim", runs(database), []kind{
			{
				title: "claimRef of a volume with another UID", resource: volumes, operation: change, target: itsVolume,
				edit: merge(`{"spec":{"claimRef":{"uid":"6b0bd2b8-1f6c-4f0e-9d5b-000000000000"}}}`),
			},
		}},
		{"volume-phase", runs(database), []kind{
			{
				title: "phase of a bound volume set to Released", resource: volumes, operation: change, target: itsVolume,
				edit:    merge(`{"status":{"phase":"Released"}}`),
				reasons: map[string]string{"": "status-by-hand"},
			},
		}},
		{"reclaim", retained, []kind{
			{
				title: "reclaim policy of a volume from Retain to Delete", resource: volumes, operation: change, target: itsVolume,
				edit: merge(`{"spec":{"persistentVolumeReclaimPolicy":"Delete"}}`),
			},
		}},
		{"service", runs(func() *builders.StatefulSet {
			set := database()
			set.Spec.Template.Spec.Containers[0].Ports = []corev1.ContainerPort{{Name: "web", ContainerPort: 80}}
			return set
		}), []kind{
			{title: "selector of the governing Service", resource: services, operation: change, target: named("nginx"), edit: merge(`{"spec":{"selector":{"app":"other"}}}`)},
			because("forced apply", "adds-only", kind{
				title: "port of the governing Service removed", resource: services, operation: change, target: named("nginx"),
				edit: edited(func(service *corev1.Service) {
					service.Spec.Ports = []corev1.ServicePort{{Name: "admin", Port: 8080, TargetPort: intstr.FromInt32(8080), Protocol: corev1.ProtocolTCP}}
				}),
			}),
		}},
		{"peers", func(ctx context.Context, s *stage) error {
			if err := s.running(ctx, database().Replicas(2)); err != nil {
				return err
			}
			service := builders.HeadlessService()
			service.Spec.PublishNotReadyAddresses = true
			return s.make(ctx, service)
		}, []kind{
			{title: "addresses of pods that are not ready", resource: services, operation: change, target: named("nginx"), edit: merge(`{"spec":{"publishNotReadyAddresses":false}}`)},
		}},
		{"budgets", runs(func() *builders.StatefulSet { return database().Replicas(2) }, budget("web")), []kind{
			{title: "PodDisruptionBudget weakened", resource: budgets, operation: change, target: named("web"), edit: merge(`{"spec":{"maxUnavailable":"100%"}}`)},
			{title: "PodDisruptionBudget of other pods", resource: budgets, operation: change, target: named("web"), edit: merge(`{"spec":{"selector":{"matchLabels":{"app":"other"}}}}`)},
		}},
		{"pods", runs(database), []kind{
			{title: "label of a pod that its StatefulSet selects", resource: pods, operation: change, target: named("web-0"), edit: merge(`{"metadata":{"labels":{"app":"other"}}}`)},
			{title: "image of a pod of another major version", resource: pods, operation: change, target: named("web-0"), edit: edited(func(pod *corev1.Pod) {
				pod.Spec.Containers[0].Image = "nginx:2.0.0"
			})},
		}},
		{"pod-owner", runs(database), []kind{
			{title: "owner of a pod that does not exist", resource: pods, operation: change, target: named("web-0"), edit: merge(stranger), reasons: map[string]string{"": "pod-returns"}},
		}},
		{"pod-status", runs(database), []kind{
			{title: "phase of a pod set to Failed", resource: pods, operation: change, target: named("web-0"), edit: merge(`{"status":{"phase":"Failed"}}`), reasons: map[string]string{"": "status-by-hand"}},
		}},
	}
}

const allPods = `{"spec":{"updateStrategy":{"rollingUpdate":{"partition":0}}}}`

// because gives the reason why an entry point lets a kind through.
func because(entryPoint, reason string, k kind) kind {
	k.reasons = map[string]string{entryPoint: reason}
	return k
}

// retained builds a scene of a claim whose volume is kept.
func retained(ctx context.Context, s *stage) error {
	if err := s.running(ctx, database()); err != nil {
		return err
	}
	name, err := itsVolume(ctx, s)
	if err != nil {
		return err
	}
	volume := &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: name}}
	return s.patch(ctx, volume, `{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}`)
}

// soon is a time within what a confirmation may last.
func soon(in time.Duration) string { return time.Now().Add(in).UTC().Format(time.RFC3339) }

// forgedAnnotations are the annotations of a confirmation in another person's name.
func forgedAnnotations() map[string]string {
	return map[string]string{
		"stateward.dev/confirm": "delete", "stateward.dev/confirm-until": soon(20 * time.Minute), "stateward.dev/confirmed-by": "bob",
	}
}

// forged is an edit that confirms in another person's name.
func forged() edit {
	return merge(string(builders.JSON(map[string]any{"metadata": map[string]any{"annotations": forgedAnnotations()}})))
}

// ahead is an edit that confirms from a later time on.
func ahead() edit {
	return merge(fmt.Sprintf(`{"metadata":{"annotations":{"stateward.dev/confirm":"delete","stateward.dev/confirm-until":%q}}}`, soon(2*time.Hour)))
}

// forgery is a confirmation in another person's name on an object of a resource.
func forgery(of, resource string, target func(context.Context, *stage) (string, error)) kind {
	return kind{title: "confirmation in another name: " + of, resource: resource, operation: change, target: target, edit: forged()}
}

// forgeries are confirmations in another person's name, on each kind that can be confirmed.
func forgeries() []scene {
	return []scene{
		{"forged", func(ctx context.Context, s *stage) error {
			if err := s.running(ctx, database(), budget("web"), rabbit("rmq")); err != nil {
				return err
			}
			return s.make(ctx, waiting("waiting"))
		}, []kind{
			{title: "confirmation ahead of time: StatefulSet", resource: sets, operation: change, target: named("web"), edit: ahead()},
			forgery("StatefulSet", sets, named("web")),
			forgery("claim", claims, named("www-web-0")),
			forgery("volume", volumes, itsVolume),
			forgery("Service", services, named("nginx")),
			forgery("PodDisruptionBudget", budgets, named("web")),
			forgery("ControllerRevision", revisions, currentRevision),
			forgery("pod", pods, named("web-0")),
			forgery("pod without a node", pods, named("waiting")),
			forgery("custom resource", owners, named("rmq")),
			forgery("namespace", namespaces, theNamespace),
		}},
	}
}

// waiting is a pod that no scheduler puts on a node.
func waiting(name string) *corev1.Pod {
	return &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PodSpec{
			SchedulerName: "none",
			Containers:    []corev1.Container{{Name: "nginx", Image: "nginx:1.27.4"}},
		},
	}
}
