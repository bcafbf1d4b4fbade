package admission

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
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/policies/forecast"
	"github.com/stateward/stateward/webhook/decisionlog"
	"github.com/stateward/stateward/webhook/metrics"
	"github.com/stateward/stateward/webhook/recorder"
	"github.com/stateward/stateward/webhook/tracing"
)

// Handler decides admission requests in one phase. The API server may call it more than once for one request. The Recorder writes
// later, and no decision depends on it.
type Handler struct {
	// Policy returns the policy in force, or why there is none yet; until then no request is allowed.
	Policy func() (*Policy, error)
	// Phase is engine.ValidatingPhase or engine.MutatingPhase.
	Phase engine.Phase
	// Now is the clock that confirmations are held against.
	Now func() time.Time
	// Gate bounds how many requests are evaluated at a time, in both phases together; nil means no bound.
	Gate *Gate
	// Metrics counts what is decided.
	Metrics *metrics.Metrics
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
	outcome := metrics.Error
	// Deferred, so that a panic is counted too.
	defer func() {
		h.Metrics.Observe(&request.AdmissionRequest, outcome, h.Now().Sub(started))
		tracing.Ended(ctx, string(outcome), outcome == metrics.Error || outcome == metrics.Shed)
	}()
	var response admission.Response
	response, outcome = h.decide(ctx, &request.AdmissionRequest)
	return response
}

func (h *Handler) decide(ctx context.Context, request *admissionv1.AdmissionRequest) (admission.Response, metrics.Outcome) {
	if err := errors.Join(bare(request), incomplete(request)); err != nil {
		return refused(http.StatusBadRequest, err), metrics.Error
	}
	policy, err := h.Policy()
	if err != nil {
		return refused(http.StatusServiceUnavailable, fmt.Errorf("not ready: %w", err)), metrics.Error
	}
	decision, err := h.evaluateAndLog(ctx, policy, request)
	var overloaded *overloadedError
	if errors.As(err, &overloaded) {
		return refused(http.StatusTooManyRequests, err), metrics.Shed
	}
	if err != nil {
		loggerOf(ctx, request).Error(err, "could not evaluate", "operation", request.Operation)
		return refused(statusOf(err), fmt.Errorf("could not evaluate: %w", err)), metrics.Error
	}
	h.Metrics.CountFindings(decision)
	if !decision.Allowed {
		// The log names the rules, the object and the user, and nothing of what the object holds.
		loggerOf(ctx, request).Info("denied", "operation", request.Operation, "rules", decision.DeniedBy())
	}
	h.writesAfterwards(ctx, policy, request, decision)
	response, err := h.respond(ctx, policy, request, decision)
	if err != nil {
		return refused(http.StatusInternalServerError, err), metrics.Error
	}
	return response, metrics.OutcomeOf(decision)
}

// respond returns the decision as a response. It names other objects only if the sender may read them.
func (h *Handler) respond(ctx context.Context, policy *Policy, request *admissionv1.AdmissionRequest, decision engine.Decision) (admission.Response, error) {
	foretells := h.foretells(policy, request, decision)
	saysMore := foretells && looksUp(policy) || slices.ContainsFunc(decision.Findings, func(finding engine.Finding) bool { return learned(policy, finding) })
	if saysMore && h.stranger(ctx, policy, request) {
		decision.Findings = withheld(policy, request, decision.Findings)
		return answer(decision)
	}
	response, err := answer(decision)
	if err == nil && foretells {
		h.addForecast(ctx, policy, request, &response)
	}
	return response, err
}

// evaluateAndLog evaluates a request, and passes it to the decision log if the Guardrails enable that.
func (h *Handler) evaluateAndLog(ctx context.Context, policy *Policy, request *admissionv1.AdmissionRequest) (engine.Decision, error) {
	review := engine.FromAdmission(request, h.Now())
	review.Phase = h.Phase
	prepared, err := policy.Engine.Prepare(review)
	if !h.Log.Wants(policy.Engine) {
		if err != nil {
			return engine.Decision{}, err
		}
		return h.evaluate(ctx, policy, request, prepared)
	}
	entry := decisionlog.Entry{Path: logPath(h.Phase), Request: request, Engine: policy.Engine, Prepared: prepared, Err: err, Time: review.Time}
	if err == nil {
		entry.Recording = prepared.Record()
		entry.Decision, entry.Err = h.evaluate(ctx, policy, request, prepared)
	}
	entry.Took = h.Now().Sub(review.Time)
	// The API server's client repeats a request that was rejected unread.
	if overloaded := (*overloadedError)(nil); !errors.As(entry.Err, &overloaded) {
		h.Log.Offer(entry)
	}
	return entry.Decision, entry.Err
}

// evaluate decides a prepared request, and describes the decision in its span.
func (h *Handler) evaluate(
	ctx context.Context, policy *Policy, request *admissionv1.AdmissionRequest, prepared *engine.Prepared,
) (engine.Decision, error) {
	traced := tracing.Of(ctx, request)
	traced.Prepared(prepared)
	decision, err := h.evaluateInTurn(ctx, policy, request, prepared)
	traced.Decided(decision)
	return decision, err
}

// evaluationTimeout keeps a rule that does not end from using a processor for as long as the API server would wait.
const evaluationTimeout = 2 * time.Second

// explainPart is the part of its time that remains when the reads of an evaluation end: enough to name the one that was too late.
const explainPart = 40

// evaluateInTurn decides exempt requests at once. Others wait at the gate.
func (h *Handler) evaluateInTurn(
	ctx context.Context, policy *Policy, request *admissionv1.AdmissionRequest, prepared *engine.Prepared,
) (engine.Decision, error) {
	if prepared.Done() {
		return policy.Engine.Evaluate(ctx, prepared, policy.Inventory)
	}
	leave, err := h.Gate.enter(ctx)
	if err != nil {
		return engine.Decision{}, err
	}
	defer leave()
	bounded, cancel := context.WithTimeout(ctx, evaluationTimeout)
	defer cancel()
	deadline, _ := bounded.Deadline()
	reading, end := context.WithDeadline(bounded, deadline.Add(-time.Until(deadline)/explainPart))
	defer end()
	ahead, settled := lookAhead(reading, policy.Inventory)
	inv, settle := h.reserve(ctx, policy, ahead, request)
	decision, err := policy.Engine.Evaluate(bounded, prepared, inv)
	for !settled() {
		decision, err = policy.Engine.Evaluate(bounded, prepared, inv)
	}
	settle(err == nil && decision.Allowed)
	return decision, err
}

// lookAhead returns an inventory that does not wait for each look-up, where there is one, and what reports whether a decision by
// it counts. One that does not is to be made again.
func lookAhead(ctx context.Context, inv inventory.Inventory) (ahead inventory.Inventory, settled func() bool) {
	if waits, can := inv.(interface {
		Ahead(context.Context) (inventory.Live, func() bool)
	}); can {
		return waits.Ahead(ctx)
	}
	return inv, func() bool { return true }
}

func logPath(phase engine.Phase) string {
	if phase == engine.MutatingPhase {
		return decisionlog.PathMutate
	}
	return decisionlog.PathValidate
}

// incomplete returns an error if parts of a request are missing. An API server always sends the object of its operation; without it the
// rules would find nothing, which must not allow the request.
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

// refused returns an error response: the request was neither allowed nor denied. If a retry may succeed, the API server sends
// Retry-After, and clients that are built with client-go (kubectl, controllers, Helm) repeat the request at most 10 times. Source:
// k8s.io/apiserver/pkg/endpoints/handlers/responsewriters and k8s.io/client-go/rest/with_retry.go.
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
		// The API server is busy, and the caches lack the object.
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}
