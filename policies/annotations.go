package policies

// Annotations by which a user confirms a guarded operation. policies/lib/metadata.rego says the same to rules; a test
// holds the two together.
const (
	// ConfirmAnnotation names the operation, ConfirmUntilAnnotation the end of the confirmation (RFC 3339), ConfirmReasonAnnotation why.
	ConfirmAnnotation       = "stateward.dev/confirm"
	ConfirmUntilAnnotation  = "stateward.dev/confirm-until"
	ConfirmReasonAnnotation = "stateward.dev/confirm-reason"
	// ConfirmRulesAnnotation lists the rules that the confirmation is for, separated by commas; without it, it
	// is for those that are not about loss of data, which is deprecated.
	ConfirmRulesAnnotation = "stateward.dev/confirm-rules"
	// ConfirmForAnnotation is a duration that Stateward replaces by the end.
	ConfirmForAnnotation = "stateward.dev/confirm-for"
	// ConfirmedByAnnotation names who set the others, ConfirmedObjectAnnotation the state of the object at that time; only Stateward
	// writes them.
	ConfirmedByAnnotation     = "stateward.dev/confirmed-by"
	ConfirmedObjectAnnotation = "stateward.dev/confirmed-object"
)

// CanaryHoldAnnotation is the annotation that holds the partition of a canary against automation: the partition and the images as
// Stateward left them. Only Stateward writes it.
const CanaryHoldAnnotation = "stateward.dev/canary-hold"

// ProtectionLabels are the labels that ask for more protection than others have, or for less.
func ProtectionLabels() []string {
	return []string{"stateward.dev/quorum", "stateward.dev/canary", "stateward.dev/ephemeral"}
}

// ConfirmationAnnotations lists all of them.
func ConfirmationAnnotations() []string {
	return []string{
		ConfirmAnnotation, ConfirmUntilAnnotation, ConfirmReasonAnnotation, ConfirmRulesAnnotation, ConfirmForAnnotation, ConfirmedByAnnotation, ConfirmedObjectAnnotation,
	}
}
