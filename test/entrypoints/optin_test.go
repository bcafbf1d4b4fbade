package entrypoints_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/test/builders"
)

// Resources that an API server asks about only where a rule is opted in.
const (
	configMaps      = "/configmaps"
	secrets         = "/secrets"
	accounts        = "/serviceaccounts"
	nodes           = "/nodes"
	classes         = "storage.k8s.io/storageclasses"
	attachments     = "storage.k8s.io/volumeattachments"
	priorityClasses = "scheduling.k8s.io/priorityclasses"
)

// optedIn are Guardrails that turn on all rules that are off by default and deny a loss.
const optedIn = `{"apiVersion":"stateward.dev/v1alpha1","kind":"Guardrails","metadata":{"name":"stateward"},"spec":{"profile":"baseline","rules":[` +
	`{"id":"references-in-use","action":"deny"},{"id":"node-delete","action":"deny"},{"id":"volume-attachment","action":"deny"},` +
	`{"id":"pods-at-once","action":"deny"},{"id":"foreign-endpoint","action":"deny"},{"id":"max-replicas","action":"deny","params":{"max":5}}]}}`

// optIn registers the rules that the manifests leave out, and turns them on.
func (m *matrix) optIn(ctx context.Context) error {
	library, err := policies.Embedded()
	if err != nil {
		return err
	}
	before := registered(library)
	for _, rule := range library.Rules {
		if !rule.OptIn {
			continue
		}
		if err := m.OptIn(ctx, library, rule.ID); err != nil {
			return err
		}
		library.OptedIn = append(library.OptedIn, rule.ID)
	}
	s, err := newStage(ctx, m.Environment, "opt-in")
	if err != nil {
		return err
	}
	if err := s.guardrails(ctx, optedIn); err != nil {
		return err
	}
	added := registered(library)
	maps.DeleteFunc(added, func(resource string, _ bool) bool { return before[resource] })
	offered, err := entries(m.Client.Discovery(), added)
	for _, each := range offered {
		// The rules check deletions of them, and nothing else.
		each.verbs = slices.DeleteFunc(each.verbs, func(verb string) bool { return !strings.HasPrefix(verb, "delete") })
		m.offered = append(m.offered, each)
	}
	return err
}

// scenesOfOptInRules are of rules that are off by default.
func scenesOfOptInRules() []scene {
	return []scene{
		{"named-by-a-set", naming, []kind{
			deletionOf("ConfigMap that a StatefulSet names", configMaps, named("settings")),
			deletionOf("Secret that a StatefulSet names", secrets, named("password")),
			deletionOf("ServiceAccount that a StatefulSet names", accounts, named("database")),
			deletionOf("PriorityClass that a StatefulSet names", priorityClasses, theNamespace),
			deletionOf("StorageClass that a StatefulSet names", classes, theNamespace),
		}},
		{"named-by-old-pods", renamed, []kind{
			deletionOf("ConfigMap that only pods of an earlier revision name", configMaps, named("settings")),
		}},
		{"members", oneEnding, []kind{deletionOf("pod of a StatefulSet without which a majority is lost", pods, named("web-1"))}},
		{"attached", attached, []kind{deletionOf("attachment of a volume in use", attachments, theNamespace)}},
		{"node", runs(database), []kind{deletionOf("node that runs a StatefulSet's pod", nodes, itsNode)}},
		{"too-many", runs(database), []kind{ofSet("more replicas than Guardrails allow", merge(`{"spec":{"replicas":6}}`))}},
		{"foreign-endpoint", besideDeployment, []kind{
			{title: "governing Service that selects a Deployment's pods", resource: services, operation: change, target: named("nginx"), edit: merge(`{"spec":{"selector":{"part":null}}}`)},
		}},
	}
}

func deletionOf(title, resource string, target func(context.Context, *stage) (string, error)) kind {
	return kind{title: title, resource: resource, operation: deletion, target: target}
}

// referring is a set that names an object of each kind. Those without a namespace have the scene's name.
func referring(scene, settings string) *builders.StatefulSet {
	set := database()
	set.Spec.VolumeClaimTemplates[0].Spec.StorageClassName = &scene
	pod := &set.Spec.Template.Spec
	pod.PriorityClassName, pod.ServiceAccountName = scene, "database"
	pod.ImagePullSecrets = []corev1.LocalObjectReference{{Name: "password"}}
	pod.Containers[0].EnvFrom = []corev1.EnvFromSource{{
		ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: settings}},
	}}
	return set
}

// naming builds a scene of a set and of all that it names.
func naming(ctx context.Context, s *stage) error {
	core := func(kind, name string) string {
		return fmt.Sprintf(`{"apiVersion":"v1","kind":%q,"metadata":{"name":%q}}`, kind, name)
	}
	return s.running(ctx, referring(s.namespace, "settings"),
		core("ConfigMap", "settings"), core("ConfigMap", "others"), core("Secret", "password"), core("ServiceAccount", "database"),
		builders.GrowingClass(s.namespace),
		&schedulingv1.PriorityClass{
			TypeMeta:   metav1.TypeMeta{APIVersion: "scheduling.k8s.io/v1", Kind: "PriorityClass"},
			ObjectMeta: metav1.ObjectMeta{Name: s.namespace}, Value: 1,
		})
}

// renamed builds a scene of a rollout to another ConfigMap that a partition holds.
func renamed(ctx context.Context, s *stage) error {
	if err := naming(ctx, s); err != nil {
		return err
	}
	return s.make(ctx, referring(s.namespace, "others").Partition(1).StatefulSet)
}

// oneEnding builds a scene of three members of which one does not end.
func oneEnding(ctx context.Context, s *stage) error {
	set := database().Replicas(3)
	set.Labels = map[string]string{"stateward.dev/quorum": "true"}
	if err := s.running(ctx, set); err != nil {
		return err
	}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "web-0"}}
	if err := s.patch(ctx, pod, `{"metadata":{"finalizers":["example.com/hold"]}}`); err != nil {
		return err
	}
	return s.api.Delete(ctx, pod)
}

// attached builds a scene of a pod whose volume a CSI driver attached to its node.
func attached(ctx context.Context, s *stage) error {
	if err := s.running(ctx, database()); err != nil {
		return err
	}
	volume, err := itsVolume(ctx, s)
	if err != nil {
		return err
	}
	node, err := itsNode(ctx, s)
	if err != nil {
		return err
	}
	attachment := &storagev1.VolumeAttachment{
		TypeMeta:   metav1.TypeMeta{APIVersion: "storage.k8s.io/v1", Kind: "VolumeAttachment"},
		ObjectMeta: metav1.ObjectMeta{Name: s.namespace},
		Spec: storagev1.VolumeAttachmentSpec{
			Attacher: "csi.example.com", NodeName: node, Source: storagev1.VolumeAttachmentSource{PersistentVolumeName: &volume},
		},
	}
	if err := s.make(ctx, attachment); err != nil {
		return err
	}
	return s.patchStatus(ctx, attachment, `{"status":{"attached":true}}`)
}

// besideDeployment builds a scene of a Deployment whose pods a set's Service leaves out by one label.
func besideDeployment(ctx context.Context, s *stage) error {
	if err := s.make(ctx, builders.Deployment(map[string]string{"app": "nginx", "part": "tools"})); err != nil {
		return err
	}
	set := database()
	set.Spec.Template.Labels = map[string]string{"app": "nginx", "part": "db"}
	if err := s.running(ctx, set); err != nil {
		return err
	}
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "nginx", Namespace: s.namespace}}
	return s.patch(ctx, service, `{"spec":{"selector":{"part":"db"}}}`)
}

// itsNode is the node of the first pod.
func itsNode(ctx context.Context, s *stage) (string, error) {
	pod, err := s.Client.CoreV1().Pods(s.namespace).Get(ctx, "web-0", metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	return pod.Spec.NodeName, nil
}
