package evaluate

import (
	"encoding/json"
	"fmt"

	"github.com/stateward/stateward/cmd/internal/manifest"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
)

// IsAutoscaler reports whether a document sets the replicas of other objects: an HPA, or a ScaledObject of KEDA.
func IsAutoscaler(document manifest.Document) bool {
	switch policies.GroupOf(document.APIVersion) {
	case "autoscaling":
		return document.Kind == "HorizontalPodAutoscaler"
	case "keda.sh":
		return document.Kind == "ScaledObject"
	default:
		return false
	}
}

// scaled is a StatefulSet that an autoscaler scales.
type scaled struct{ namespace, name string }

// autoscaled finds the autoscaler of each StatefulSet that has one.
func autoscaled(documents []manifest.Document, namespace string) map[scaled]manifest.Document {
	found := map[scaled]manifest.Document{}
	for _, document := range documents {
		if !IsAutoscaler(document) {
			continue
		}
		var object struct {
			Spec struct {
				ScaleTargetRef struct {
					Kind string `json:"kind"`
					Name string `json:"name"`
				} `json:"scaleTargetRef"`
			} `json:"spec"`
		}
		if err := json.Unmarshal(document.Raw, &object); err != nil || object.Spec.ScaleTargetRef.Kind != "StatefulSet" {
			continue
		}
		in := document.Namespace
		if in == "" {
			in = namespace
		}
		found[scaled{in, object.Spec.ScaleTargetRef.Name}] = document
	}
	return found
}

// fixedReplicas warns of a set whose manifest sets the replicas that an autoscaler sets too.
func (s sole) fixedReplicas(request engine.Request) []engine.Finding {
	autoscaler, found := s.autoscaled[scaled{request.Namespace, request.Name}]
	if !found || s.document.Kind != "StatefulSet" || request.Operation != "" {
		return nil
	}
	var set struct {
		Spec struct {
			Replicas *json.RawMessage `json:"replicas"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(s.document.Raw, &set); err != nil || set.Spec.Replicas == nil {
		return nil
	}
	what := fmt.Sprintf("%s %q at %s scales this set, and each apply sets it back to %s",
		autoscaler.Kind, autoscaler.Name, autoscaler.Position(nil), *set.Spec.Replicas)
	return []engine.Finding{findingOf(hpaReplicas, policies.Warn, []any{"spec", "replicas"}, what, "leave replicas out of the manifest")}
}
