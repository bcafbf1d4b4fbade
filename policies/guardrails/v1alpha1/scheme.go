package v1alpha1

import (
	"maps"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/stateward/stateward/policies"
)

// AddToScheme lets a typed client read and write Guardrails.
func AddToScheme(scheme *runtime.Scheme) error {
	version := schema.GroupVersion{Group: policies.Group, Version: policies.Version}
	scheme.AddKnownTypes(version, &Guardrails{}, &GuardrailsList{})
	metav1.AddToGroupVersion(scheme, version)
	return nil
}

// DeepCopyInto copies the setting. It is written by hand because parameters have any type.
func (s *RuleSetting) DeepCopyInto(out *RuleSetting) {
	*out = *s
	out.Actions, out.Match = maps.Clone(s.Actions), s.Match.DeepCopy()
	out.Params, _ = copyOf(s.Params).(map[string]any)
}

// DeepCopy is DeepCopyInto of a new setting.
func (s *RuleSetting) DeepCopy() *RuleSetting {
	if s == nil {
		return nil
	}
	out := new(RuleSetting)
	s.DeepCopyInto(out)
	return out
}

// copyOf copies a value as JSON has them. Others than maps and lists cannot be changed, and stay as they are.
func copyOf(value any) any {
	switch value := value.(type) {
	case map[string]any:
		if value == nil {
			// A nil map stays one.
			return value
		}
		copied := make(map[string]any, len(value))
		for key, each := range value {
			copied[key] = copyOf(each)
		}
		return copied
	case []any:
		copied := make([]any, len(value))
		for index, each := range value {
			copied[index] = copyOf(each)
		}
		return copied
	default:
		return value
	}
}
