package vap

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/webhook/registration"
)

// longestMessage is what the API server takes of a static message, in bytes.
const longestMessage = 1024

func policy(name string, rule policies.Rule, level policies.Level, limits limits, options Options) *admissionregistrationv1.ValidatingAdmissionPolicy {
	failure := admissionregistrationv1.Ignore
	if level == policies.Deny {
		// What cannot be evaluated is not allowed.
		failure = admissionregistrationv1.Fail
	}
	exported := &admissionregistrationv1.ValidatingAdmissionPolicy{
		TypeMeta:   metav1.TypeMeta{APIVersion: "admissionregistration.k8s.io/v1", Kind: "ValidatingAdmissionPolicy"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: Labels()},
		Spec: admissionregistrationv1.ValidatingAdmissionPolicySpec{
			FailurePolicy: &failure,
			MatchConstraints: &admissionregistrationv1.MatchResources{
				MatchPolicy:       new(admissionregistrationv1.Equivalent),
				NamespaceSelector: registration.ExceptSystem(),
				ResourceRules:     resourceRules(rule.CEL.Requests(rule)),
			},
			MatchConditions: slices.Concat(registration.MatchConditions(), changes(rule), limits.conditions),
		},
	}
	if rule.Confirm {
		exported.Spec.Variables = append(exported.Spec.Variables, admissionregistrationv1.Variable{
			Name: policies.ReservedCELVariable, Expression: confirmed(rule, fourEyes(options.Guardrails)),
		})
	}
	for _, variable := range rule.CEL.Variables {
		variable.Expression = set(rule, variable, options)
		exported.Spec.Variables = append(exported.Spec.Variables, admissionregistrationv1.Variable(variable))
	}
	for _, validation := range rule.CEL.Validations {
		exported.Spec.Validations = append(exported.Spec.Validations, translate(rule, validation))
	}
	return exported
}

// set returns a variable's expression: for one that is a parameter of the rule, the value that Guardrails set.
func set(rule policies.Rule, variable policies.CELVariable, options Options) string {
	if _, isParam := rule.Params[variable.Name]; !isParam || options.Guardrails == nil {
		return variable.Expression
	}
	for _, setting := range options.Guardrails.Spec.Rules {
		if value, found := setting.Params[variable.Name]; found && rule.Called(setting.ID) {
			return policies.CELLiteral(value)
		}
	}
	return variable.Expression
}

// Labels are by what all policies are found that are to go.
func Labels() map[string]string {
	return map[string]string{"app.kubernetes.io/part-of": registration.Name}
}

func binding(name string, level policies.Level, limits limits) *admissionregistrationv1.ValidatingAdmissionPolicyBinding {
	actions := map[policies.Level][]admissionregistrationv1.ValidationAction{
		policies.Deny:  {admissionregistrationv1.Deny},
		policies.Warn:  {admissionregistrationv1.Warn, admissionregistrationv1.Audit},
		policies.Audit: {admissionregistrationv1.Audit},
	}
	return &admissionregistrationv1.ValidatingAdmissionPolicyBinding{
		TypeMeta:   metav1.TypeMeta{APIVersion: "admissionregistration.k8s.io/v1", Kind: "ValidatingAdmissionPolicyBinding"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: Labels()},
		Spec: admissionregistrationv1.ValidatingAdmissionPolicyBindingSpec{
			PolicyName: name, ValidationActions: actions[level], MatchResources: limits.resources,
		},
	}
}

func translate(rule policies.Rule, validation policies.CELValidation) admissionregistrationv1.Validation {
	expression := strings.TrimSpace(validation.Expression)
	fix := validation.Fix
	if fix == "" {
		fix = rule.Fix
	}
	begin, end := fmt.Sprintf("[%s] %s: ", rule.ID, validation.Path), fmt.Sprintf(". Fix: %s.", fix)
	message := fmt.Sprintf("(%s) + (%s) + (%s)", strconv.Quote(begin), strings.TrimSpace(validation.What), strconv.Quote(end))
	if rule.Confirm && !validation.Always {
		expression = fmt.Sprintf("variables.%s || (%s)", policies.ReservedCELVariable, expression)
		message = fmt.Sprintf("(%s) + (%s) + (%s) + (%s)", strconv.Quote(begin), strings.TrimSpace(validation.What),
			strconv.Quote(strings.TrimSuffix(end, ".")), way(rule))
	}
	reason := metav1.StatusReasonForbidden
	return admissionregistrationv1.Validation{
		Expression: expression, MessageExpression: message, Reason: &reason,
		// Where those words cannot be found, the title says what is wanted.
		Message: cut(begin + rule.Title + end),
	}
}

func cut(message string) string {
	if len(message) <= longestMessage {
		return message
	}
	return strings.ToValidUTF8(message[:longestMessage], "")
}

func resourceRules(requests map[string][]string) (rules []admissionregistrationv1.NamedRuleWithOperations) {
	for _, name := range slices.Sorted(maps.Keys(requests)) {
		resource, known := policies.LookupResource(name)
		if !known {
			continue
		}
		var operations []admissionregistrationv1.OperationType
		for _, operation := range slices.Sorted(slices.Values(requests[name])) {
			operations = append(operations, admissionregistrationv1.OperationType(operation))
		}
		scope := admissionregistrationv1.ClusterScope
		if resource.Namespaced {
			scope = admissionregistrationv1.NamespacedScope
		}
		rules = append(rules, admissionregistrationv1.NamedRuleWithOperations{
			RuleWithOperations: admissionregistrationv1.RuleWithOperations{
				Operations: operations,
				Rule: admissionregistrationv1.Rule{
					APIGroups: []string{resource.Group}, APIVersions: []string{resource.Version}, Resources: []string{name}, Scope: &scope,
				},
			},
		})
	}
	return rules
}
