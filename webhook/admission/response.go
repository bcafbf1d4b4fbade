package admission

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/webhook/metrics"
)

// Limits of what an API server passes on: it advises 120 characters for a warning and cuts all of them when they are
// too many together (staging/src/k8s.io/apiserver/pkg/endpoints/filters/warning.go).
const (
	maxWarnings      = 8
	maxWarningLength = 120
	// maxReasons is the number of reasons in a denial. A person does not fix more at once, and an object may break rules by the
	// thousand.
	maxReasons = 100
	// maxSaid is what is recorded, in characters, of a name or a reason of a confirmation.
	maxSaid = 256
	// maxAnnotation is what an audit annotation holds, in bytes.
	maxAnnotation = 10 * 1024
)

// answer returns a decision as a response for the API server and for people.
func answer(decision engine.Decision) (admission.Response, error) {
	response := admission.Response{AdmissionResponse: admissionv1.AdmissionResponse{
		Allowed:          decision.Allowed,
		Warnings:         Warnings(decision.Findings),
		AuditAnnotations: auditAnnotations(decision),
	}}
	if !decision.Allowed {
		response.Result = denial(decision.Findings)
		return response, nil
	}
	if len(decision.Patches) > 0 {
		patch, err := json.Marshal(decision.Patches)
		if err != nil {
			return admission.Response{}, fmt.Errorf("encode patch: %w", err)
		}
		patchType := admissionv1.PatchTypeJSONPatch
		response.Patch, response.PatchType = patch, &patchType
	}
	return response, nil
}

// denial lists all reasons, one per line. A client would need one try for each reason otherwise.
func denial(findings []engine.Finding) *metav1.Status {
	status := &metav1.Status{
		Status:  metav1.StatusFailure,
		Code:    http.StatusForbidden,
		Reason:  metav1.StatusReasonForbidden,
		Details: &metav1.StatusDetails{},
	}
	var lines []string
	for _, finding := range findings {
		if finding.Level != policies.Deny {
			continue
		}
		if len(lines) == maxReasons {
			lines = append(lines, "and more of the same")
			break
		}
		lines = append(lines, finding.Message)
		status.Details.Causes = append(status.Details.Causes, metav1.StatusCause{
			Type:    metav1.CauseType(finding.Rule),
			Message: finding.What,
			Field:   finding.Field,
		})
	}
	status.Message = strings.Join(lines, "\n")
	return status
}

// Warnings returns the warnings of these findings for clients.
func Warnings(findings []engine.Finding) []string {
	var lines []string
	for _, finding := range findings {
		if finding.Level == policies.Warn {
			lines = append(lines, warning(finding))
		}
	}
	if len(lines) > maxWarnings {
		more := len(lines) - maxWarnings + 1
		lines = append(lines[:maxWarnings-1], fmt.Sprintf("and %d more warnings: see the audit annotation \"findings\"", more))
	}
	return lines
}

// warning returns the whole message if it fits, else without its remediation, without its field, or cut.
func warning(finding engine.Finding) string {
	candidates := texts(finding)
	for _, text := range candidates {
		if length(text) <= maxWarningLength {
			return text
		}
	}
	return cut(candidates[len(candidates)-1], maxWarningLength)
}

// full returns the longest text of a finding that is not a denial.
func full(finding engine.Finding) string { return texts(finding)[0] }

// texts returns the same finding in several lengths, the longest first. Each begins with the reason if a denial became a warning.
func texts(finding engine.Finding) []string {
	what := finding.What
	switch {
	case finding.Confirmed:
		what = consent(finding) + ": " + what
	case finding.Existing:
		what = "as before: " + what
	}
	candidates := []string{
		fmt.Sprintf("[%s] %s: %s", finding.Rule, finding.Field, what),
		fmt.Sprintf("[%s] %s", finding.Rule, what),
	}
	if !finding.Confirmed && !finding.Existing {
		candidates = append([]string{finding.Message}, candidates...)
	}
	return candidates
}

// consent returns how a finding was confirmed.
func consent(finding engine.Finding) string {
	if finding.Confirmation != nil && finding.Confirmation.Unnamed {
		return "confirmed (deprecated: without " + policies.ConfirmRulesAnnotation + ")"
	}
	return "confirmed"
}

func length(text string) int { return len([]rune(text)) }

// auditAnnotations returns the decision for programs; the API server puts the webhook's name before
// each key.
func auditAnnotations(decision engine.Decision) map[string]string {
	annotations := map[string]string{
		"decision": string(metrics.OutcomeOf(decision)),
		"revision": decision.Library + "/" + decision.Guardrails,
	}
	if decision.Exempt != "" {
		annotations["exempt"] = decision.Exempt
	}
	if len(decision.Findings) > 0 {
		annotations["findings"] = recorded(decision.Findings)
	}
	if used := confirmation(decision.Findings); used != "" {
		annotations["confirmation"] = used
	}
	return annotations
}

// confirmation returns the used confirmation as JSON. All findings of a request concern one object, which has one.
func confirmation(findings []engine.Finding) string {
	for _, finding := range findings {
		if finding.Confirmation == nil {
			continue
		}
		used := *finding.Confirmation
		used.By, used.Reason = cut(used.By, maxSaid), cut(used.Reason, maxSaid)
		if encoded, err := json.Marshal(used); err == nil {
			return string(encoded)
		}
	}
	return ""
}

// cut shortens a text to a number of characters, and shows that it did.
func cut(text string, most int) string {
	if length(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}

// recorded is a JSON array of the findings without their prose; what does not fit is left out from the end.
func recorded(findings []engine.Finding) string {
	type record struct {
		Rule      string         `json:"rule"`
		Level     policies.Level `json:"level"`
		Field     string         `json:"field,omitempty"`
		Existing  bool           `json:"existing,omitempty"`
		Confirmed bool           `json:"confirmed,omitempty"`
	}
	text := []byte("[")
	for index, finding := range findings {
		encoded, err := json.Marshal(record{finding.Rule, finding.Level, finding.Field, finding.Existing, finding.Confirmed})
		if err != nil || len(text)+len(encoded)+len(",]") > maxAnnotation {
			break
		}
		if index > 0 {
			text = append(text, ',')
		}
		text = append(text, encoded...)
	}
	return string(append(text, ']'))
}
