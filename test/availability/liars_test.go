//go:build soak

package availability_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/yaml"

	"github.com/stateward/stateward/test/bench/load"
	"github.com/stateward/stateward/test/cluster"
	"github.com/stateward/stateward/webhook/registration"
)

const (
	// liars is more than a replica keeps open, from fewer addresses than would meet its limit for each.
	liars, liarAddresses = 5_000, 5
	// lies is how long they go on: longer than any timeout of the server.
	lies = 6 * time.Minute
	// drip is how often a liar says something, and again how long one waits that was hung up on.
	drip = 10 * time.Second
	// promised is more than any review has, and said is what comes of it at once.
	promised, said = 6 << 20, 16 << 10
)

// TestMisbehavingConnectionsCostNoOtherRequest opens connections to one replica that never complete a request, or that are kept
// after one. Other clients send honest requests to that replica and its neighbours.
func TestMisbehavingConnectionsCostNoOtherRequest(t *testing.T) {
	limit := memoryLimit(t)
	// The runtime reads it, as in the Deployment.
	t.Setenv("GOMEMLIMIT", fmt.Sprint(limit))
	timing := inCluster()
	timing.rate = 50
	f := newFleet(t, timing)
	victim := f.replicas[0]
	before, err := victim.ResidentMemory()
	if err != nil {
		t.Fatal(err)
	}
	var most int64
	result := f.underLoad(t, func(result *load.Result) {
		ctx, stop := context.WithTimeout(t.Context(), lies)
		defer stop()
		var lying sync.WaitGroup
		defer lying.Wait()
		for number := range liars {
			lying.Go(func() { f.lie(ctx, victim.Address, number) })
		}
		for tick := time.NewTicker(time.Second); ctx.Err() == nil; <-tick.C {
			now, err := victim.ResidentMemory()
			if err != nil {
				t.Error(err)
				return
			}
			most = max(most, now)
		}
		t.Log(result)
	})
	lostNone(t, result)
	t.Logf("resident: %d MiB before, %d MiB at most, of %d MiB", before>>20, most>>20, limit>>20)
	if most > limit {
		t.Errorf("the process took %d bytes, and the Deployment limits it to %d", most, limit)
	}
	if err := victim.Err(); err != nil {
		t.Error(err)
	}
}

// memoryLimit is that of the Deployment, in bytes.
func memoryLimit(t *testing.T) int64 {
	t.Helper()
	root, err := cluster.Root()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "manifests", "base", "deployment.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var deployment appsv1.Deployment
	if err := yaml.Unmarshal(text, &deployment); err != nil {
		t.Fatal(err)
	}
	return deployment.Spec.Template.Spec.Containers[0].Resources.Limits.Memory().Value()
}

// lie keeps a connection open without ever asking a question, and makes a new one when it is closed.
func (f *fleet) lie(ctx context.Context, address string, number int) {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+number%liarAddresses))}}
	for ; ctx.Err() == nil; pause(ctx) {
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err != nil {
			continue
		}
		stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
		f.keepLying(ctx, conn, number)
		stop()
		_ = conn.Close()
	}
}

// keepLying returns when the connection is closed.
func (f *fleet) keepLying(ctx context.Context, conn net.Conn, number int) {
	const (
		sayNothing = iota
		onlyShakeHands
		neverEndTheHeader
		neverEndTheBody
		askAgainAndAgain
		ways
	)
	way := number / liarAddresses % ways
	if way == sayNothing {
		_, _ = io.Copy(io.Discard, conn)
		return
	}
	secure := tls.Client(conn, f.config())
	if secure.HandshakeContext(ctx) != nil {
		return
	}
	post := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n", registration.ValidatePath, serviceName)
	switch way {
	case onlyShakeHands:
		_, _ = io.Copy(io.Discard, secure)
	case neverEndTheHeader:
		repeat(ctx, secure, post, "X-Filler: yes\r\n")
	case neverEndTheBody:
		repeat(ctx, secure, fmt.Sprintf("%sContent-Length: %d\r\n\r\n%*s", post, promised, said, "{"), " ")
	case askAgainAndAgain:
		get := "GET / HTTP/1.1\r\nHost: " + serviceName + "\r\n\r\n"
		go func() { _, _ = io.Copy(io.Discard, secure) }()
		repeat(ctx, secure, get, get)
	}
}

// repeat says something, and then something else again and again until the other side hangs up.
func repeat(ctx context.Context, to io.Writer, first, then string) {
	_, err := io.WriteString(to, first)
	for err == nil && ctx.Err() == nil {
		pause(ctx)
		_, err = io.WriteString(to, then)
	}
}

func pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(drip):
	}
}
