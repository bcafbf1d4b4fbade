package policies

// Annotations by which somebody confirms a guarded operation. policies/lib/marks.rego says the same to rules; a test
// holds the two together.
const (
	// ConfirmMark names the operation, ConfirmUntilMark the end of the confirmation (RFC 3339), ConfirmReasonMark why.
	ConfirmMark       = "stateward.dev/confirm"
	ConfirmUntilMark  = "stateward.dev/confirm-until"
	ConfirmReasonMark = "stateward.dev/confirm-reason"
	// ConfirmedByMark names who set the others; only Stateward writes it.
	ConfirmedByMark = "stateward.dev/confirmed-by"
)

// ProtectionMarks are the labels that ask for more protection than others have.
func ProtectionMarks() []string { return []string{"stateward.dev/quorum", "stateward.dev/canary"} }

// ConfirmationMarks lists all of them.
func ConfirmationMarks() []string {
	return []string{ConfirmMark, ConfirmUntilMark, ConfirmReasonMark, ConfirmedByMark}
}
