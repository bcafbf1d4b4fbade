package vap

import (
	"fmt"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/webhook/registration"
)

// registrationName is of the policy that keeps the registration of the webhooks.
const registrationName = registration.Name + "-registration" + staticSuffix

// keepRegistration is the policy, and its binding, by which no user deletes or weakens the webhook configurations of
// Stateward except by break glass. Only a policy from a folder applies to them: others could lock all users out.
func keepRegistration() []any {
	kept := []string{"failurePolicy", "rules", "matchPolicy", "sideEffects", "timeoutSeconds", "namespaceSelector", "objectSelector", "matchConditions"}
	same := []string{"new.name == old.name"}
	for _, field := range kept {
		same = append(same, fmt.Sprintf("new.?%[1]s == old.?%[1]s", field))
	}
	const wayOut = ". Fix: leave it as it is, or break the glass: kubectl --as=NAME --as-group=system:masters --as-group=" + registration.BreakGlassGroup
	begin := fmt.Sprintf("'[%s] ' + ", registration.Name+"-registration")
	forbidden := metav1.StatusReasonForbidden
	scope := admissionregistrationv1.ClusterScope
	policy := &admissionregistrationv1.ValidatingAdmissionPolicy{
		TypeMeta:   metav1.TypeMeta{APIVersion: "admissionregistration.k8s.io/v1", Kind: "ValidatingAdmissionPolicy"},
		ObjectMeta: metav1.ObjectMeta{Name: registrationName, Labels: Labels()},
		Spec: admissionregistrationv1.ValidatingAdmissionPolicySpec{
			FailurePolicy: new(admissionregistrationv1.Fail),
			MatchConstraints: &admissionregistrationv1.MatchResources{ResourceRules: []admissionregistrationv1.NamedRuleWithOperations{{
				RuleWithOperations: admissionregistrationv1.RuleWithOperations{
					Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Update, admissionregistrationv1.Delete},
					Rule: admissionregistrationv1.Rule{
						APIGroups: []string{"admissionregistration.k8s.io"}, APIVersions: []string{"v1"}, Scope: &scope,
						Resources: []string{"mutatingwebhookconfigurations", "validatingwebhookconfigurations"},
					},
				},
			}}},
			MatchConditions: []admissionregistrationv1.MatchCondition{
				// A deletion of all of them names none.
				{Name: "of-stateward", Expression: fmt.Sprintf("oldObject.metadata.name == '%s'", registration.Name)},
				{Name: "not-break-glass", Expression: fmt.Sprintf("!('%s' in request.userInfo.?groups.orValue([]))", registration.BreakGlassGroup)},
			},
			Validations: []admissionregistrationv1.Validation{{
				Expression:        "request.operation != 'DELETE'",
				MessageExpression: begin + fmt.Sprintf("oldObject.kind + ' %s: without it Stateward checks nothing%s'", registration.Name, wayOut),
				Message:           "without it Stateward checks nothing", Reason: &forbidden,
			}, {
				Expression: "request.operation == 'DELETE' || oldObject.webhooks.all(old, object.webhooks.exists(new, " + strings.Join(same, " && ") + "))",
				MessageExpression: begin + fmt.Sprintf("oldObject.kind + ' %s: this changes more than its caBundle%s'",
					registration.Name, wayOut),
				Message: "this changes more than the caBundle", Reason: &forbidden,
			}},
		},
	}
	return []any{policy, binding(registrationName, policies.Deny, limits{})}
}
