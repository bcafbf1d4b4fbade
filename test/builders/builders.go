// Package builders makes the objects of tests in one line each.
package builders

import (
	"encoding/json"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// StatefulSet is a StatefulSet in the making: "web", with 3 replicas of nginx behind Service "nginx", which no rule has
// anything to say about.
type StatefulSet struct{ appsv1.StatefulSet }

// MakeStatefulSet begins one.
func MakeStatefulSet() *StatefulSet {
	labels := map[string]string{"app": "nginx"}
	replicas := int32(3)
	return &StatefulSet{appsv1.StatefulSet{
		TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "StatefulSet"},
		ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "default"},
		Spec: appsv1.StatefulSetSpec{
			ServiceName: "nginx",
			Replicas:    &replicas,
			Selector:    &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{
					Containers: []corev1.Container{{Name: "nginx", Image: "nginx:1.27.4", ReadinessProbe: &corev1.Probe{
						ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(80)}},
					}}},
					TopologySpreadConstraints: []corev1.TopologySpreadConstraint{{
						MaxSkew:           1,
						TopologyKey:       corev1.LabelHostname,
						WhenUnsatisfiable: corev1.ScheduleAnyway,
						LabelSelector:     &metav1.LabelSelector{MatchLabels: labels},
					}},
				},
			},
		},
	}}
}

// Name sets the name.
func (s *StatefulSet) Name(name string) *StatefulSet { s.StatefulSet.Name = name; return s }

// Service sets spec.serviceName.
func (s *StatefulSet) Service(name string) *StatefulSet { s.Spec.ServiceName = name; return s }

// Replicas sets spec.replicas.
func (s *StatefulSet) Replicas(replicas int32) *StatefulSet { s.Spec.Replicas = &replicas; return s }

// Image sets the only container's image.
func (s *StatefulSet) Image(image string) *StatefulSet {
	s.Spec.Template.Spec.Containers[0].Image = image
	return s
}

// Partition makes it a RollingUpdate with a partition.
func (s *StatefulSet) Partition(partition int32) *StatefulSet {
	s.Spec.UpdateStrategy = appsv1.StatefulSetUpdateStrategy{
		Type:          appsv1.RollingUpdateStatefulSetStrategyType,
		RollingUpdate: &appsv1.RollingUpdateStatefulSetStrategy{Partition: &partition},
	}
	return s
}

// Claim adds claim template "www" of 1 GiB, mounted at this path.
func (s *StatefulSet) Claim(path string) *StatefulSet {
	s.Spec.VolumeClaimTemplates = []corev1.PersistentVolumeClaim{{
		ObjectMeta: metav1.ObjectMeta{Name: "www"},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources: corev1.VolumeResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")},
			},
		},
	}}
	s.Spec.Template.Spec.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "www", MountPath: path}}
	return s
}

// Retention sets what becomes of the claims when the set is deleted, and when it is scaled down.
func (s *StatefulSet) Retention(deleted, scaled appsv1.PersistentVolumeClaimRetentionPolicyType) *StatefulSet {
	s.Spec.PersistentVolumeClaimRetentionPolicy = &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{
		WhenDeleted: deleted, WhenScaled: scaled,
	}
	return s
}

// NoSelector drops spec.selector.
func (s *StatefulSet) NoSelector() *StatefulSet { s.Spec.Selector = nil; return s }

// Annotate adds an annotation.
func (s *StatefulSet) Annotate(key, value string) *StatefulSet {
	metav1.SetMetaDataAnnotation(&s.ObjectMeta, key, value)
	return s
}

// Terminating marks it as being deleted.
func (s *StatefulSet) Terminating(since metav1.Time) *StatefulSet {
	s.DeletionTimestamp = &since
	s.Finalizers = []string{"orphan"}
	return s
}

// JSON is the object as JSON.
func (s *StatefulSet) JSON() json.RawMessage { return encode(s.StatefulSet) }

// HeadlessService is Service "nginx" as the tutorial has it.
func HeadlessService() *corev1.Service {
	return &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: metav1.ObjectMeta{Name: "nginx", Namespace: "default"},
		Spec: corev1.ServiceSpec{
			ClusterIP: corev1.ClusterIPNone,
			Selector:  map[string]string{"app": "nginx"},
			Ports:     []corev1.ServicePort{{Name: "web", Port: 80}},
		},
	}
}

// Scale is an autoscaling/v1 Scale of StatefulSet "web".
func Scale(replicas int32) json.RawMessage {
	return encode(autoscalingv1.Scale{
		TypeMeta:   metav1.TypeMeta{APIVersion: "autoscaling/v1", Kind: "Scale"},
		ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "default"},
		Spec:       autoscalingv1.ScaleSpec{Replicas: replicas},
	})
}

// JSON is any object as JSON.
func JSON(object any) json.RawMessage { return encode(object) }

func encode(object any) json.RawMessage {
	encoded, err := json.Marshal(object)
	if err != nil {
		panic(fmt.Sprintf("encode %T for a test: %v", object, err))
	}
	return encoded
}
