package webhook

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"

	"github.com/stateward/stateward/certs"
	"github.com/stateward/stateward/webhook/admission"
)

const (
	// idleTimeout is twice that of API servers, so that it is they who close connections. It holds for connections too on
	// which nothing has been said yet: a client that opens one and gets another in the meantime keeps it for later.
	idleTimeout = 180 * time.Second
	// answerTimeout is how long a client may take for the answer.
	answerTimeout  = 10 * time.Second
	maxHeaderBytes = 64 * 1024
	// lastAnswers is how long requests that are being decided are waited for in the end. API servers wait for 5 seconds.
	lastAnswers = 10 * time.Second
	// drainPoll is how often a server that ends looks for connections that are left.
	drainPoll = 50 * time.Millisecond
)

// server answers API servers, and loses no request at shutdown: see the documentation of the package. The server of
// controller-runtime ends too early, and keeps idle connections exactly as long as API servers do.
type server struct {
	http *http.Server
	// delay is the shortest and timeout the longest time between the signal to end and closing the listener.
	delay, timeout time.Duration
	log            logr.Logger

	serving, ending atomic.Bool
	connections     *connections
	open            atomic.Int64
}

func newServer(options Options, handler http.Handler) *server {
	s := &server{delay: options.ShutdownDelay, timeout: options.ShutdownTimeout, log: options.Log, connections: newConnections(maxConnections, maxPerSource)}
	s.http = &http.Server{
		Handler: s.closeWhenDraining(handler),
		// Both of these begin with the connection, not with its first byte.
		ReadHeaderTimeout: idleTimeout,
		ReadTimeout:       idleTimeout + admission.MaxTimeout,
		WriteTimeout:      admission.MaxTimeout + answerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ConnState:         s.count,
		ErrorLog:          slog.NewLogLogger(logr.ToSlogHandler(options.Log), slog.LevelInfo),
	}
	return s
}

// run serves until ctx ends, and then until no client is connected. When alive ends, decisions are no longer possible, and it waits
// only for answers in flight.
func (s *server) run(ctx, alive context.Context, listener net.Listener) error {
	broken := make(chan error, 1)
	go func() { broken <- s.http.Serve(listener) }()
	s.serving.Store(true)
	select {
	case err := <-broken:
		return fmt.Errorf("serve webhook: %w", err)
	case <-alive.Done():
	case <-ctx.Done():
	}
	s.ending.Store(true)
	s.log.Info("ending: waiting for clients to leave", "connections", s.open.Load(), "atLeast", s.delay.String(), "atMost", s.timeout.String())
	s.drain(alive)
	left := s.open.Load()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastAnswers)
	defer cancel()
	if err := s.http.Shutdown(last); err != nil {
		return errors.Join(fmt.Errorf("end webhook: requests were cut off after %s: %w", lastAnswers, err), s.http.Close())
	}
	s.log.Info("ended", "connectionsClosed", left)
	return nil
}

// drain waits until no client is connected and no more will connect.
func (s *server) drain(alive context.Context) {
	delay, timeout, poll := time.NewTimer(s.delay), time.NewTimer(s.timeout), time.NewTicker(drainPoll)
	defer delay.Stop()
	defer timeout.Stop()
	defer poll.Stop()
	for delayed := false; !delayed || s.open.Load() > 0; {
		select {
		case <-delay.C:
			delayed = true
		case <-poll.C:
		case <-timeout.C:
			return
		case <-alive.Done():
			return
		}
	}
}

// ready fails during the shutdown.
func (s *server) ready(*http.Request) error {
	switch {
	case s.ending.Load():
		return errors.New("the webhook is ending")
	case !s.serving.Load():
		return errors.New("the webhook is not serving yet")
	default:
		return nil
	}
}

// count counts the connections, including those before their handshake.
func (s *server) count(connection net.Conn, state http.ConnState) {
	s.open.Store(int64(s.connections.follow(connection, state)))
}

// closeWhenDraining answers with "Connection: close" once the server is ending. net/http does so too when keep-alive is turned
// off, but closes idle connections at once, together with requests that are on their way.
func (s *server) closeWhenDraining(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// For the body; when it has passed, the context of the request ends too.
		if err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(admission.MaxTimeout)); err != nil {
			s.log.Error(err, "the time for a request cannot be limited")
		}
		next.ServeHTTP(&drainingWriter{ResponseWriter: w, ending: &s.ending}, r)
	})
}

// drainingWriter decides at the time of the answer: a request that came before the shutdown may be the last one of its connection.
type drainingWriter struct {
	http.ResponseWriter
	ending *atomic.Bool
	begun  bool
}

// WriteHeader adds "Connection: close" if the server is draining.
func (g *drainingWriter) WriteHeader(code int) {
	if g.begun = true; g.ending.Load() {
		g.Header().Set("Connection", "close")
	}
	g.ResponseWriter.WriteHeader(code)
}

// Write begins the answer if WriteHeader was not called.
func (g *drainingWriter) Write(text []byte) (int, error) {
	if !g.begun {
		g.WriteHeader(http.StatusOK)
	}
	return g.ResponseWriter.Write(text)
}

// listen opens the port before anything else starts, so that a port in use is reported early.
func listen(options Options) (net.Listener, error) {
	address := net.JoinHostPort(options.Host, strconv.Itoa(options.Port))
	config := tlsConfig(options.Certificates)
	if options.Clients != nil {
		config = options.Clients.Require(config, func(err error) { options.Log.Error(err, "the last client authorities stay in use") })
	}
	listener, err := tls.Listen("tcp", address, config)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w: choose another --port or --bind-address", address, err)
	}
	return listener, nil
}

// tlsConfig offers HTTP/1.1 only: API servers use it for webhooks behind a Service, and HTTP/2 would add rapid-reset attacks.
func tlsConfig(source certs.Source) *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"http/1.1"},
		GetCertificate: source.GetCertificate,
	}
}
