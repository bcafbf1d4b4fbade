package engines

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	admissionv1 "k8s.io/api/admission/v1"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/cel/environment"

	"github.com/stateward/stateward/test/bench/contest/rules"
)

// VAP is the API server's own evaluator of ValidatingAdmissionPolicies, with objects of Kubernetes' types as it has them.
func VAP() (Engine, error) {
	source, err := rules.VAP()
	if err != nil {
		return nil, err
	}
	validator, err := compile(source)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, body []byte) (bool, error) {
		var review admissionv1.AdmissionReview
		if err := json.Unmarshal(body, &review); err != nil {
			return false, err
		}
		attributes, err := attributesOf(review.Request)
		if err != nil {
			return false, err
		}
		result := validator.Validate(ctx, attributes.GetResource(), attributes, nil, nil, celconfig.RuntimeCELCostBudget, nil)
		for _, decision := range result.Decisions {
			if decision.Evaluation == validating.EvalError {
				return false, errors.New(decision.Message)
			}
			if decision.Action == validating.ActionDeny {
				return false, nil
			}
		}
		return true, nil
	}, nil
}

// compile does what the plugin of the API server does with a policy that has no parameters and no conditions.
// Source: k8s.io/apiserver/pkg/admission/plugin/policy/validating/plugin.go.
func compile(manifest []byte) (validating.Validator, error) {
	var policy admissionregistrationv1.ValidatingAdmissionPolicy
	// The first document is the policy, the second its binding.
	if err := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(manifest), 4096).Decode(&policy); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	compiler, err := cel.NewCompositedCompiler(environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion()))
	if err != nil {
		return nil, err
	}
	var variables []cel.NamedExpressionAccessor
	for _, each := range policy.Spec.Variables {
		variables = append(variables, &validating.Variable{Name: each.Name, Expression: each.Expression})
	}
	var conditions []cel.ExpressionAccessor
	for _, each := range policy.Spec.Validations {
		conditions = append(conditions, &validating.ValidationCondition{Expression: each.Expression, Message: each.Message})
	}
	offered := cel.OptionalVariableDeclarations{}
	compiler.CompileAndStoreVariables(variables, offered, environment.StoredExpressions)
	messages := make([]cel.ExpressionAccessor, len(conditions))
	return validating.NewValidator(
		compiler.CompileCondition(conditions, offered, environment.StoredExpressions), nil,
		compiler.CompileCondition(nil, offered, environment.StoredExpressions),
		compiler.CompileCondition(messages, offered, environment.StoredExpressions),
		policy.Spec.FailurePolicy, nil,
	), nil
}

func attributesOf(request *admissionv1.AdmissionRequest) (*admission.VersionedAttributes, error) {
	object, err := typed(request.Kind.Kind, request.Object.Raw)
	if err != nil {
		return nil, err
	}
	before, err := typed(request.Kind.Kind, request.OldObject.Raw)
	if err != nil {
		return nil, err
	}
	kind := schema.GroupVersionKind(request.Kind)
	attributes := admission.NewAttributesRecord(object, before, kind, request.Namespace, request.Name,
		schema.GroupVersionResource(request.Resource), request.SubResource, admission.Operation(request.Operation), nil, false,
		&user.DefaultInfo{Name: request.UserInfo.Username, Groups: request.UserInfo.Groups})
	return &admission.VersionedAttributes{
		Attributes: attributes, VersionedKind: kind,
		VersionedObject: admission.NewLazyObject(object), VersionedOldObject: admission.NewLazyObject(before),
	}, nil
}

// typed reads an object; there is none where nothing was sent.
func typed(kind string, raw []byte) (runtime.Object, error) {
	var object runtime.Object
	switch kind {
	case "StatefulSet":
		object = &appsv1.StatefulSet{}
	case "Scale":
		object = &autoscalingv1.Scale{}
	default:
		return nil, fmt.Errorf("kind %q is not in the corpus", kind)
	}
	if len(raw) == 0 {
		return nil, nil
	}
	return object, json.Unmarshal(raw, object)
}
