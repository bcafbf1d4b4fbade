package admission

import (
	"context"
	"encoding/json"
	"fmt"

	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/webhook/cluster"
)

// prover is an inventory that knows which object is stored.
type prover interface {
	Proves(ctx context.Context, claimed cluster.Claimed) bool
}

// stranger reports whether a request that changes or deletes an object fails to show that its sender may read that object.
// Without client certificates API servers look like other clients of the port, but only they, and users who may
// read the object, know its UID. A request that creates an object contains what it refers to.
func (h *Handler) stranger(ctx context.Context, policy *Policy, request *admissionv1.AdmissionRequest) bool {
	inv, follows := policy.Inventory.(prover)
	if !follows || len(request.OldObject.Raw) == 0 || h.KnowsClients {
		return false
	}
	if isSecret(request) {
		// Stateward has no right to look.
		return true
	}
	var old struct {
		Metadata struct {
			Name string `json:"name"`
			UID  string `json:"uid"`
		} `json:"metadata"`
	}
	if json.Unmarshal(request.OldObject.Raw, &old) != nil {
		return true
	}
	return !inv.Proves(ctx, cluster.Claimed{
		Kind:     schema.GroupVersionKind(request.Kind),
		Resource: request.Resource.Resource,
		// An item of a deletecollection has its name in the object alone.
		Key: client.ObjectKey{Namespace: request.Namespace, Name: old.Metadata.Name},
		UID: old.Metadata.UID,
	})
}

// learned reports whether the rule of a finding reads other objects than that of the request.
func learned(policy *Policy, finding engine.Finding) bool {
	rule, known := policy.Engine.Library().Rule(finding.Rule)
	return !known || len(rule.Reads) > 0
}

// withheld returns findings without what rules learned of other objects, which strangers must not see.
func withheld(policy *Policy, request *admissionv1.AdmissionRequest, findings []engine.Finding) (told []engine.Finding) {
	for _, finding := range findings {
		if learned(policy, finding) {
			rule, _ := policy.Engine.Library().Rule(finding.Rule)
			finding = engine.Finding{Rule: finding.Rule, Level: finding.Level, Path: finding.Path, Field: finding.Field, Object: finding.Object}
			finding.What, finding.Fix = neutral(rule, request, finding.Object)
			finding.Message = fmt.Sprintf("[%s] %s: %s. Fix: %s", finding.Rule, finding.Field, finding.What, finding.Fix)
		}
		told = append(told, finding)
	}
	return told
}

// neutral returns the text of a rule that fits every request.
func neutral(rule policies.Rule, request *admissionv1.AdmissionRequest, object engine.ObjectReference) (what, fix string) {
	if !isSecret(request) {
		return "the object in the request is not the stored one, so the reason is not given", "send the request through the API server."
	}
	return "this Secret is in use; by what is not told, since Stateward may not read Secrets to see that an API server asks",
		fmt.Sprintf("%s, or confirm it: stateward confirm secret/%s delete -n %s --rules %s", rule.Fix, object.Name, object.Namespace, rule.ID)
}
