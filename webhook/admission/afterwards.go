package admission

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/confirmations"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/webhook/recorder"
)

// serviceRule finds StatefulSets that are created without the Service that they name.
const serviceRule = "headless-service"

// writesAfterwards queues what is written after a request is allowed. A dry run writes nothing, and neither does a client
// that cannot be distinguished from an API server.
func (h *Handler) writesAfterwards(ctx context.Context, policy *Policy, request *admissionv1.AdmissionRequest, decision engine.Decision) {
	if h.Recorder == nil || !decision.Allowed || ptr.Deref(request.DryRun, false) {
		return
	}
	used, toldOf, created := h.usedConfirmations(request, decision), told(decision), h.mayLackItsService(request, decision)
	if len(used)+len(toldOf) == 0 && created == "" || dryEviction(request) || h.stranger(ctx, policy, request) {
		return
	}
	for _, each := range used {
		h.Recorder.Use(each)
	}
	object, unproved := subjectOf(request)
	for _, finding := range toldOf {
		object.Name = finding.Object.Name
		h.Recorder.Event(recorder.Event{
			Object: object, Unproved: unproved, Type: corev1.EventTypeWarning, Reason: camelCase(finding.Rule), Message: full(finding),
		})
	}
	if created != "" {
		h.Recorder.CheckService(types.NamespacedName{Namespace: request.Namespace, Name: created}, object.UID)
	}
}

// mayLackItsService returns the name of a StatefulSet whose creation has a finding about its Service, else "".
func (h *Handler) mayLackItsService(request *admissionv1.AdmissionRequest, decision engine.Decision) (name string) {
	if h.Phase != engine.ValidatingPhase || request.Operation != admissionv1.Create || request.Kind.Kind != "StatefulSet" {
		return ""
	}
	for _, finding := range decision.Findings {
		if finding.Rule == serviceRule {
			// The name of the request is empty where the API server makes one up.
			return finding.Object.Name
		}
	}
	return ""
}

// told returns the findings for Events. It returns no more than a client gets as warnings.
func told(decision engine.Decision) (found []engine.Finding) {
	for _, finding := range decision.Findings {
		if finding.Level == policies.Event && len(found) < maxWarnings {
			found = append(found, finding)
		}
	}
	return found
}

// subjectOf returns the object that Events about a request refer to, without its name: for a Scale or an Eviction the scaled or
// evicted object. It is unproved if the request does not show the stored object.
func subjectOf(request *admissionv1.AdmissionRequest) (object corev1.ObjectReference, unproved bool) {
	object = corev1.ObjectReference{
		APIVersion: schema.GroupVersion{Group: request.Kind.Group, Version: request.Kind.Version}.String(),
		Kind:       request.Kind.Kind, Namespace: request.Namespace,
	}
	resource, known := policies.LookupResource(request.Resource.Resource)
	if known && request.SubResource != "" {
		object.APIVersion = schema.GroupVersion{Group: resource.Group, Version: resource.Version}.String()
		object.Kind = resource.Kind
	}
	// A request about a Namespace is in that namespace.
	if known && !resource.Namespaced {
		object.Namespace = ""
	}
	raw, unproved := request.OldObject.Raw, len(request.OldObject.Raw) == 0
	if unproved {
		raw = request.Object.Raw
	}
	var metadata metav1.PartialObjectMetadata
	// Rules have read it before.
	if json.Unmarshal(raw, &metadata) == nil {
		object.UID = metadata.UID
	}
	return object, unproved
}

// camelCase returns the id of a rule as the reason of an Event.
func camelCase(id string) string {
	var reason strings.Builder
	for part := range strings.SplitSeq(id, "-") {
		if part != "" {
			reason.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
	}
	return reason.String()
}

// usedConfirmations returns the Confirmations without which the request would have been denied, each once.
func (h *Handler) usedConfirmations(request *admissionv1.AdmissionRequest, decision engine.Decision) (used []recorder.Used) {
	if h.Phase != engine.ValidatingPhase {
		return nil
	}
	for _, finding := range decision.Findings {
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

// dryEviction reports whether the body of an Eviction asks for a dry run, as `kubectl drain --dry-run=server` does.
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
