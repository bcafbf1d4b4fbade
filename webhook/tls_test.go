package webhook

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/certs"
)

// serveTLS serves under tlsConfig.
func serveTLS(t *testing.T) (address string, trusted *x509.CertPool) {
	t.Helper()
	source, err := certs.NewSelfManaged([]string{"127.0.0.1"}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", tlsConfig(source))
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.NotFoundHandler(), ErrorLog: log.New(io.Discard, "", 0)}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-stopped
	})
	trusted = x509.NewCertPool()
	trusted.AppendCertsFromPEM(source.CABundle())
	return listener.Addr().String(), trusted
}

func TestServerSpeaksHTTP1Only(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		offered []string
		want    string
	}{
		"a client that would rather have HTTP/2": {offered: []string{"h2", "http/1.1"}, want: "http/1.1"},
		"a client that speaks HTTP/1.1":          {offered: []string{"http/1.1"}, want: "http/1.1"},
		"a client that says nothing":             {want: ""},
	}
	address, trusted := serveTLS(t)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dialer := tls.Dialer{Config: &tls.Config{RootCAs: trusted, NextProtos: test.offered}}
			connection, err := dialer.DialContext(t.Context(), "tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer connection.Close()
			secured, ok := connection.(*tls.Conn)
			if !ok {
				t.Fatalf("connection is a %T", connection)
			}
			if diff := cmp.Diff(test.want, secured.ConnectionState().NegotiatedProtocol); diff != "" {
				t.Errorf("protocol (-want +got):\n%s", diff)
			}
		})
	}
}

func TestServerRejectsHTTP2AndOldTLS(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		config *tls.Config
		want   string
	}{
		"on HTTP/2": {
			config: &tls.Config{NextProtos: []string{"h2"}},
			want:   "remote error: tls: no application protocol",
		},
		"on TLS 1.1": {
			config: &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11},
			want:   "remote error: tls: protocol version not supported",
		},
	}
	address, trusted := serveTLS(t)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.config.RootCAs = trusted
			connection, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer connection.Close()
			test.config.ServerName = "127.0.0.1"
			err = tls.Client(connection, test.config).HandshakeContext(t.Context())
			if err == nil || err.Error() != test.want {
				t.Errorf("error %v, want %s", err, test.want)
			}
		})
	}
}
