package webhook

import (
	"context"
	"encoding/json"
	"fmt"

	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/webhook/cluster"
)

// prover is a World that knows which object is stored.
type prover interface {
	Proves(ctx context.Context, claimed cluster.Claimed) bool
}

// stranger reports whether a request that changes or deletes an object fails to show that its sender may read that object.
// API servers cannot be told from other clients of the port where they have no client certificate, but only they, and who may
// read the object, know its UID. A request that creates an object says itself what it asks about.
func stranger(ctx context.Context, policy *Policy, request *admissionv1.AdmissionRequest) bool {
	world, follows := policy.World.(prover)
	if !follows || len(request.OldObject.Raw) == 0 {
		return false
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
	return !world.Proves(ctx, cluster.Claimed{
		Kind:     schema.GroupVersionKind(request.Kind),
		Resource: request.Resource.Resource,
		// An item of a deletecollection has its name in the object alone.
		Key: client.ObjectKey{Namespace: request.Namespace, Name: old.Metadata.Name},
		UID: old.Metadata.UID,
	})
}

// learned reports whether the rule of a finding looks at other objects than that of the request.
func learned(policy *Policy, finding engine.Finding) bool {
	rule, known := policy.Engine.Library().Rule(finding.Rule)
	return !known || len(rule.Reads) > 0
}

// withheld are findings without what rules learned of other objects, which no stranger is told.
func withheld(policy *Policy, findings []engine.Finding) (told []engine.Finding) {
	for _, finding := range findings {
		if learned(policy, finding) {
			finding = engine.Finding{
				Rule: finding.Rule, Level: finding.Level, Path: finding.Path, Field: finding.Field, Object: finding.Object,
				What: "the object in the request is not the stored one, so the reason is not given",
				Fix:  "send the request through the API server.",
			}
			finding.Message = fmt.Sprintf("[%s] %s: %s. Fix: %s", finding.Rule, finding.Field, finding.What, finding.Fix)
		}
		told = append(told, finding)
	}
	return told
}
