package corpus

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// fault breaks one of the common rules, by whose id it is called. Number chooses among the ways to do so.
type fault struct {
	rule  string
	broke func(spec *appsv1.StatefulSetSpec, number int)
}

// faults are of all twelve rules.
func faults() []fault {
	return []fault{
		{"resource-limits", func(spec *appsv1.StatefulSetSpec, number int) {
			limits := last(spec).Resources.Limits
			delete(limits, []corev1.ResourceName{corev1.ResourceMemory, corev1.ResourceCPU}[number%2])
		}},
		{"probes", func(spec *appsv1.StatefulSetSpec, number int) {
			if number%2 == 0 {
				last(spec).ReadinessProbe = nil
				return
			}
			last(spec).LivenessProbe = nil
		}},
		{"image-tag", func(spec *appsv1.StatefulSetSpec, number int) {
			last(spec).Image = []string{"db", "registry.example:5000/team/db", "db:latest", "registry.example/db:latest"}[number%4]
		}},
		{"run-as-non-root", func(spec *appsv1.StatefulSetSpec, number int) {
			if number%2 == 0 {
				last(spec).SecurityContext = &corev1.SecurityContext{RunAsNonRoot: pointer(false)}
				return
			}
			spec.Template.Spec.SecurityContext = nil
			last(spec).SecurityContext = nil
		}},
		{"service-name", func(spec *appsv1.StatefulSetSpec, _ int) { spec.ServiceName = "" }},
		{"retention-policy", func(spec *appsv1.StatefulSetSpec, number int) {
			spec.PersistentVolumeClaimRetentionPolicy = nil
			if number%2 == 0 {
				spec.PersistentVolumeClaimRetentionPolicy = &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{WhenDeleted: appsv1.RetainPersistentVolumeClaimRetentionPolicyType}
			}
		}},
		{"selector-labels", func(spec *appsv1.StatefulSetSpec, number int) {
			if number%2 == 0 {
				spec.Template.Labels["app"] = "another"
				return
			}
			delete(spec.Template.Labels, "app")
		}},
		{"grace-period", func(spec *appsv1.StatefulSetSpec, number int) {
			spec.Template.Spec.TerminationGracePeriodSeconds = []*int64{nil, pointer[int64](0), pointer[int64](29)}[number%3]
		}},
		{"spread", func(spec *appsv1.StatefulSetSpec, _ int) {
			spec.Template.Spec.Affinity, spec.Template.Spec.TopologySpreadConstraints = nil, nil
		}},
		{"claim-class", func(spec *appsv1.StatefulSetSpec, number int) {
			spec.VolumeClaimTemplates[0].Spec.StorageClassName = []*string{nil, pointer("")}[number%2]
		}},
		{deleting, func(spec *appsv1.StatefulSetSpec, _ int) {
			policy := retained()
			policy.WhenDeleted = appsv1.DeletePersistentVolumeClaimRetentionPolicyType
			spec.PersistentVolumeClaimRetentionPolicy = policy
		}},
		{replicas, func(spec *appsv1.StatefulSetSpec, number int) {
			spec.Replicas = []*int32{nil, pointer[int32](0), pointer[int32](1)}[number%3]
		}},
	}
}

const (
	// deleting is the only rule about deletions.
	deleting = "when-deleted"
	// replicas is the only rule about Scales.
	replicas = "replicas"
)

// faultFor chooses the fault of a review that is to be denied.
func faultFor(operation string, number int) string {
	switch operation {
	case Delete:
		return deleting
	case Scale:
		return replicas
	default:
		all := faults()
		return all[number%len(all)].rule
	}
}

// breaking breaks the rule of this id; none where it is empty.
func breaking(object *appsv1.StatefulSet, rule string, number int) {
	for _, fault := range faults() {
		if fault.rule == rule {
			fault.broke(&object.Spec, number/len(faults()))
		}
	}
}

// changing makes the change of an update that keeps to the rules. Something of the spec always changes: Stateward lets
// through what changes nothing, whatever is wrong with it, and others do not.
func changing(object *appsv1.StatefulSet, number int) {
	object.Generation++
	object.Spec.MinReadySeconds = 10
	for index := range object.ManagedFields {
		object.ManagedFields[index].Operation = metav1.ManagedFieldsOperationUpdate
	}
	if number%3 == 0 {
		*object.Spec.Replicas++
		return
	}
	object.Spec.Template.Spec.Containers[0].Image = "registry.example/db:16.5"
}

func last(spec *appsv1.StatefulSetSpec) *corev1.Container {
	containers := spec.Template.Spec.Containers
	return &containers[len(containers)-1]
}

func pointer[T any](value T) *T { return &value }
