package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

const year = 365 * 24 * time.Hour

// verify checks the certificate that source serves as a client does that trusts its bundle and asks for host.
func verify(t *testing.T, source Source, bundle []byte, host string) error {
	t.Helper()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(bundle) {
		t.Fatal("the bundle holds no certificate")
	}
	served, err := source.GetCertificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = served.Leaf.Verify(x509.VerifyOptions{
		Roots: pool, DNSName: host, CurrentTime: time.Now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	return err
}

func selfManaged(t *testing.T, hosts ...string) *SelfManaged {
	t.Helper()
	source, err := NewSelfManaged(hosts, year)
	if err != nil {
		t.Fatal(err)
	}
	source.Trusted(source.CABundle())
	return source
}

func TestSelfManagedCertificateIsValidForItsHostsOnly(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		hosts []string
		asked string
		want  string
	}{
		"the name of the Service": {
			hosts: []string{"stateward.stateward-system.svc"}, asked: "stateward.stateward-system.svc",
		},
		"the second of two names": {
			hosts: []string{"stateward.stateward-system.svc", "localhost"}, asked: "localhost",
		},
		"an IPv4 address": {hosts: []string{"127.0.0.1"}, asked: "127.0.0.1"},
		"an IPv6 address": {hosts: []string{"::1"}, asked: "::1"},
		"an address beside a name": {
			hosts: []string{"localhost", "192.0.2.1"}, asked: "192.0.2.1",
		},
		"another name": {
			hosts: []string{"localhost"}, asked: "example.com",
			want: "x509: certificate is valid for localhost, not example.com",
		},
		"a name below its own": {
			hosts: []string{"localhost"}, asked: "a.localhost",
			want: "x509: certificate is valid for localhost, not a.localhost",
		},
		"another address": {
			hosts: []string{"127.0.0.1"}, asked: "127.0.0.2",
			want: "x509: certificate is valid for 127.0.0.1, not 127.0.0.2",
		},
		"an address where it has a name": {
			hosts: []string{"localhost"}, asked: "127.0.0.1",
			want: "x509: cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := selfManaged(t, test.hosts...)
			if diff := cmp.Diff(test.want, message(verify(t, source, source.CABundle(), test.asked))); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSelfManagedCertificateNeedsAHost(t *testing.T) {
	t.Parallel()
	source, err := NewSelfManaged(nil, year)
	want := "make certificate: no DNS name or IP address to make it for"
	if source != nil || message(err) != want {
		t.Errorf("source %v, error %v; want error %s", source, err, want)
	}
}

// TestAuthorityDoesNotVerifyOtherCertificates tries the bundle of another process.
func TestAuthorityDoesNotVerifyOtherCertificates(t *testing.T) {
	t.Parallel()
	one, other := selfManaged(t, "localhost"), selfManaged(t, "localhost")
	if err := verify(t, one, other.CABundle(), "localhost"); err == nil {
		t.Error("the certificate of one verifies against the bundle of the other")
	}
	if err := verify(t, one, slices.Concat(other.CABundle(), one.CABundle()), "localhost"); err != nil {
		t.Errorf("against the bundles of both: %v", err)
	}
}

func TestCABundleReturnsACopy(t *testing.T) {
	t.Parallel()
	source := selfManaged(t, "localhost")
	clear(source.CABundle())
	if err := verify(t, source, source.CABundle(), "localhost"); err != nil {
		t.Error(err)
	}
}

func TestSelfManagedServesClientsThatTrustItsBundle(t *testing.T) {
	t.Parallel()
	source := selfManaged(t, "localhost")
	near, far := net.Pipe()
	server := tls.Server(far, &tls.Config{GetCertificate: source.GetCertificate})
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(source.CABundle())
	client := tls.Client(near, &tls.Config{RootCAs: pool, ServerName: "localhost"})
	served := make(chan error, 1)
	go func() { served <- server.HandshakeContext(t.Context()) }()
	if err := client.HandshakeContext(t.Context()); err != nil {
		t.Errorf("client: %v", err)
	}
	if err := <-served; err != nil {
		t.Errorf("server: %v", err)
	}
}

// TestLeafIsRenewedAfterTwoThirdsOfItsLifetime lets a week go by on the clock of a bubble, which moves when all in it
// wait. A leaf lives for seven days and five minutes, and Run looks at it every hour.
func TestLeafIsRenewedAfterTwoThirdsOfItsLifetime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := selfManaged(t, "localhost")
		stop := running(t, source)
		started, bundle, first := time.Now(), source.CABundle(), source.NotAfter()

		pass(started.Add(111 * time.Hour))
		if got := source.NotAfter(); !got.Equal(first) {
			t.Errorf("after 111 hours the certificate ends at %s and not at %s", got, first)
		}
		pass(started.Add(112 * time.Hour))
		if want, got := started.Add(112*time.Hour+leafLifetime), source.NotAfter(); !got.Equal(want) {
			t.Errorf("after 112 hours the certificate ends at %s, want %s", got, want)
		}
		pass(started.Add(30 * 24 * time.Hour))
		if err := source.Check(); err != nil {
			t.Errorf("after 30 days: %v", err)
		}
		if err := verify(t, source, bundle, "localhost"); err != nil {
			t.Errorf("after 30 days against the first bundle: %v", err)
		}
		stop()
	})
}

func TestCheckReportsCertificatesOutsideTheirValidity(t *testing.T) {
	t.Parallel()
	leaf := &x509.Certificate{
		NotBefore: time.Date(2026, time.November, 23, 4, 0, 0, 0, time.UTC),
		NotAfter:  time.Date(2026, time.November, 23, 5, 0, 0, 0, time.UTC),
	}
	tests := map[string]struct {
		now  time.Time
		want string
	}{
		"as it begins": {now: leaf.NotBefore},
		"as it ends":   {now: leaf.NotAfter},
		"before it begins": {
			now:  leaf.NotBefore.Add(-time.Second),
			want: "serving certificate is not valid before 2026-11-23T04:00:00Z: is the clock right?",
		},
		"after it ended": {
			now:  leaf.NotAfter.Add(time.Second),
			want: "serving certificate expired at 2026-11-23T05:00:00Z",
		},
		"elsewhere on earth": {
			now:  leaf.NotAfter.Add(time.Second).In(time.FixedZone("", 8*60*60)),
			want: "serving certificate expired at 2026-11-23T05:00:00Z",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, message(check(leaf, nil, test.now))); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

// TestCheckReportsAnExpiredLeaf is what readiness shows where Run has ended. The clock of a bubble starts in 2000.
func TestCheckReportsAnExpiredLeaf(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := selfManaged(t, "localhost")
		if err := source.Check(); err != nil {
			t.Errorf("at first: %v", err)
		}
		time.Sleep(leafLifetime + time.Second)
		want := "serving certificate expired at 2000-01-08T00:00:00Z"
		if diff := cmp.Diff(want, message(source.Check())); diff != "" {
			t.Errorf("after a week (-want +got):\n%s", diff)
		}
	})
}

// pass lets the clock of a bubble run until then, and all that is due at that moment happen.
func pass(until time.Time) {
	time.Sleep(time.Until(until))
	synctest.Wait()
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// running lets the source run, as the webhook does; stop ends it.
func running(t *testing.T, source Source) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- source.Run(ctx) }()
	return func() {
		cancel()
		if err := <-stopped; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
}
