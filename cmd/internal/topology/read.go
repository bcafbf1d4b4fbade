package topology

import (
	"encoding/json"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// read is as much of an object as a drawing shows. The kinds have no field in common that means different things.
type read struct {
	Metadata struct {
		Name            string
		Labels          map[string]string
		OwnerReferences []struct {
			Kind, Name string
			Controller bool
		}
	}
	Spec struct {
		Replicas    *int
		ServiceName string
		Ordinals    struct{ Start int }
		Template    struct {
			Metadata struct{ Labels map[string]string }
		}
		VolumeClaimTemplates []read

		ClusterIP string

		VolumeName, StorageClassName string
		Resources                    struct{ Requests struct{ Storage string } }

		PersistentVolumeReclaimPolicy string
	}
	Status struct {
		ReadyReplicas int
		Conditions    []struct{ Type, Status string }
	}
}

// reading returns what can be read. A field of the wrong type is left out: rules report it.
func reading(object Object) (values read) {
	_ = json.Unmarshal(object.Raw, &values)
	return values
}

func (r read) replicas() int {
	if r.Spec.Replicas == nil {
		return 1
	}
	return max(*r.Spec.Replicas, 0)
}

func (r read) isReady() bool {
	for _, condition := range r.Status.Conditions {
		if condition.Type == "Ready" {
			return condition.Status == "True"
		}
	}
	return false
}

// budget is a PodDisruptionBudget.
type budget struct {
	name, detail string
	selector     labels.Selector
}

func budgetOf(object Object) budget {
	var values struct {
		Spec struct {
			MinAvailable, MaxUnavailable *intstr.IntOrString
			Selector                     *metav1.LabelSelector
		}
	}
	made := budget{name: object.Name, selector: labels.Nothing()}
	if json.Unmarshal(object.Raw, &values) != nil {
		return made
	}
	if selector, err := metav1.LabelSelectorAsSelector(values.Spec.Selector); err == nil {
		made.selector = selector
	}
	var details []string
	if value := values.Spec.MinAvailable; value != nil {
		details = append(details, "minAvailable "+value.String())
	}
	if value := values.Spec.MaxUnavailable; value != nil {
		details = append(details, "maxUnavailable "+value.String())
	}
	made.detail = strings.Join(details, ", ")
	return made
}

// selects reports whether the budget is for pods with these labels.
func (b budget) selects(given map[string]string) bool { return b.selector.Matches(labels.Set(given)) }
