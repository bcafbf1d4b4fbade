package admission

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"

	admissionv1 "k8s.io/api/admission/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// maxBody is what an API server can send: two objects of 3 MiB and less than 1 MiB around them. Source:
// sigs.k8s.io/controller-runtime/pkg/webhook/admission.
const maxBody = 7 << 20

// reviewHandler answers AdmissionReviews. It decodes those that an API server writes, and its webhook answers any other body:
// the decoder of controller-runtime scans each byte of the objects six times, and rules read their JSON in any case.
type reviewHandler struct {
	webhook *admission.Webhook
	bodies  buffers
	budget  inFlight
}

func newReviewHandler(webhook *admission.Webhook) *reviewHandler {
	return &reviewHandler{webhook: webhook, budget: inFlight{most: maxInFlight}}
}

// ServeHTTP keeps the body until the request is answered: its objects are parts of it.
func (h *reviewHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength > maxBody {
		h.webhook.ServeHTTP(w, r)
		return
	}
	body := h.budget.limit(r.Body)
	defer body.release()
	buffer := h.bodies.get()
	defer h.bodies.put(buffer)
	// It grows with the bytes that arrive: a promised length must not allocate memory.
	_, err := buffer.ReadFrom(io.LimitReader(body, maxBody))
	if errors.Is(err, errInFlight) {
		tooMany(w)
		return
	}
	if err == nil && buffer.Len() < maxBody && r.Header.Get("Content-Type") == "application/json" {
		if request, ok := decodeReview(buffer.Bytes()); ok {
			h.answer(w, h.webhook.Handle(r.Context(), request))
			return
		}
	}
	// The reader returns its error again.
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(buffer, body), body}
	h.webhook.ServeHTTP(w, r)
}

// answer writes a response as controller-runtime does.
func (h *reviewHandler) answer(w io.Writer, response admission.Response) {
	review := admissionv1.AdmissionReview{Response: &response.AdmissionResponse}
	review.SetGroupVersionKind(admissionv1.SchemeGroupVersion.WithKind(reviewKind))
	if err := json.NewEncoder(w).Encode(review); err != nil {
		// The client has closed the connection.
		log.Log.WithName("admission").Error(err, "unable to encode and write the response")
	}
}

// buffers is a pool of buffers for bodies.
type buffers struct{ idle sync.Pool }

func (b *buffers) get() *bytes.Buffer {
	if idle, ok := b.idle.Get().(*bytes.Buffer); ok {
		idle.Reset()
		return idle
	}
	return &bytes.Buffer{}
}

// put drops large buffers, which are rare.
func (b *buffers) put(buffer *bytes.Buffer) {
	if buffer.Cap() <= 1<<20 {
		b.idle.Put(buffer)
	}
}
