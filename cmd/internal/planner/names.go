package planner

import (
	"encoding/json"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/stateward/stateward/policies/forecast"
)

// addServices adds the Services of manifests: they name the pods of StatefulSets beside them.
func (i *Inventory) addServices(requests []Request, namespace string) {
	for _, request := range requests {
		var service corev1.Service
		// What cannot be read is reported where the rules see it.
		if request.otherKind() != "Service" || json.Unmarshal(request.Manifest, &service) != nil {
			continue
		}
		if service.Namespace == "" {
			service.Namespace = request.in(namespace)
		}
		i.services = append(i.services, service)
	}
}

// naming is how the governing Service of a set names its pods. The last of several Services of one name is the one of a manifest.
func (i *Inventory) naming(set *appsv1.StatefulSet) (naming forecast.Naming, known bool) {
	naming = forecast.NoNames
	for index := range i.services {
		service := &i.services[index]
		switch {
		case service.Namespace != set.Namespace || service.Name != set.Spec.ServiceName:
		case service.Spec.PublishNotReadyAddresses:
			naming, known = forecast.NamesOfAll, true
		default:
			naming, known = forecast.NamesOfReady, true
		}
	}
	return naming, known || set.Spec.ServiceName == ""
}

// addNames says at each step which DNS name resolves from then on, or no more.
func (c *Change) addNames(state forecast.State, timeline forecast.Timeline) {
	for _, change := range forecast.NameChanges(state, timeline) {
		step := &c.Steps[change.Step]
		if change.Resolves {
			step.NewName = change.Name
			step.Text += ", and its DNS name resolves"
		} else {
			step.NameGone = change.Name
			step.Text += ", and its DNS name vanishes"
		}
	}
}
