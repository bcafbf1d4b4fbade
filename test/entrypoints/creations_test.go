package entrypoints_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/stateward/stateward/test/builders"
)

// second is another set beside the one of a scene, with labels and a Service of its own.
func second(name string) *builders.StatefulSet {
	set := database().Name(name).Service("second")
	labels := map[string]string{"app": "second"}
	set.Spec.Selector.MatchLabels, set.Spec.Template.Labels = labels, labels
	set.Spec.Template.Spec.TopologySpreadConstraints[0].LabelSelector.MatchLabels = labels
	return set
}

// secondService is the Service of second.
func secondService() *corev1.Service {
	service := builders.HeadlessService()
	service.Name, service.Spec.Selector = "second", map[string]string{"app": "second"}
	return service
}

// create is a kind that makes something.
func create(title, resource string, object func(*stage) any) kind {
	return kind{title: title, resource: resource, operation: creation, object: object}
}

func fixed(object any) func(*stage) any { return func(*stage) any { return object } }

func creations() []scene {
	beside := func(title string, change func(*builders.StatefulSet) any) scene {
		name := strings.ReplaceAll(strings.ToLower(strings.NewReplacer(",", "", "StatefulSet", "set").Replace(title)), " ", "-")
		return scene{"new-" + name, runs(database, secondService()), []kind{create(title, sets, fixed(change(second("second"))))}}
	}
	return []scene{
		{"two-sets", runs(func() *builders.StatefulSet {
			set := database().Name("b")
			set.Spec.VolumeClaimTemplates[0].Name = "data-a"
			set.Spec.Template.Spec.Containers[0].VolumeMounts[0].Name = "data-a"
			return set
		}, secondService()), []kind{create("second StatefulSet that uses the claims of the first", sets, fixed(func() any {
			set := second("a-b")
			set.Spec.VolumeClaimTemplates[0].Name = "data"
			set.Spec.Template.Spec.Containers[0].VolumeMounts[0].Name = "data"
			return set.StatefulSet
		}()))}},
		{"leftover", func(ctx context.Context, s *stage) error {
			return s.make(ctx, secondService(), claim("www-second-0"))
		}, []kind{create("StatefulSet on leftover claims", sets, fixed(second("second").StatefulSet))}},
		beside("StatefulSet with the selector of another", func(*builders.StatefulSet) any { return database().Name("second").StatefulSet }),
		beside("StatefulSet with an owner that does not exist", func(set *builders.StatefulSet) any {
			set.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: "gone", UID: "0"}}
			return set.StatefulSet
		}),
		beside("StatefulSet whose claims are deleted with it", func(set *builders.StatefulSet) any { return set.Retention(deletes, keeps).StatefulSet }),
		beside("StatefulSet with a grace period of 0", func(set *builders.StatefulSet) any {
			none := int64(0)
			set.Spec.Template.Spec.TerminationGracePeriodSeconds = &none
			return set.StatefulSet
		}),
		{"no-service", func(context.Context, *stage) error { return nil }, []kind{func() kind {
			alone := create("StatefulSet without its Service", sets, fixed(second("second").StatefulSet))
			// The Service may come later, so a dry run only warns.
			alone.dryDiffers = true
			return alone
		}()}},
		{"second-budget", runs(func() *builders.StatefulSet { return database().Replicas(2) }, budget("web")), []kind{
			create("second PodDisruptionBudget for the same pods", budgets, fixed(budget("second"))),
		}},
		{"foreign-pod", runs(database), []kind{func() kind {
			pod := waiting("foreign")
			pod.Labels = map[string]string{"app": "nginx"}
			foreign := create("foreign pod behind a governing Service", pods, fixed(pod))
			foreign.reasons = map[string]string{"": "foreign-pod"}
			return foreign
		}()}},
		{"forged-at-creation", func(ctx context.Context, s *stage) error {
			return s.make(ctx, secondService(), waiting("waiting"))
		}, forgeriesAtCreation()},
		{"forged-objects", func(context.Context, *stage) error { return nil }, []kind{
			create("Confirmation object in another name", confirms, fixed(forgedConfirmation())),
		}},
	}
}

// forgeriesAtCreation are objects that come with a confirmation in another person's name.
func forgeriesAtCreation() []kind {
	with := func(of, resource string, object any) kind {
		return create("created with a confirmation in another name: "+of, resource, func(*stage) any { return annotated(object) })
	}
	pod := waiting("other")
	namespace := &corev1.Namespace{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"}, ObjectMeta: metav1.ObjectMeta{Name: "forged-namespace"}}
	revision := &appsv1.ControllerRevision{
		TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "ControllerRevision"}, ObjectMeta: metav1.ObjectMeta{Name: "forged"},
		Revision: 1, Data: runtime.RawExtension{Raw: []byte(`{}`)},
	}
	binding := bindingOf("waiting")
	return []kind{
		with("StatefulSet", sets, second("second").StatefulSet),
		with("claim", claims, claim("other")),
		with("volume", volumes, volume("forged-volume")),
		with("Service", services, func() any { service := builders.HeadlessService(); service.Name = "other"; return service }()),
		with("PodDisruptionBudget", budgets, budget("other")),
		with("ControllerRevision", revisions, revision),
		with("pod", pods, pod),
		with("custom resource", owners, rabbit("forged")),
		with("namespace", namespaces, namespace),
		with("definition", definitions, definition("Forger", "forgers")),
		with("Binding", bindings, binding),
	}
}

// annotated is an object with the annotations of a forged confirmation.
func annotated(object any) any {
	made, err := toUnstructured(object)
	if err != nil {
		panic(fmt.Sprintf("an object of the test: %v", err))
	}
	made.SetAnnotations(forgedAnnotations())
	return made
}

func volume(name string) *corev1.PersistentVolume {
	return &corev1.PersistentVolume{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "PersistentVolume"},
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PersistentVolumeSpec{
			AccessModes:                   []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Capacity:                      corev1.ResourceList{corev1.ResourceStorage: database().Spec.VolumeClaimTemplates[0].Spec.Resources.Requests[corev1.ResourceStorage]},
			PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimRetain,
			PersistentVolumeSource:        corev1.PersistentVolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/tmp/forged"}},
		},
	}
}

// confirmation is an object that confirms a deletion.
func confirmation(name string) string {
	return fmt.Sprintf(`{"apiVersion":"stateward.dev/v1alpha1","kind":"Confirmation","metadata":{"name":%q},`+
		`"spec":{"operations":["delete"],"helmRelease":"shop","until":%q}}`, name, soon(30*time.Minute))
}

func forgedConfirmation() string {
	return strings.Replace(confirmation("forged"), `"until"`, `"confirmedBy":"bob","until"`, 1)
}
