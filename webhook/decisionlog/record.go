// Package decisionlog writes decisions as JSON lines, each with all that it depended on, and reads them again. Where OPA's
// decision log has a field, the field has OPA's name.
package decisionlog

import (
	"encoding/json"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/policies/engine"
)

const (
	// SchemaPrefix begins the schema of every record.
	SchemaPrefix = "stateward.dev/decision-log/"
	// Schema is the one that is written.
	Schema = SchemaPrefix + "v1"

	typeDecision   = "decision"
	typeGuardrails = "guardrails"
)

// Paths are the entry points that a decision was made at.
const (
	PathValidate = "validate"
	PathMutate   = "mutate"
)

// header begins a record of a decision.
type header struct {
	Schema     string            `json:"schema"`
	Type       string            `json:"type"`
	DecisionID string            `json:"decision_id"`
	Timestamp  time.Time         `json:"timestamp"`
	Path       string            `json:"path"`
	Labels     map[string]string `json:"labels,omitempty"`
	Bundles    Bundles           `json:"bundles"`
	Metrics    Metrics           `json:"metrics"`
	// Error is why the request could not be evaluated.
	Error string `json:"error,omitempty"`
	// Reads are what the decision looked up; Unknown are resources that were not watched.
	Reads   []Read   `json:"reads,omitempty"`
	Unknown []string `json:"unknown,omitempty"`
	// Erased and Masked are JSON pointers into the record.
	Erased []string `json:"erased,omitempty"`
	Masked []string `json:"masked,omitempty"`
}

// Bundles are the revisions that decided.
type Bundles struct {
	Library    Bundle `json:"library"`
	Guardrails Bundle `json:"guardrails"`
}

// Bundle is one revision.
type Bundle struct {
	Revision   string `json:"revision"`
	Generation int64  `json:"generation,omitempty"`
}

// Metrics are how long it took.
type Metrics struct {
	Handler int64 `json:"timer_server_handler_ns"`
}

// Read is one look-up: of one object, which may be absent, or of objects by name.
type Read struct {
	// Path is the one below data.cluster.
	Path []string `json:"path"`
	// Object and Objects are digests of the record's objects.
	Object  string            `json:"object,omitempty"`
	Absent  bool              `json:"absent,omitempty"`
	Objects map[string]string `json:"objects,omitempty"`
}

// request is an AdmissionRequest without its objects, which follow in the record.
type request struct {
	UID         string                      `json:"uid"`
	Kind        metav1.GroupVersionKind     `json:"kind"`
	Resource    metav1.GroupVersionResource `json:"resource"`
	SubResource string                      `json:"subResource,omitempty"`
	Name        string                      `json:"name,omitempty"`
	Namespace   string                      `json:"namespace,omitempty"`
	Operation   admissionv1.Operation       `json:"operation"`
	UserInfo    authenticationv1.UserInfo   `json:"userInfo"`
	DryRun      *bool                       `json:"dryRun,omitempty"`
}

// Result is what was decided, and what the client was warned of.
type Result struct {
	engine.Decision
	Warnings []string `json:"warnings,omitempty"`
}

// guardrailsRecord holds Guardrails once in each file, before the first decision under them.
type guardrailsRecord struct {
	Schema     string          `json:"schema"`
	Type       string          `json:"type"`
	Timestamp  time.Time       `json:"timestamp"`
	Revision   string          `json:"revision"`
	Guardrails json.RawMessage `json:"guardrails"`
}
