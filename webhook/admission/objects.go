package admission

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"

	admissionv1 "k8s.io/api/admission/v1"

	"github.com/stateward/stateward/webhook/jsonscan"
)

// maxBody is what an API server can send: two objects of 3 MiB and less than 1 MiB around them. Source:
// sigs.k8s.io/controller-runtime/pkg/webhook/admission.
const maxBody = 7 << 20

// splitReview takes the objects out of an AdmissionReview before it is decoded: the decoder scans each of their bytes five
// times, and rules read their JSON in any case. A review in an unknown form is decoded whole.
func splitReview(next http.Handler) http.Handler {
	bodies, budget := &buffers{}, &inFlight{most: maxInFlight}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body == nil || r.Body == http.NoBody || r.ContentLength > maxBody {
			next.ServeHTTP(w, r)
			return
		}
		body := budget.limit(r.Body)
		defer body.release()
		r.Body = body
		buffer := bodies.get()
		defer bodies.put(buffer)
		// It grows with the bytes that arrive: a promised length must not allocate memory.
		_, err := buffer.ReadFrom(io.LimitReader(r.Body, maxBody))
		if errors.Is(err, errInFlight) {
			tooMany(w)
			return
		}
		rest := io.Reader(buffer)
		if err == nil && buffer.Len() < maxBody {
			if small, objects, ok := extractObjects(buffer.Bytes()); ok {
				rest = bytes.NewReader(small)
				r = r.WithContext(context.WithValue(r.Context(), objectsKey{}, objects))
			}
		}
		// What is left, or broken, speaks for itself.
		r.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(rest, r.Body), r.Body}
		next.ServeHTTP(w, r)
	})
}

// objects are the JSON of the objects of an admission request. A part is empty if the request has none or was not split.
type objects struct{ object, oldObject, options []byte }

type objectsKey struct{}

// joinReview puts the objects back into their request.
func joinReview(ctx context.Context, request *admissionv1.AdmissionRequest) {
	found, ok := ctx.Value(objectsKey{}).(objects)
	if !ok {
		return
	}
	for _, part := range []struct {
		json []byte
		into *[]byte
	}{{found.object, &request.Object.Raw}, {found.oldObject, &request.OldObject.Raw}, {found.options, &request.Options.Raw}} {
		if part.json != nil {
			*part.into = part.json
		}
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

// extractObjects returns a review with an empty object in the place of each object, and the objects. ok is false for a form that an
// API server never writes.
func extractObjects(review []byte) (small []byte, found objects, ok bool) {
	outer := jsonscan.Scanner{Text: review}
	request := -1
	if !outer.Fields(func(name []byte) bool {
		if string(name) == "request" {
			if request >= 0 || outer.Next() != '{' {
				return false
			}
			request = outer.At
		}
		return outer.Skip()
	}) || request < 0 {
		return nil, objects{}, false
	}
	inner, copied := jsonscan.Scanner{Text: review, At: request}, 0
	ok = inner.Fields(func(name []byte) bool {
		var into *[]byte
		switch string(name) {
		case "object":
			into = &found.object
		case "oldObject":
			into = &found.oldObject
		case "options":
			into = &found.options
		}
		if into == nil || inner.Next() != '{' {
			return inner.Skip()
		}
		begin := inner.At
		// Of two with one name the later counts, which is left to others.
		if *into != nil || !inner.Skip() {
			return false
		}
		*into = review[begin:inner.At:inner.At]
		small = append(append(small, review[copied:begin]...), "{}"...)
		copied = inner.At
		return true
	})
	return append(small, review[copied:]...), found, ok
}
