package builders

import (
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Deployment has the pods of a StatefulSet's template with other labels, and none of them yet.
func Deployment(labels map[string]string) *appsv1.Deployment {
	template := MakeStatefulSet().Spec.Template
	template.Labels = labels
	return &appsv1.Deployment{
		TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"},
		ObjectMeta: metav1.ObjectMeta{Name: "stateless"},
		Spec: appsv1.DeploymentSpec{
			Replicas: new(int32), Selector: &metav1.LabelSelector{MatchLabels: labels}, Template: template,
		},
	}
}

// GrowingClass is a storage class that no rule has anything to say about, of volumes that the controllers provision.
func GrowingClass(name string) *storagev1.StorageClass {
	expands, binds := true, storagev1.VolumeBindingWaitForFirstConsumer
	return &storagev1.StorageClass{
		TypeMeta:             metav1.TypeMeta{APIVersion: "storage.k8s.io/v1", Kind: "StorageClass"},
		ObjectMeta:           metav1.ObjectMeta{Name: name},
		Provisioner:          "kubernetes.io/host-path",
		AllowVolumeExpansion: &expands,
		VolumeBindingMode:    &binds,
	}
}

// RabbitMQ is a definition as an operator brings it, without its schema.
const RabbitMQ = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: rabbitmqclusters.rabbitmq.com}
spec:
  group: rabbitmq.com
  scope: Namespaced
  names: {kind: RabbitmqCluster, plural: rabbitmqclusters, singular: rabbitmqcluster}
  versions:
  - name: v1beta1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
`

// Managing are Guardrails under which Stateward manages its registration, for the kind of ClusterDefinition.
const Managing = `apiVersion: stateward.dev/v1alpha1
kind: Guardrails
metadata: {name: stateward}
spec:
  parents: [{group: example.com, kind: Cluster}]
  registration: {manage: true}
`

// ClusterDefinition is the definition of a kind that no rule knows.
func ClusterDefinition() string {
	return strings.NewReplacer("rabbitmq.com", "example.com", "v1beta1", "v1", "RabbitmqCluster", "Cluster", "rabbitmqcluster", "cluster").Replace(RabbitMQ)
}
