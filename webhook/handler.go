package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/forecast"
	"github.com/stateward/stateward/webhook/decisionlog"
	"github.com/stateward/stateward/webhook/recorder"
	"github.com/stateward/stateward/webhook/tracing"
)

// Handler decides admission requests at one door. The API server may call it more than once for one request. What it hands to
// the Recorder is written later, and no decision depends on it.
type Handler struct {
	// Policy is what decides now, or why nothing can be decided yet; nothing is allowed before.
	Policy func() (*Policy, error)
	// Door is engine.ValidatingDoor or engine.MutatingDoor.
	Door engine.Door
	// Now is the clock that confirmations are held against.
	Now func() time.Time
	// Gate bounds how many requests are evaluated at a time, at all doors together; nil has room for all.
	Gate *Gate
	// Metrics counts what is decided.
	Metrics *Metrics
	// Log records what is decided; nil records nothing.
	Log *decisionlog.Log
	// Recorder writes what follows from decisions; nil writes nothing.
	Recorder *recorder.Recorder
	// KnowsClients says that only API servers can connect: clients have shown a certificate.
	KnowsClients bool
	// Reservations are the updates of rollout groups on their way to be written; nil keeps none.
	Reservations *Reservations
	// Gates are the feature gates of the cluster, for forecasts; nil means those of the newest version.
	Gates func() forecast.Gates
}

var _ admission.Handler = &Handler{}

// Handle answers one request: allowed, denied (403), or "could not evaluate" (500), which the API server refuses too.
func (h *Handler) Handle(ctx context.Context, request admission.Request) admission.Response {
	started := h.Now()
	together(ctx, &request.AdmissionRequest)
	outcome := decisionError
	// Deferred, so that a panic is counted too.
	defer func() {
		h.Metrics.observe(&request.AdmissionRequest, outcome, h.Now().Sub(started))
		tracing.Ended(ctx, string(outcome), outcome == decisionError || outcome == decisionShed)
	}()
	var response admission.Response
	response, outcome = h.decide(ctx, &request.AdmissionRequest)
	return response
}

func (h *Handler) decide(ctx context.Context, request *admissionv1.AdmissionRequest) (admission.Response, decision) {
	if err := errors.Join(bare(request), incomplete(request)); err != nil {
		return refused(http.StatusBadRequest, err), decisionError
	}
	policy, err := h.Policy()
	if err != nil {
		return refused(http.StatusServiceUnavailable, fmt.Errorf("not ready: %w", err)), decisionError
	}
	verdict, err := h.judge(ctx, policy, request)
	var overloaded *overloadedError
	if errors.As(err, &overloaded) {
		return refused(http.StatusTooManyRequests, err), decisionShed
	}
	if err != nil {
		log.FromContext(ctx).Error(err, "could not evaluate", "operation", request.Operation)
		return refused(statusOf(err), fmt.Errorf("could not evaluate: %w", err)), decisionError
	}
	h.Metrics.countFindings(verdict)
	if !verdict.Allowed {
		// The log names the rules, the object and the user, and nothing of what the object holds.
		log.FromContext(ctx).Info("denied", "operation", request.Operation, "rules", verdict.DeniedBy())
	}
	h.writesAfterwards(ctx, policy, request, verdict)
	response, err := h.respond(ctx, policy, request, verdict)
	if err != nil {
		return refused(http.StatusInternalServerError, err), decisionError
	}
	return response, decisionOf(verdict)
}

// respond says what was decided, and of other objects than that of the request no more than its sender may read.
func (h *Handler) respond(ctx context.Context, policy *Policy, request *admissionv1.AdmissionRequest, verdict engine.Verdict) (admission.Response, error) {
	foretells := h.foretells(policy, request, verdict)
	saysMore := foretells || slices.ContainsFunc(verdict.Findings, func(finding engine.Finding) bool { return learned(policy, finding) })
	if saysMore && h.stranger(ctx, policy, request) {
		verdict.Findings = withheld(policy, request, verdict.Findings)
		return answer(verdict)
	}
	response, err := answer(verdict)
	if err == nil && foretells {
		h.addForecast(ctx, policy, request, &response)
	}
	return response, err
}

// judge decides a request, and hands it to the decision log where the Guardrails want that.
func (h *Handler) judge(ctx context.Context, policy *Policy, request *admissionv1.AdmissionRequest) (engine.Verdict, error) {
	review := engine.FromRequest(request, h.Now())
	review.Door = h.Door
	prepared, err := policy.Engine.Prepare(review)
	if !h.Log.Wants(policy.Engine) {
		if err != nil {
			return engine.Verdict{}, err
		}
		return h.evaluate(ctx, policy, request, prepared)
	}
	entry := decisionlog.Entry{Path: logPath(h.Door), Request: request, Engine: policy.Engine, Prepared: prepared, Err: err, Time: review.Time}
	if err == nil {
		entry.Recording = prepared.Record()
		entry.Verdict, entry.Err = h.evaluate(ctx, policy, request, prepared)
	}
	entry.Took = h.Now().Sub(review.Time)
	// What was turned away unread is asked again.
	if overloaded := (*overloadedError)(nil); !errors.As(entry.Err, &overloaded) {
		h.Log.Offer(entry)
	}
	return entry.Verdict, entry.Err
}

// evaluate decides what was read, and describes it in the span of the request.
func (h *Handler) evaluate(
	ctx context.Context, policy *Policy, request *admissionv1.AdmissionRequest, prepared *engine.Prepared,
) (engine.Verdict, error) {
	traced := tracing.Of(ctx, request)
	traced.Prepared(prepared)
	verdict, err := h.evaluateInTurn(ctx, policy, request, prepared)
	traced.Judged(verdict)
	return verdict, err
}

// evaluateInTurn waits at the gate for what has to be evaluated: what is exempt must never be held up.
func (h *Handler) evaluateInTurn(
	ctx context.Context, policy *Policy, request *admissionv1.AdmissionRequest, prepared *engine.Prepared,
) (engine.Verdict, error) {
	if prepared.Done() {
		return policy.Engine.Evaluate(ctx, prepared, policy.World)
	}
	leave, err := h.Gate.enter(ctx)
	if err != nil {
		return engine.Verdict{}, err
	}
	defer leave()
	world, settle := h.reserve(ctx, policy, request)
	verdict, err := policy.Engine.Evaluate(ctx, prepared, world)
	settle(err == nil && verdict.Allowed)
	return verdict, err
}

func logPath(door engine.Door) string {
	if door == engine.MutatingDoor {
		return decisionlog.PathMutate
	}
	return decisionlog.PathValidate
}

// incomplete tells what is missing of a request. An API server always sends what its operation acts on; without it the
// rules would find nothing, which is no reason to allow anything.
func incomplete(request *admissionv1.AdmissionRequest) error {
	if request.UID == "" || request.Operation == "" {
		return errors.New("the AdmissionReview has no request with a uid and an operation")
	}
	var needsObject, needsOld bool
	switch request.Operation {
	case admissionv1.Create:
		needsObject = true
	case admissionv1.Update:
		needsObject, needsOld = true, true
	case admissionv1.Delete:
		needsOld = true
	case admissionv1.Connect:
	default:
		return fmt.Errorf("unknown operation %q", request.Operation)
	}
	if needsObject && len(request.Object.Raw) == 0 {
		return fmt.Errorf("the AdmissionReview is of operation %s and has no object", request.Operation)
	}
	if needsOld && len(request.OldObject.Raw) == 0 {
		return fmt.Errorf("the AdmissionReview is of operation %s and has no oldObject", request.Operation)
	}
	return nil
}

// refused is neither allowed nor denied: Stateward could not tell. Where it may know more in a second, the API server says so
// as Retry-After, and clients that are built with client-go (kubectl, controllers, Helm) repeat the request by themselves, at
// most 10 times. Source: k8s.io/apiserver/pkg/endpoints/handlers/responsewriters and k8s.io/client-go/rest/with_retry.go.
func refused(code int32, err error) admission.Response {
	response := admission.Errored(code, fmt.Errorf("stateward: %w", err))
	switch code {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		response.Result.Details = &metav1.StatusDetails{RetryAfterSeconds: 1}
	}
	return response
}

func statusOf(err error) int32 {
	switch {
	case errors.Is(err, engine.ErrDeadline):
		return http.StatusGatewayTimeout
	case apierrors.IsTooManyRequests(err), apierrors.IsServiceUnavailable(err), apierrors.IsServerTimeout(err), apierrors.IsTimeout(err):
		// The API server that was asked for what the caches do not have is busy.
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}
