// Package load asks a webhook for decisions at a fixed rate, as API servers do, and counts every one that it does not get.
package load

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/types"
)

const (
	// idleConnections is how many an API server keeps for each webhook. Source: k8s.io/client-go/transport/cache.go.
	idleConnections = 25
	// IdleTimeout is how long an API server keeps one. Source: k8s.io/apimachinery/pkg/util/net.SetTransportDefaults.
	IdleTimeout = 90 * time.Second
)

// NewClient returns an HTTP/1.1 client with connections as an API server keeps them for a webhook, each of which is closed
// after it was idle for idle: IdleTimeout unless a test has no time.
func NewClient(balancer *Balancer, config *tls.Config, idle time.Duration) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext:         balancer.DialContext,
		TLSClientConfig:     config,
		TLSHandshakeTimeout: 10 * time.Second,
		MaxIdleConnsPerHost: idleConnections,
		IdleConnTimeout:     idle,
	}}
}

// Review is a question whose answer is known.
type Review struct {
	admissionv1.AdmissionReview
	// Allowed is the answer; where it is false, the request must be denied, and not refused for another reason.
	Allowed bool
}

// Generator asks in an open loop: when a question is due it is asked, whether the last one has been answered or not.
type Generator struct {
	// Rate is the number of questions per second, and Burst that of those which come at once.
	Rate, Burst int
	// Timeout is how long each is waited for.
	Timeout time.Duration
	// URL is where to ask, without a query.
	URL string
	// Clients and Reviews take turns.
	Clients []*http.Client
	Reviews []Review
}

// Run asks until ctx ends, adds what comes of it to result, and returns when all questions are answered or have failed.
func (g *Generator) Run(ctx context.Context, result *Result) {
	burst := max(1, g.Burst)
	interval := time.Second * time.Duration(burst) / time.Duration(g.Rate)
	timer := time.NewTimer(0)
	defer timer.Stop()
	var asked sync.WaitGroup
	defer asked.Wait()
	// A question that is late is asked all the same, and its time counts from when it was due.
	for due, number := time.Now(), 0; ; due, number = due.Add(interval), number+burst {
		timer.Reset(time.Until(due))
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		for i := range burst {
			asked.Go(func() { result.add(due, g.ask(context.WithoutCancel(ctx), number+i)) })
		}
	}
}

// ask returns why there is no answer, or not the right one.
func (g *Generator) ask(ctx context.Context, number int) error {
	ctx, cancel := context.WithTimeout(ctx, g.Timeout)
	defer cancel()
	review := g.Reviews[number%len(g.Reviews)]
	question := *review.Request
	question.UID = types.UID(fmt.Sprintf("load-%d", number))
	body, err := json.Marshal(admissionv1.AdmissionReview{TypeMeta: review.TypeMeta, Request: &question})
	if err != nil {
		return err
	}
	query := url.Values{"timeout": {g.Timeout.String()}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, g.URL+"?"+query.Encode(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := g.Clients[number%len(g.Clients)].Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("status %s: %s", response.Status, strings.TrimSpace(string(text)))
	}
	return review.check(question.UID, text)
}

// check returns an error for a wrong answer.
func (r Review) check(asked types.UID, text []byte) error {
	var answer admissionv1.AdmissionReview
	if err := json.Unmarshal(text, &answer); err != nil {
		return err
	}
	given := answer.Response
	switch {
	case given == nil:
		return fmt.Errorf("no response in %s", text)
	case given.UID != asked:
		return fmt.Errorf("answer to %s, want one to %s", given.UID, asked)
	case given.Allowed != r.Allowed, !given.Allowed && given.Result.Code != http.StatusForbidden:
		return fmt.Errorf("allowed %v, want %v: %+v", given.Allowed, r.Allowed, given.Result)
	default:
		return nil
	}
}
