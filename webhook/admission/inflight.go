package admission

import (
	"errors"
	"io"
	"net/http"
	"sync/atomic"
)

const (
	// freeBytes of every request body count for nothing, so that requests of the usual size are read whatever others send.
	freeBytes = 64 << 10
	// maxInFlight is what all bodies together may hold beyond that: nine of the largest that an API server can send.
	maxInFlight = 64 << 20
)

// errInFlight ends the reading of a body beyond the memory limit.
var errInFlight = errors.New("too many large requests at a time: try again in a second")

// inFlight bounds how many bytes of request bodies are held at a time. It counts what has come and never what a client
// promises in Content-Length, so memory grows with what is sent.
type inFlight struct {
	held atomic.Int64
	most int64
}

// limit returns a body that takes from the budget as it is read, and gives back when it is closed.
func (b *inFlight) limit(body io.ReadCloser) *countedBody {
	return &countedBody{ReadCloser: body, budget: b}
}

// countedBody is a body whose bytes are counted.
type countedBody struct {
	io.ReadCloser

	budget     *inFlight
	read, held int64
	refused    bool
}

// Read fails with errInFlight where the budget is used up.
func (c *countedBody) Read(into []byte) (int, error) {
	if c.refused {
		return 0, errInFlight
	}
	count, err := c.ReadCloser.Read(into)
	c.read += int64(count)
	if more := c.read - freeBytes - c.held; more > 0 {
		c.held += more
		if c.budget.held.Add(more) > c.budget.most {
			c.refused = true
			return 0, errInFlight
		}
	}
	return count, err
}

// release gives back what was taken. The objects of a request are used until it is answered.
func (c *countedBody) release() { c.budget.held.Add(-c.held) }

// tooMany answers a request whose body is beyond the memory limit; the API server passes it on.
func tooMany(w http.ResponseWriter) {
	w.Header().Set("Connection", "close")
	http.Error(w, errInFlight.Error(), http.StatusTooManyRequests)
}
