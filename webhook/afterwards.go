package webhook

import (
	"context"
	"encoding/json"
	"slices"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/stateward/stateward/policies/confirmations"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/webhook/recorder"
)

// writesAfterwards hands over what is written after a request is allowed. A dry run leaves nothing, and neither does a client
// of the port that cannot be told from an API server.
func (h *Handler) writesAfterwards(ctx context.Context, policy *Policy, request *admissionv1.AdmissionRequest, verdict engine.Verdict) {
	if h.Recorder == nil || !verdict.Allowed || isDryRun(request) {
		return
	}
	used := h.usedConfirmations(request, verdict)
	if len(used) == 0 || dryEviction(request) || stranger(ctx, policy, request) {
		return
	}
	for _, each := range used {
		h.Recorder.Use(each)
	}
}

// usedConfirmations are the Confirmations without which the request would have been denied, each once.
func (h *Handler) usedConfirmations(request *admissionv1.AdmissionRequest, verdict engine.Verdict) (used []recorder.Used) {
	if h.Door != engine.ValidatingDoor {
		return nil
	}
	for _, finding := range verdict.Findings {
		if finding.Confirmation == nil || finding.Confirmation.Name == "" {
			continue
		}
		key := types.NamespacedName{Namespace: finding.Confirmation.Namespace, Name: finding.Confirmation.Name}
		if slices.ContainsFunc(used, func(other recorder.Used) bool { return other.Confirmation == key }) {
			continue
		}
		used = append(used, recorder.Used{Confirmation: key, Use: confirmations.Use{
			Time: metav1.NewTime(h.Now()), User: cut(request.UserInfo.Username, maxSaid), Operation: string(request.Operation),
			Resource: resourceOf(request), Name: finding.Object.Name,
		}})
	}
	return used
}

func resourceOf(request *admissionv1.AdmissionRequest) string {
	if request.SubResource == "" {
		return request.Resource.Resource
	}
	return request.Resource.Resource + "/" + request.SubResource
}

// dryEviction reports whether the body of an Eviction says that it is a dry run, as that of `kubectl drain --dry-run=server`
// does.
func dryEviction(request *admissionv1.AdmissionRequest) bool {
	if request.SubResource != "eviction" {
		return false
	}
	var eviction struct {
		DeleteOptions metav1.DeleteOptions `json:"deleteOptions"`
	}
	err := json.Unmarshal(request.Object.Raw, &eviction)
	return err != nil || len(eviction.DeleteOptions.DryRun) > 0
}
