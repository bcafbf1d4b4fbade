// Package measure measures the time of webhooks' decisions. What test/bench/load does for availability, with
// failing endpoints, is not needed here; what it spends on each question, encoding and decoding, would be measured too.
package measure

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/stateward/stateward/test/bench/contest/corpus"
)

// timeout is how long an answer is waited for; API servers wait 10 s unless told otherwise.
const timeout = 10 * time.Second

// Load is what to ask.
type Load struct {
	Reviews []*corpus.Review
	// Allowed are the answers to Reviews.
	Allowed []bool
}

// Target is a webhook that is asked.
type Target struct {
	URL string
	TLS *tls.Config
	// PID is its process.
	PID int
}

// Client asks a target over a fixed number of connections, which it keeps.
type Client struct {
	target  Target
	workers []*worker
	dialed  atomic.Int64
	asked   atomic.Int64
}

// NewClient returns a client with so many connections, all of them open. The review is what it asks to open them.
func NewClient(ctx context.Context, target Target, connections int, review *corpus.Review) (*Client, error) {
	client := &Client{target: target}
	// Numbers must differ from those of other clients of the same target.
	client.asked.Store(time.Now().UnixNano() % 1e11)
	for range connections {
		client.workers = append(client.workers, &worker{http: client.oneConnection()})
	}
	for _, worker := range client.workers {
		if _, err := worker.ask(ctx, client, review); err != nil {
			client.Close()
			return nil, err
		}
	}
	return client, nil
}

func (c *Client) oneConnection() *http.Client {
	return &http.Client{Timeout: timeout, Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			c.dialed.Add(1)
			return (&net.Dialer{}).DialContext(ctx, network, address)
		},
		TLSClientConfig: c.target.TLS, MaxConnsPerHost: 1, DisableCompression: true,
	}}
}

// Close ends the connections.
func (c *Client) Close() {
	for _, worker := range c.workers {
		worker.http.CloseIdleConnections()
	}
}

// Answer asks one review and returns whether it is allowed.
func (c *Client) Answer(ctx context.Context, review *corpus.Review) (bool, error) {
	return c.workers[0].ask(ctx, c, review)
}

// worker has one connection, and keeps its buffers.
type worker struct {
	http     *http.Client
	question []byte
	answer   bytes.Buffer
}

func (w *worker) ask(ctx context.Context, client *Client, review *corpus.Review) (allowed bool, err error) {
	number := int(client.asked.Add(1))
	w.question = review.Numbered(w.question, number)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, client.target.URL+"?timeout=10s", bytes.NewReader(w.question))
	if err != nil {
		return false, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := w.http.Do(request)
	if err != nil {
		return false, err
	}
	defer response.Body.Close()
	w.answer.Reset()
	if _, err := w.answer.ReadFrom(response.Body); err != nil {
		return false, err
	}
	if response.StatusCode != http.StatusOK {
		return false, fmt.Errorf("status %s: %s", response.Status, firstLine(w.answer.Bytes()))
	}
	return allowedBy(w.answer.Bytes(), corpus.UID(number))
}

// allowedBy reads an answer without decoding it, which would take the processor from whom it measures. A quote within a
// message is escaped, so no message looks like a field.
func allowedBy(answer []byte, uid string) (bool, error) {
	if !bytes.Contains(answer, []byte(`"`+uid+`"`)) {
		return false, fmt.Errorf("not an answer to %s: %s", uid, firstLine(answer))
	}
	if bytes.Contains(answer, []byte(`"allowed":true`)) {
		return true, nil
	}
	if !bytes.Contains(answer, []byte(`"allowed":false`)) {
		return false, fmt.Errorf("neither allowed nor denied: %s", firstLine(answer))
	}
	// Refused for another reason is not denied.
	if !bytes.Contains(answer, []byte(`"code":403`)) {
		return false, fmt.Errorf("not judged: %s", firstLine(answer))
	}
	return false, nil
}

func firstLine(text []byte) string {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return string(line[:min(len(line), 300)])
}
