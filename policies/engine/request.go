package engine

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	"k8s.io/utils/ptr"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine/lazy"
)

// Phase selects rules, mutations or both.
type Phase int

const (
	// AnyPhase evaluates rules and mutations, for a manifest in CI.
	AnyPhase Phase = iota
	// ValidatingPhase evaluates the rules only.
	ValidatingPhase
	// MutatingPhase evaluates the mutations, and the rules that can only report before a mutation.
	MutatingPhase
)

// Request is one thing that is to be done to one object. It holds all that a decision may depend on besides
// the inventory, the Guardrails and the library, so that the same Request always meets the same Decision.
type Request struct {
	Phase Phase `json:"-"`
	// Operation is CREATE, UPDATE or DELETE, AUDIT for an object that is stored, or empty for a manifest that is not
	// applied yet.
	Operation string `json:"operation,omitempty"`
	// Group and Kind are those of Object: for a scale that is autoscaling and Scale.
	Group string `json:"group,omitempty"`
	Kind  string `json:"kind"`
	// Resource is a plural, such as "statefulsets", and Subresource a name such as "scale".
	Resource    string `json:"resource,omitempty"`
	Subresource string `json:"subresource,omitempty"`
	Namespace   string `json:"namespace,omitempty"`
	// Name is empty for each item of a deletecollection; rules read it from OldObject.
	Name string                    `json:"name,omitempty"`
	User authenticationv1.UserInfo `json:"user"`
	// Object, OldObject and Options are JSON objects, or empty where the operation has none.
	Object    json.RawMessage `json:"object,omitempty"`
	OldObject json.RawMessage `json:"oldObject,omitempty"`
	Options   json.RawMessage `json:"options,omitempty"`
	// ObjectValue is Object as ParseObject reads it, where the caller has it already.
	ObjectValue ast.Value `json:"-"`
	DryRun      bool      `json:"dryRun,omitempty"`
	// Time is when the request was made, in seconds. Zero means unknown; then nothing counts as confirmed.
	Time time.Time `json:"time"`
	// Typed reports that Object has the types of its kind.
	Typed bool `json:"typed,omitempty"`
	// Planned reports that Object and OldObject are two versions of a manifest and neither is stored. Their annotations confirm
	// nothing, and messages print no command that confirms.
	Planned bool `json:"planned,omitempty"`
	// Masked reports that values of Object and OldObject were replaced by lazy.Mask; Prepared.MetMask reports whether a rule
	// read one.
	Masked bool `json:"-"`
}

// FromAdmission makes a Request of an admission request that arrived at now.
func FromAdmission(request *admissionv1.AdmissionRequest, now time.Time) Request {
	return Request{
		Operation:   string(request.Operation),
		Group:       request.Kind.Group,
		Kind:        request.Kind.Kind,
		Resource:    request.Resource.Resource,
		Subresource: request.SubResource,
		Namespace:   request.Namespace,
		Name:        request.Name,
		User:        request.UserInfo,
		Object:      request.Object.Raw,
		OldObject:   request.OldObject.Raw,
		Options:     request.Options.Raw,
		DryRun:      ptr.Deref(request.DryRun, false),
		Time:        now,
	}
}

// untyped reports whether a manifest may have fields of wrong types.
func (r Request) untyped() bool { return r.Operation == "" && !r.Typed }

// subject is what the request is about in the words of a rule's `on`: "statefulsets/scale" and "UPDATE". A manifest
// is evaluated as what it would create, and a resource that is not in the library as a possible owner of StatefulSets.
func (r Request) subject() (resource, operation string) {
	if r.Operation == "" {
		known, _ := policies.ResourceOfKind(r.Group, r.Kind)
		return known.Name, "CREATE"
	}
	// Who writes the status of a CustomResourceDefinition writes its metadata too.
	if _, known := policies.LookupResource(r.Resource); !known && (r.Subresource == "" || r.Subresource == "status") {
		return policies.ParentResource, r.Operation
	}
	if r.Subresource != "" {
		return r.Resource + "/" + r.Subresource, r.Operation
	}
	return r.Resource, r.Operation
}

// requestKind decides which rules apply to a request. There are as many as the rules' metadata name.
type requestKind struct {
	phase Phase
	// resource and operation are those of Request.subject.
	resource, operation string
	manifest, untyped   bool
}

// kind is computed once for a request.
func (r Request) kind() requestKind {
	resource, operation := r.subject()
	return requestKind{
		phase: r.Phase, resource: resource, operation: operation,
		manifest: r.Operation == "", untyped: r.untyped(),
	}
}

// input returns the request for Rego: an AdmissionReview's request, and beside it what only Stateward knows. The objects are
// decoded on demand.
func (r Request) input(reader *lazy.Reader) (lazy.Value, error) {
	object := lazy.OfValue(r.ObjectValue)
	var err error
	if object == nil {
		if object, err = reader.Read(r.Object); err != nil {
			return nil, fmt.Errorf("read object of the review: %w", err)
		}
	}
	old, err := reader.Read(r.OldObject)
	if err != nil {
		return nil, fmt.Errorf("read oldObject of the review: %w", err)
	}
	// Options are no version of the object, but null or small.
	options, err := reader.Read(r.Options)
	if err != nil {
		return nil, fmt.Errorf("read options of the review: %w", err)
	}
	var operation, moment, planned, added lazy.Value
	if r.Operation != "" {
		operation = lazy.Text(r.Operation)
	}
	if !r.Time.IsZero() {
		moment = lazy.Text(r.Time.UTC().Format(time.RFC3339))
	}
	if r.Planned {
		planned = lazy.Of(ast.InternedTerm(true))
	}
	if moment != nil || planned != nil {
		added = addedNames.Object(planned, moment)
	}
	return inputNames.Object(requestNames.Object(
		lazy.Of(ast.InternedTerm(r.DryRun)),
		kindNames.Object(lazy.Text(r.Group), lazy.Text(r.Kind)),
		lazy.Text(r.Name),
		lazy.Text(r.Namespace),
		object,
		old,
		operation,
		options,
		resourceNames.Object(lazy.Text(r.Resource)),
		lazy.Text(r.Subresource),
		user(r.User),
	), added), nil
}

// The keys of what input and entry return.
var (
	inputNames    = lazy.NewNames("request", "stateward")
	addedNames    = lazy.NewNames("planned", "time")
	requestNames  = lazy.NewNames("dryRun", "kind", "name", "namespace", "object", "oldObject", "operation", "options", "resource", "subResource", "userInfo")
	kindNames     = lazy.NewNames("group", "kind")
	resourceNames = lazy.NewNames("resource")
	userNames     = lazy.NewNames("groups", "uid", "username")
	entryNames    = lazy.NewNames(
		"dry_run", "group", "kind", "name", "namespace", "object", "old", "operation", "options", "planned", "resource", "subresource", "time", "user",
	)
)

func user(user authenticationv1.UserInfo) lazy.Value {
	groups := make([]lazy.Value, 0, len(user.Groups))
	for _, group := range user.Groups {
		groups = append(groups, lazy.Text(group))
	}
	return userNames.Object(lazy.Array(groups), lazy.Text(user.UID), lazy.Text(user.Username))
}
