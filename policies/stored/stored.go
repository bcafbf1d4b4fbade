// Package stored evaluates objects that exist: those of a cluster and those of an export in one way.
package stored

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
)

// Object is an object that exists.
type Object struct {
	engine.ObjectReference
	APIVersion string
	Resource   string
	Raw        json.RawMessage
	// Options are additional facts of an audit about the object, as JSON; nil for none.
	Options json.RawMessage
}

// Facts are what decides whether and where an object is reported.
type Facts struct {
	UID    string
	Labels map[string]string
	// Controller is the owner that controls the object; nil for none.
	Controller *metav1.OwnerReference
	// Home is the namespace that the object belongs to. A Namespace is its own, and a volume is in that of its claim; it is
	// empty for other objects of the whole cluster.
	Home string
}

// Read reads an object of a resource. One that names no namespace is in "default".
func Read(resource policies.Resource, raw json.RawMessage) (Object, Facts, error) {
	var read struct {
		Metadata struct {
			Name            string                  `json:"name"`
			Namespace       string                  `json:"namespace"`
			UID             string                  `json:"uid"`
			Labels          map[string]string       `json:"labels"`
			OwnerReferences []metav1.OwnerReference `json:"ownerReferences"`
		} `json:"metadata"`
		Spec struct {
			ClaimRef struct {
				Namespace string `json:"namespace"`
			} `json:"claimRef"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(raw, &read); err != nil {
		return Object{}, Facts{}, explained(err)
	}
	if read.Metadata.Name == "" {
		return Object{}, Facts{}, errors.New("metadata.name is empty: every object that exists has a name")
	}
	namespace := read.Metadata.Namespace
	if resource.Namespaced && namespace == "" {
		namespace = metav1.NamespaceDefault
	}
	facts := Facts{UID: read.Metadata.UID, Labels: read.Metadata.Labels, Home: namespace}
	for index := range read.Metadata.OwnerReferences {
		if owner := &read.Metadata.OwnerReferences[index]; owner.Controller != nil && *owner.Controller {
			facts.Controller = owner
		}
	}
	switch resource.Name {
	case "namespaces":
		facts.Home = read.Metadata.Name
	case "persistentvolumes":
		facts.Home = read.Spec.ClaimRef.Namespace
	}
	return Object{
		ObjectReference: engine.ObjectReference{Kind: resource.Kind, Namespace: namespace, Name: read.Metadata.Name},
		APIVersion:      APIVersion(resource), Resource: resource.Name, Raw: raw,
	}, facts, nil
}

// explained says which field cannot be read, without the types of Go.
func explained(err error) error {
	if wrong, is := errors.AsType[*json.UnmarshalTypeError](err); is {
		return fmt.Errorf("%s: the JSON type %s is not allowed here", cmp.Or(wrong.Field, "the object"), wrong.Value)
	}
	return err
}

// Guardrails are the object of the Guardrails that decide.
func Guardrails(decider *engine.Engine, raw json.RawMessage) Object {
	return Object{
		ObjectReference: engine.ObjectReference{Kind: v1alpha1.GuardrailsKind, Name: decider.Guardrails().Name},
		APIVersion:      v1alpha1.GuardrailsAPIVersion, Resource: "guardrails", Raw: raw,
	}
}

// Evaluate evaluates an object by the rules about a new object and by those of an audit, and returns what they find, denials first.
// It is not evaluated where no rule in force is about it. An error means that it could not be evaluated.
func Evaluate(
	ctx context.Context, decider *engine.Engine, inv inventory.Inventory, object Object, now time.Time,
) (decision engine.Decision, evaluated bool, err error) {
	request := request(object)
	request.Time = now
	if !decider.HasRulesFor(request) {
		return engine.Decision{}, false, nil
	}
	decision, err = decider.Decide(ctx, request, inv)
	if err != nil {
		return engine.Decision{}, true, err
	}
	decision.Findings = slices.Clone(decision.Findings)
	slices.SortStableFunc(decision.Findings, func(a, b engine.Finding) int { return rank(a.Level) - rank(b.Level) })
	for index := range decision.Findings {
		if about := &decision.Findings[index].Object; object.Namespace == "" && about.Kind == v1alpha1.GuardrailsKind {
			// For rules it is in a namespace, as every object.
			about.Namespace = ""
		}
	}
	return decision, true, nil
}

// EvaluatedResources are the resources whose objects rules in force check.
func EvaluatedResources(decider *engine.Engine) (evaluated []policies.Resource) {
	for _, resource := range policies.Resources() {
		if isEvaluated(resource) && decider.HasRulesFor(request(Object{ObjectReference: engine.ObjectReference{Kind: resource.Kind}, APIVersion: APIVersion(resource), Resource: resource.Name})) {
			evaluated = append(evaluated, resource)
		}
	}
	return evaluated
}

// LookedUp are the resources that rules in force check or look up in an audit.
func LookedUp(decider *engine.Engine) (wanted []policies.Resource) {
	evaluated, inspects := EvaluatedResources(decider), decider.Inspects()
	for _, resource := range policies.Resources() {
		reads := resource.Name != "bindings" && slices.Contains(inspects, resource.Name)
		if reads || slices.Contains(evaluated, resource) {
			wanted = append(wanted, resource)
		}
	}
	return wanted
}

// isEvaluated leaves out what an audit never evaluates: a Binding is written and never stored, and what a cluster may lack is only
// looked up.
func isEvaluated(resource policies.Resource) bool {
	return resource.Name != "bindings" && !resource.Optional
}

// APIVersion is that of a resource's objects.
func APIVersion(resource policies.Resource) string {
	return metav1.GroupVersion{Group: resource.Group, Version: resource.Version}.String()
}

func request(object Object) engine.Request {
	return engine.Request{
		Phase: engine.ValidatingPhase, Operation: policies.Inspect, Group: policies.GroupOf(object.APIVersion), Kind: object.Kind, Resource: object.Resource,
		Namespace: object.Namespace, Name: object.Name, Object: object.Raw, Options: object.Options, Typed: true,
	}
}

func rank(level policies.Level) int { return slices.Index(policies.Levels(), level) }
