package admission

import (
	"net/http"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	ctrlwebhook "sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/webhook/registration"
	"github.com/stateward/stateward/webhook/tracing"
)

// Paths serves every path of the registration. Both phases decide as the model does and share one gate. The server of
// controller-runtime only counts the requests and is never started.
func Paths(model Handler, tracer *tracing.Tracer, kinds meta.RESTMapper) http.Handler {
	model.Gate, model.Now, model.Reservations = defaultGate(), time.Now, &Reservations{}
	phase := func(phase engine.Phase) http.Handler {
		each := model
		each.Phase = phase
		return tracer.Handler(each.HTTP())
	}
	paths := http.NewServeMux()
	counted := ctrlwebhook.NewServer(ctrlwebhook.Options{WebhookMux: paths})
	counted.Register(registration.ValidatePath, phase(engine.ValidatingPhase))
	counted.Register(registration.MutatePath, phase(engine.MutatingPhase))
	for path, handler := range map[string]admission.Handler{
		registration.GuardrailsPath:    &guardrailsHandler{policy: model.Policy, kinds: kinds},
		registration.ConfirmationsPath: &confirmationHandler{policy: model.Policy, now: time.Now},
		registration.ConfirmedByPath:   confirmedByHandler{},
	} {
		counted.Register(path, withDeadline(newWebhook(handler)))
	}
	return paths
}
