package corpus

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func nameOf(number int) string { return fmt.Sprintf("set-%d", number) }

// made is when all objects were created.
func made() metav1.Time { return metav1.Time{Time: time.Unix(1780000000, 0).UTC()} }

// newStatefulSet keeps to all common rules, in one of the ways in which that can be done, and is so large as JSON.
func newStatefulSet(number, kib int) *appsv1.StatefulSet {
	object := &appsv1.StatefulSet{
		TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "StatefulSet"},
		ObjectMeta: metav1.ObjectMeta{
			Name: nameOf(number), Namespace: Namespace, Generation: 1, CreationTimestamp: made(),
			UID: "7f1d2a40-5d0c-4d1c-9d2b-0a5f3c0b7e11", Labels: map[string]string{"app": nameOf(number)},
		},
		Spec: appsv1.StatefulSetSpec{
			Replicas: pointer(2 + int32(number%3)), ServiceName: "db",
			Selector:                             &metav1.LabelSelector{MatchLabels: map[string]string{"app": nameOf(number)}},
			Template:                             newTemplate(number, kib),
			VolumeClaimTemplates:                 []corev1.PersistentVolumeClaim{newClaim()},
			PodManagementPolicy:                  appsv1.OrderedReadyPodManagement,
			RevisionHistoryLimit:                 pointer[int32](10),
			PersistentVolumeClaimRetentionPolicy: retained(),
			UpdateStrategy: appsv1.StatefulSetUpdateStrategy{
				Type:          appsv1.RollingUpdateStatefulSetStrategyType,
				RollingUpdate: &appsv1.RollingUpdateStatefulSetStrategy{Partition: pointer[int32](0)},
			},
		},
	}
	spread(&object.Spec.Template.Spec, number)
	grow(object, kib<<10)
	return object
}

func retained() *appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy {
	return &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{
		WhenDeleted: appsv1.RetainPersistentVolumeClaimRetentionPolicyType,
		WhenScaled:  appsv1.RetainPersistentVolumeClaimRetentionPolicyType,
	}
}

func newTemplate(number, kib int) corev1.PodTemplateSpec {
	spec := corev1.PodSpec{
		Containers:                    []corev1.Container{newContainer("db")},
		TerminationGracePeriodSeconds: pointer(30 + int64(number%2)*30),
		SecurityContext:               &corev1.PodSecurityContext{RunAsNonRoot: pointer(true)},
		RestartPolicy:                 corev1.RestartPolicyAlways,
		DNSPolicy:                     corev1.DNSClusterFirst,
		SchedulerName:                 corev1.DefaultSchedulerName,
	}
	if kib > 2 {
		spec.Containers = append(spec.Containers, newContainer("exporter"))
	}
	// These keep to the rules too, though not at first sight.
	switch number % 4 {
	case 1:
		spec.Containers[0].Image = "registry.example:5000/db@sha256:" + strings.Repeat("0a", 32)
	case 2:
		spec.SecurityContext.RunAsNonRoot = nil
		for index := range spec.Containers {
			spec.Containers[index].SecurityContext = &corev1.SecurityContext{RunAsNonRoot: pointer(true)}
		}
	case 3:
		spec.Containers[0].Image = "registry.example:5000/team/db:latest-16"
	}
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": nameOf(number), "tier": "data"}}, Spec: spec,
	}
}

func newContainer(name string) corev1.Container {
	port := intstr.FromInt32(5432)
	probe := func(seconds int32) *corev1.Probe {
		return &corev1.Probe{
			ProbeHandler:  corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: port}},
			PeriodSeconds: seconds, TimeoutSeconds: 1, SuccessThreshold: 1, FailureThreshold: 3,
		}
	}
	return corev1.Container{
		Name: name, Image: "registry.example/db:16.4", ImagePullPolicy: corev1.PullIfNotPresent,
		Resources: corev1.ResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("500m"), corev1.ResourceMemory: resource.MustParse("1Gi")},
			Limits:   corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1"), corev1.ResourceMemory: resource.MustParse("1Gi")},
		},
		ReadinessProbe: probe(5), LivenessProbe: probe(10),
		VolumeMounts:             []corev1.VolumeMount{{Name: "data", MountPath: "/data"}},
		TerminationMessagePath:   corev1.TerminationMessagePathDefault,
		TerminationMessagePolicy: corev1.TerminationMessageReadFile,
	}
}

func newClaim() corev1.PersistentVolumeClaim {
	return corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: "data"},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}, StorageClassName: pointer("fast"),
			Resources:  corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("10Gi")}},
			VolumeMode: pointer(corev1.PersistentVolumeFilesystem),
		},
	}
}

// spread keeps the pods apart in one of two ways.
func spread(spec *corev1.PodSpec, number int) {
	selector := &metav1.LabelSelector{MatchLabels: map[string]string{"app": nameOf(number)}}
	if number%2 == 0 {
		spec.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{
			MaxSkew: 1, TopologyKey: corev1.LabelHostname, WhenUnsatisfiable: corev1.DoNotSchedule, LabelSelector: selector,
		}}
		return
	}
	spec.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
		RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{TopologyKey: corev1.LabelHostname, LabelSelector: selector}},
	}}
}

// grow adds variables to the first container, and what the API server keeps in the metadata for each, until the object
// has so many bytes as JSON; large StatefulSets are large in this way.
func grow(object *appsv1.StatefulSet, wanted int) {
	set(object, 0)
	empty := length(object)
	set(object, 100)
	each := (length(object) - empty) / 100
	set(object, max(0, (wanted-empty)/each))
}

func set(object *appsv1.StatefulSet, variables int) {
	var fields strings.Builder
	environment := make([]corev1.EnvVar, 0, variables)
	for index := range variables {
		name := fmt.Sprintf("SETTING_%05d", index)
		environment = append(environment, corev1.EnvVar{Name: name, Value: fmt.Sprintf("a value of no interest, number %d", index)})
		if index > 0 {
			fields.WriteByte(',')
		}
		fmt.Fprintf(&fields, `"k:{\"name\":\"%s\"}":{".":{},"f:name":{},"f:value":{}}`, name)
	}
	object.Spec.Template.Spec.Containers[0].Env = environment
	owned := fmt.Sprintf(`{"f:spec":{"f:replicas":{},"f:serviceName":{},"f:template":{"f:spec":{"f:containers":{"k:{\"name\":\"db\"}":{"f:env":{%s}}}}}}}`, fields.String())
	at := made()
	object.ManagedFields = []metav1.ManagedFieldsEntry{{
		Manager: "kubectl", Operation: metav1.ManagedFieldsOperationApply, APIVersion: "apps/v1", Time: &at,
		FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(owned),
	}}
}

// length is that of the JSON; what cannot be written has none, and is found out when the review is made.
func length(object *appsv1.StatefulSet) int {
	text, err := json.Marshal(object)
	if err != nil {
		return 0
	}
	return len(text)
}

func newScale(number int, replicas int32) *autoscalingv1.Scale {
	return &autoscalingv1.Scale{
		TypeMeta:   metav1.TypeMeta{APIVersion: "autoscaling/v1", Kind: "Scale"},
		ObjectMeta: metav1.ObjectMeta{Name: nameOf(number), Namespace: Namespace, CreationTimestamp: made()},
		Spec:       autoscalingv1.ScaleSpec{Replicas: replicas},
		Status:     autoscalingv1.ScaleStatus{Replicas: 3, Selector: "app=" + nameOf(number)},
	}
}
