package webhook

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"

	admissionv1 "k8s.io/api/admission/v1"
)

// maxBody is what an API server can send: two objects of 3 MiB and less than 1 MiB around them. Source:
// sigs.k8s.io/controller-runtime/pkg/webhook/admission.
const maxBody = 7 << 20

// apart takes the objects out of an AdmissionReview before it is decoded: what decodes it goes over each byte of them five
// times, and they are read from their JSON afterwards in any case. A review that is not understood at once goes on whole.
func apart(next http.Handler) http.Handler {
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
		// It grows with what comes: a promise of bytes is no reason to hold memory for them.
		_, err := buffer.ReadFrom(io.LimitReader(r.Body, maxBody))
		if errors.Is(err, errInFlight) {
			tooMany(w)
			return
		}
		rest := io.Reader(buffer)
		if err == nil && buffer.Len() < maxBody {
			if small, objects, ok := takeOut(buffer.Bytes()); ok {
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

// objects are the JSON of what an admission request is about; empty where it has none, or nobody took it out.
type objects struct{ object, oldObject, options []byte }

type objectsKey struct{}

// together puts the objects back into their request.
func together(ctx context.Context, request *admissionv1.AdmissionRequest) {
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

// buffers are used again.
type buffers struct{ idle sync.Pool }

func (b *buffers) get() *bytes.Buffer {
	if idle, ok := b.idle.Get().(*bytes.Buffer); ok {
		idle.Reset()
		return idle
	}
	return &bytes.Buffer{}
}

// put keeps no buffer of a size that is rare.
func (b *buffers) put(buffer *bytes.Buffer) {
	if buffer.Cap() <= 1<<20 {
		b.idle.Put(buffer)
	}
}

// takeOut returns a review with an empty object in the place of each object, and the objects. What is written in a way that
// an API server never uses is left alone: ok is false then.
func takeOut(review []byte) (small []byte, found objects, ok bool) {
	outer := scanner{text: review}
	request := -1
	if !outer.fields(func(name string) bool {
		if name == "request" {
			if request >= 0 || outer.next() != '{' {
				return false
			}
			request = outer.at
		}
		return outer.skip()
	}) || request < 0 {
		return nil, objects{}, false
	}
	inner, copied := scanner{text: review, at: request}, 0
	ok = inner.fields(func(name string) bool {
		var into *[]byte
		switch name {
		case "object":
			into = &found.object
		case "oldObject":
			into = &found.oldObject
		case "options":
			into = &found.options
		}
		if into == nil || inner.next() != '{' {
			return inner.skip()
		}
		begin := inner.at
		// Of two with one name the later counts, which is left to others.
		if *into != nil || !inner.skip() {
			return false
		}
		*into = review[begin:inner.at:inner.at]
		small = append(append(small, review[copied:begin]...), "{}"...)
		copied = inner.at
		return true
	})
	return append(small, review[copied:]...), found, ok
}

// scanner goes over JSON without looking whether it is valid; whoever reads it afterwards does.
type scanner struct {
	text []byte
	at   int
}

// next is the byte that follows after space, 0 at the end.
func (s *scanner) next() byte {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\n', '\t', '\r':
			s.at++
		default:
			return s.text[s.at]
		}
	}
	return 0
}

// take goes over one byte, if it is this.
func (s *scanner) take(wanted byte) bool {
	if s.next() != wanted {
		return false
	}
	s.at++
	return true
}

// fields goes over an object and asks to go over the value of each field. A name that is written with escapes is not
// understood.
func (s *scanner) fields(value func(name string) bool) bool {
	if !s.take('{') {
		return false
	}
	if s.take('}') {
		return true
	}
	for {
		s.next()
		begin := s.at
		if !s.quoted() {
			return false
		}
		name := s.text[begin+1 : s.at-1]
		if bytes.IndexByte(name, '\\') >= 0 || !s.take(':') || !value(string(name)) {
			return false
		}
		if s.take('}') {
			return true
		}
		if !s.take(',') {
			return false
		}
	}
}

// quoted goes over a string.
func (s *scanner) quoted() bool {
	if !s.take('"') {
		return false
	}
	for ; s.at < len(s.text); s.at++ {
		switch s.text[s.at] {
		case '\\':
			s.at++
		case '"':
			s.at++
			return true
		}
	}
	return false
}

// skip goes over a value.
func (s *scanner) skip() bool {
	switch s.next() {
	case '"':
		return s.quoted()
	case '{', '[':
		return s.collection()
	}
	length := bytes.IndexAny(s.text[s.at:], ",}] \n\t\r")
	s.at += max(length, 0)
	return length > 0
}

// collection goes over an object or a list, to the bracket that closes it.
func (s *scanner) collection() bool {
	for depth := 0; s.at < len(s.text); {
		switch s.text[s.at] {
		case '"':
			if !s.quoted() {
				return false
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		s.at++
		if depth == 0 {
			return true
		}
	}
	return false
}
