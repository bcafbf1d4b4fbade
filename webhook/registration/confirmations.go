package registration

import (
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"github.com/stateward/stateward/policies"
)

const confirmationName = "confirmations.stateward.dev"

// checkedConfirmations refuses Confirmations that would not count, and those in another user's name. They do not get
// around it while Stateward is down: one that was not checked would count later.
func checkedConfirmations(target Target) admissionregistrationv1.ValidatingWebhook {
	return admissionregistrationv1.ValidatingWebhook{
		Name:                    confirmationName,
		ClientConfig:            target.clientConfig(ConfirmationsPath),
		Rules:                   newConfirmations(),
		FailurePolicy:           pointer(admissionregistrationv1.Fail),
		MatchPolicy:             pointer(admissionregistrationv1.Equivalent),
		SideEffects:             pointer(admissionregistrationv1.SideEffectClassNone),
		TimeoutSeconds:          pointer[int32](timeoutSeconds),
		AdmissionReviewVersions: []string{"v1"},
	}
}

// recordedConfirmations writes who makes a Confirmation into it. Without it the check refuses the Confirmation.
func recordedConfirmations(target Target) admissionregistrationv1.MutatingWebhook {
	return admissionregistrationv1.MutatingWebhook{
		Name:                    confirmationName,
		ClientConfig:            target.clientConfig(ConfirmedByPath),
		Rules:                   newConfirmations(),
		FailurePolicy:           pointer(admissionregistrationv1.Ignore),
		MatchPolicy:             pointer(admissionregistrationv1.Equivalent),
		SideEffects:             pointer(admissionregistrationv1.SideEffectClassNone),
		TimeoutSeconds:          pointer[int32](timeoutSeconds),
		AdmissionReviewVersions: []string{"v1"},
		ReinvocationPolicy:      pointer(admissionregistrationv1.IfNeededReinvocationPolicy),
	}
}

// newConfirmations selects their creation: the schema of their CRD lets nothing in them change.
func newConfirmations() []admissionregistrationv1.RuleWithOperations {
	return ofOwnKind(policies.Confirmations, admissionregistrationv1.NamespacedScope, admissionregistrationv1.Create)
}
