// Package availability_test replaces, kills and renews replicas of Stateward under load, and counts what is lost.
package availability_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stateward/stateward/test/bench/load"
	"github.com/stateward/stateward/test/cluster"
	"github.com/stateward/stateward/test/environment"
	"github.com/stateward/stateward/webhook/registration"
)

const (
	serviceName = registration.Name + "." + registration.Namespace + ".svc"
	// burst is how many requests come at once, as from a controller. API servers each have a proxy of their own.
	burst, apiServers = 10, 3
)

// timing is how fast things go: as in a cluster, or as in a test that has no time, in the same proportions.
type timing struct {
	// delay and timeout are those of the shutdown, lag is what proxies take to hear of endpoints, and idle how long API
	// servers keep a connection that they do not use; they wait for an answer for request.
	delay, timeout, lag, idle, request time.Duration
	// period is what a kubelet waits before it asks whether a replica is ready.
	period time.Duration
	// rate is the number of requests per second, and evaluated reports whether the rules have to do with them.
	rate      int
	evaluated bool
}

// quick is for tests, of which none may depend on how fast the machine is.
func quick() timing {
	return timing{delay: 4 * time.Second, timeout: 30 * time.Second, lag: 2 * time.Second, idle: 6 * time.Second, request: 30 * time.Second, rate: 50}
}

// fleet is a Deployment of Stateward behind its Service, one process for each pod.
type fleet struct {
	*environment.Environment
	timing
	authority *authority
	folder    string
	service   *load.Service
	generator *load.Generator
	balancers []*load.Balancer
	replicas  []*environment.Replica
	ending    []*environment.Replica
	started   int
}

// newFleet starts as many replicas as the overlay ha has.
func newFleet(t *testing.T, timing timing) *fleet {
	t.Helper()
	f := &fleet{
		Environment: environment.ForTestWith(t, environment.Options{Bare: true}),
		timing:      timing, authority: newAuthority(t), folder: t.TempDir(), service: &load.Service{},
	}
	create(t, f.Environment)
	f.writeCertificate(t)
	for range 3 {
		f.add(t)
	}
	// All balancers know the first ones, and are late from then on.
	f.service.Lag = timing.lag
	f.generator = &load.Generator{
		Rate: timing.rate, Burst: burst, Timeout: timing.request, URL: "https://" + serviceName + registration.ValidatePath, Reviews: f.reviews(t),
	}
	for range apiServers {
		balancer := f.service.NewBalancer()
		f.balancers = append(f.balancers, balancer)
		f.generator.Clients = append(f.generator.Clients, load.NewClient(balancer, f.config(), timing.idle))
	}
	return f
}

// config is that of an API server, without session tickets: each connection is a whole handshake.
func (f *fleet) config() *tls.Config {
	return &tls.Config{RootCAs: f.authority.pool(), ServerName: serviceName, MinVersion: tls.VersionTLS12}
}

// reviews are requests whose answers are known: one that is allowed and one that is denied, neither of which takes long;
// or one that is exempt, where an evaluation may run out of time because the machine has other things to do.
func (f *fleet) reviews(t *testing.T) []load.Review {
	t.Helper()
	if !f.evaluated {
		return []load.Review{recorded(t, "09-orphan-finalizer-removal-by-gc.json", true)}
	}
	scale := recorded(t, "02-scale-up.json", true)
	// What is told of another cluster's set would be looked up in this one.
	scale.Request.OldObject.Raw = bytes.Replace(scale.Request.OldObject.Raw, []byte(`"resourceVersion"`), []byte(`"recordedVersion"`), 1)
	return []load.Review{scale, recorded(t, "11-delete-background.json", false)}
}

// recorded is a review from a real API server.
func recorded(t *testing.T, name string, allowed bool) load.Review {
	t.Helper()
	root, err := cluster.Root()
	if err != nil {
		t.Fatal(err)
	}
	review := load.Review{Allowed: allowed}
	text, err := os.ReadFile(filepath.Join(root, "test", "testdata", "reviews", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &review.AdmissionReview); err != nil {
		t.Fatal(err)
	}
	return review
}

func (f *fleet) certFile() string { return filepath.Join(f.folder, "tls.crt") }
func (f *fleet) keyFile() string  { return filepath.Join(f.folder, "tls.key") }

// add starts a replica on an address of its own, as a pod has one, and makes it an endpoint when it is ready.
func (f *fleet) add(t *testing.T) {
	t.Helper()
	f.started++
	// Loopback is a whole network; processes of other tests have other process ids.
	host := fmt.Sprintf("127.%d.%d.%d", 16+os.Getpid()%200, f.started/250, 1+f.started%250)
	replica, err := f.AddReplica(t.Context(), fmt.Sprintf("stateward-%d", f.started), host,
		"--cert-file", f.certFile(), "--key-file", f.keyFile(),
		"--shutdown-delay", f.delay.String(), "--shutdown-timeout", f.timeout.String())
	if err != nil {
		t.Fatal(err)
	}
	f.replicas = append(f.replicas, replica)
	f.service.Add(replica.Address)
}

// end is the deletion of a pod: kubelet and proxies hear of it at the same time.
func (f *fleet) end(replica *environment.Replica) {
	f.service.Remove(replica.Address)
	replica.Terminate()
	f.ending = append(f.ending, replica)
}

// rollOut replaces all replicas, one by one, with maxSurge 1 and maxUnavailable 0.
func (f *fleet) rollOut(t *testing.T) {
	t.Helper()
	for range len(f.replicas) {
		f.add(t)
		f.end(f.replicas[0])
		f.replicas = f.replicas[1:]
	}
}

// awaitEnd waits until all that were asked to end have ended, by themselves and well.
func (f *fleet) awaitEnd(t *testing.T) {
	t.Helper()
	for _, replica := range f.ending {
		select {
		case <-replica.Exited():
		case <-time.After(f.timeout + time.Minute):
			t.Fatalf("%s does not end", replica.Name())
		}
		if code := replica.ExitCode(); code != 0 {
			log, err := os.ReadFile(replica.LogPath())
			t.Errorf("%s ended with exit code %d; its log (%v):\n%s", replica.Name(), code, err, log)
		}
	}
	f.ending = nil
}

// underLoad does something while requests come in and are answered, and returns what came of them.
func (f *fleet) underLoad(t *testing.T, do func(result *load.Result)) *load.Result {
	t.Helper()
	return whileAsking(t, f.generator, func(result *load.Result) {
		awaitAnswers(t, result, f.rate)
		do(result)
		awaitAnswers(t, result, f.rate)
	})
}

// whileAsking does something while requests come in, and returns what came of them when the last has had its answer or none.
func whileAsking(t *testing.T, generator *load.Generator, do func(result *load.Result)) *load.Result {
	t.Helper()
	result := &load.Result{}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); generator.Run(ctx, result) }()
	defer func() { stop(); <-done }()
	do(result)
	return result
}

// awaitAnswers waits for more of them.
func awaitAnswers(t *testing.T, result *load.Result, count int) {
	t.Helper()
	awaitMore(t, result, count, time.Minute, result.Answered)
}

// awaitMore waits until so many more are counted, and no longer than patience.
func awaitMore(t *testing.T, result *load.Result, more int, patience time.Duration, counted func() int) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for before := counted(); counted() < before+more; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("nothing comes of requests any more: %s", result)
		}
	}
}

// lostNoneAfter fails the test if a request failed that came after something.
func lostNoneAfter(t *testing.T, result *load.Result, something time.Time) {
	t.Helper()
	for _, failure := range result.Failures() {
		if failure.Due.After(something) {
			t.Errorf("a request was lost that came %s later: %v", failure.Due.Sub(something), failure.Err)
		}
	}
}

// lostNone fails the test if a request failed.
func lostNone(t *testing.T, result *load.Result) {
	t.Helper()
	t.Log(result)
	if failures := result.Failures(); len(failures) > 0 {
		t.Errorf("%d requests were lost, want none", len(failures))
	}
}
