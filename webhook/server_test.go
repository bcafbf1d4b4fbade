package webhook

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/certs"

	"github.com/stateward/stateward/webhook/admission"
)

// pipes is a listener in memory, which the clock of a bubble goes with.
type pipes struct {
	offered chan net.Conn
	closed  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case connection := <-p.offered:
		return connection, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// running is a server in a bubble, with the times that `stateward serve` gives it.
type running struct {
	*server
	pipes *pipes
	// end is SIGTERM, and die the end of the manager; done has what run returned.
	end, die context.CancelFunc
	done     chan error
	ended    time.Time
}

func start(t *testing.T, handler http.HandlerFunc) *running {
	t.Helper()
	r := &running{
		server: newServer(Options{ShutdownDelay: 20 * time.Second, ShutdownTimeout: 95 * time.Second, Log: logr.Discard()}, handler),
		pipes:  &pipes{offered: make(chan net.Conn), closed: make(chan struct{})},
		done:   make(chan error, 1),
	}
	ctx, end := context.WithCancel(t.Context())
	alive, die := context.WithCancel(context.WithoutCancel(ctx))
	r.end, r.die = end, die
	t.Cleanup(die)
	go func() {
		err := r.run(ctx, alive, r.pipes)
		r.ended = time.Now()
		r.done <- err
	}()
	synctest.Wait()
	return r
}

// awaitEnd returns how long after begun the server ended.
func (r *running) awaitEnd(t *testing.T, begun time.Time) time.Duration {
	t.Helper()
	if err := <-r.done; err != nil {
		t.Error(err)
	}
	return r.ended.Sub(begun)
}

// connection is one that the test uses request by request, as an API server that keeps it.
type connection struct {
	net.Conn
	reader *bufio.Reader
}

func (r *running) connect(t *testing.T) *connection {
	t.Helper()
	near, far := net.Pipe()
	select {
	case r.pipes.offered <- far:
	case <-r.pipes.closed:
		t.Fatal("connection refused")
	}
	return &connection{Conn: near, reader: bufio.NewReader(near)}
}

// ask returns the answer and whether it says that the connection is to be closed.
func (c *connection) ask(t *testing.T) (answer string, closes bool) {
	t.Helper()
	if _, err := io.WriteString(c, "POST / HTTP/1.1\r\nHost: stateward\r\nContent-Length: 3\r\n\r\nask"); err != nil {
		t.Fatalf("ask: %v", err)
	}
	response, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		t.Fatalf("no answer: %v", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("half an answer: %v", err)
	}
	return string(body), response.Close
}

func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	_, _ = w.Write(body)
}

func (r *running) asksOnce(t *testing.T, c *connection, wantClose bool) {
	t.Helper()
	answer, closes := c.ask(t)
	if answer != "ask" || closes != wantClose {
		t.Errorf("answer %q, to be closed %v; want the question and %v", answer, closes, wantClose)
	}
}

func TestServerKeepsConnectionsLongerThanAPIServers(t *testing.T) {
	t.Parallel()
	for name, use := range map[string]func(t *testing.T, r *running, c *connection){
		"one that was used":       func(t *testing.T, r *running, c *connection) { t.Helper(); r.asksOnce(t, c, false) },
		"one that was never used": func(*testing.T, *running, *connection) {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := start(t, echo)
				c := r.connect(t)
				use(t, r, c)
				time.Sleep(179 * time.Second)
				r.asksOnce(t, c, false)
				time.Sleep(181 * time.Second)
				if _, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
					t.Errorf("after 181 seconds without a request: %v, want the end of the connection", err)
				}
				r.die()
				r.awaitEnd(t, time.Now())
			})
		})
	}
}

func TestServerDrainsBeforeItEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := start(t, echo)
		if err := r.ready(nil); err != nil {
			t.Errorf("before the end: %v", err)
		}
		kept := r.connect(t)
		r.asksOnce(t, kept, false)
		begun := time.Now()
		r.end()
		synctest.Wait()
		if diff := cmp.Diff("the webhook is ending", r.ready(nil).Error()); diff != "" {
			t.Errorf("ready (-want +got):\n%s", diff)
		}
		r.asksOnce(t, kept, true)
		kept.Close()
		time.Sleep(19 * time.Second)
		// A proxy that has not heard of the end.
		late := r.connect(t)
		r.asksOnce(t, late, true)
		late.Close()
		if took := r.awaitEnd(t, begun); took < 20*time.Second || took > 21*time.Second {
			t.Errorf("ended after %s, want the delay of 20s", took)
		}
	})
}

func TestServerShutdownOutlastsTheConnectionsOfAPIServers(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		closes time.Duration
		want   time.Duration
	}{
		"a client that leaves within the delay": {closes: time.Second, want: 20 * time.Second},
		"a client that leaves after it":         {closes: 50 * time.Second, want: 50 * time.Second},
		"an API server":                         {closes: 90 * time.Second, want: 90 * time.Second},
		"a client that stays":                   {closes: time.Hour, want: 95 * time.Second},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := start(t, echo)
				c := r.connect(t)
				r.asksOnce(t, c, false)
				begun := time.Now()
				r.end()
				time.AfterFunc(test.closes, func() { c.Close() })
				if took := r.awaitEnd(t, begun); took < test.want || took > test.want+2*drainPoll {
					t.Errorf("ended after %s, want %s", took, test.want)
				}
				// The bubble ends when all in it has.
				time.Sleep(test.closes)
			})
		})
	}
}

func TestServerFinishesRequestsInFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var cancelled error
		r := start(t, func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(4 * time.Second)
			cancelled = r.Context().Err()
			echo(w, r)
		})
		c := r.connect(t)
		time.AfterFunc(time.Second, r.end)
		r.asksOnce(t, c, true)
		c.Close()
		if cancelled != nil {
			t.Errorf("its context: %v", cancelled)
		}
		r.awaitEnd(t, time.Now())
	})
}

// TestServerAnswersRequestsJustBeforeItsTimeout comes just before the timeout, and is decided after it.
func TestServerAnswersRequestsJustBeforeItsTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := start(t, func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(4 * time.Second)
			echo(w, r)
		})
		c := r.connect(t)
		r.end()
		time.Sleep(94 * time.Second)
		r.asksOnce(t, c, true)
		c.Close()
		r.awaitEnd(t, time.Now())
	})
}

func TestServerCutsOffSlowRequestsAtItsTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		r := start(t, func(http.ResponseWriter, *http.Request) { <-release })
		c := r.connect(t)
		if _, err := io.WriteString(c, "POST / HTTP/1.1\r\nHost: stateward\r\nContent-Length: 0\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		r.end()
		err := <-r.done
		want := "end webhook: requests were cut off after 10s: context deadline exceeded"
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
		if took := r.ended.Sub(begun); took < 105*time.Second || took > 106*time.Second {
			t.Errorf("ended after %s, want 95s and 10s", took)
		}
		close(release)
	})
}

func TestServerEndsWhenItsManagerEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := start(t, echo)
		r.asksOnce(t, r.connect(t), false)
		r.die()
		if took := r.awaitEnd(t, time.Now()); took > time.Second {
			t.Errorf("ended after %s", took)
		}
	})
}

// TestCachesRunUntilTheLastAnswer takes the place of the manager, which has the caches.
func TestCachesRunUntilTheLastAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &running{
			server: newServer(Options{ShutdownDelay: 20 * time.Second, ShutdownTimeout: 95 * time.Second, Log: logr.Discard()}, http.HandlerFunc(echo)),
			pipes:  &pipes{offered: make(chan net.Conn), closed: make(chan struct{})},
		}
		var stopped time.Time
		manage := func(ctx context.Context) error {
			<-ctx.Done()
			stopped = time.Now()
			return nil
		}
		ctx, end := context.WithCancel(t.Context())
		begun := time.Now()
		time.AfterFunc(time.Second, end)
		if err := runBoth(ctx, r.server, r.pipes, manage); err != nil {
			t.Error(err)
		}
		if took := stopped.Sub(begun); took < 21*time.Second {
			t.Errorf("stopped %s after the start, want 1s and the delay of 20s", took)
		}
	})
}

func TestServerEndsOnAnErrorOfTheManager(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		answers := newServer(Options{ShutdownDelay: 20 * time.Second, ShutdownTimeout: 95 * time.Second, Log: logr.Discard()}, http.HandlerFunc(echo))
		listener := &pipes{offered: make(chan net.Conn), closed: make(chan struct{})}
		want := errors.New("the port of the metrics is taken")
		begun := time.Now()
		err := runBoth(t.Context(), answers, listener, func(context.Context) error { return want })
		if !errors.Is(err, want) {
			t.Errorf("error %v, want %v", err, want)
		}
		if took := time.Since(begun); took > time.Second {
			t.Errorf("ended after %s", took)
		}
	})
}

func TestServerTimesOutOnMissingBodies(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := start(t, echo)
		c := r.connect(t)
		begun := time.Now()
		if _, err := io.WriteString(c, "POST / HTTP/1.1\r\nHost: stateward\r\nContent-Length: 3\r\n\r\na"); err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(c.reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if took := time.Since(begun); response.StatusCode != http.StatusBadRequest || took != admission.MaxTimeout {
			t.Errorf("status %s after %s, want 400 after %s", response.Status, took, admission.MaxTimeout)
		}
		c.Close()
		r.die()
		r.awaitEnd(t, time.Now())
	})
}

func TestServerNamesAPortInUse(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	address, ok := taken.Addr().(*net.TCPAddr)
	if !ok {
		t.Fatalf("address is a %T", taken.Addr())
	}
	source, err := certs.NewSelfManaged([]string{"127.0.0.1"}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := listen(Options{Host: "127.0.0.1", Port: address.Port, Certificates: source})
	if listener != nil || err == nil {
		t.Fatalf("listener %v, error %v", listener, err)
	}
	want := fmt.Sprintf("listen on %s: listen tcp %s: bind: address already in use: choose another --port or --bind-address", address, address)
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
}
