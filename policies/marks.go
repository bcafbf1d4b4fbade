package policies

// Annotations by which a user confirms a guarded operation. policies/lib/marks.rego says the same to rules; a test
// holds the two together.
const (
	// ConfirmMark names the operation, ConfirmUntilMark the end of the confirmation (RFC 3339), ConfirmReasonMark why.
	ConfirmMark       = "stateward.dev/confirm"
	ConfirmUntilMark  = "stateward.dev/confirm-until"
	ConfirmReasonMark = "stateward.dev/confirm-reason"
	// ConfirmRulesMark lists the rules that the confirmation is for, separated by commas; without it, it
	// is for those that are not about loss of data, which is deprecated.
	ConfirmRulesMark = "stateward.dev/confirm-rules"
	// ConfirmForMark is a duration that Stateward replaces by the end.
	ConfirmForMark = "stateward.dev/confirm-for"
	// ConfirmedByMark names who set the others, ConfirmedObjectMark the state of the object at that time; only Stateward
	// writes them.
	ConfirmedByMark     = "stateward.dev/confirmed-by"
	ConfirmedObjectMark = "stateward.dev/confirmed-object"
)

// CanaryHoldMark is the annotation that holds the partition of a canary against automation: the partition and the images as
// Stateward left them. Only Stateward writes it.
const CanaryHoldMark = "stateward.dev/canary-hold"

// ProtectionMarks are the labels that ask for more protection than others have, or for less.
func ProtectionMarks() []string {
	return []string{"stateward.dev/quorum", "stateward.dev/canary", "stateward.dev/ephemeral"}
}

// ConfirmationMarks lists all of them.
func ConfirmationMarks() []string {
	return []string{
		ConfirmMark, ConfirmUntilMark, ConfirmReasonMark, ConfirmRulesMark, ConfirmForMark, ConfirmedByMark, ConfirmedObjectMark,
	}
}
