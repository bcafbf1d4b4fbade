package availability_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stateward/stateward/test/bench/load"
	"github.com/stateward/stateward/test/cluster"
	"github.com/stateward/stateward/test/environment"
)

// hang loses a node without a word and gets it back: the kernel goes on taking connections and what is sent on them, and
// the replica answers nothing. Each connection to it costs one request at most, which is waited for as long as the registration
// says; no other is lost, none is answered wrongly, and none is lost any more when the node is back.
func (f *fleet) hang(t *testing.T, while func(lost *environment.Replica, result *load.Result)) *load.Result {
	t.Helper()
	lost := f.replicas[0]
	asking := *f.generator
	asking.Timeout = admissionTimeout
	var back time.Time
	connections := 0
	result := whileAsking(t, &asking, func(result *load.Result) {
		f.reconnect(t, lost)
		connections = f.hold(t, lost, func() { while(lost, result) })
		back = time.Now()
		f.reconnect(t, lost)
		awaitAnswers(t, result, f.rate)
	})
	t.Logf("%d connections to the replica that hung; %s", connections, result)
	allLate(t, result)
	if failures := len(result.Failures()); failures > connections {
		t.Errorf("%d requests were lost, want at most %d: one for each connection", failures, connections)
	}
	lostNoneAfter(t, result, back)
	return result
}

// hold does something while a replica hangs, and returns on how many connections it may have been asked meanwhile.
func (f *fleet) hold(t *testing.T, replica *environment.Replica, do func()) (connections int) {
	t.Helper()
	connections = f.count(replica, (*load.Balancer).Open) - f.count(replica, (*load.Balancer).Made)
	release, err := replica.Hold()
	if err != nil {
		t.Fatal(err)
	}
	do()
	if err := release(); err != nil {
		t.Fatal(err)
	}
	return connections + f.count(replica, (*load.Balancer).Made)
}

// unready asks as kubelets do until they call a replica unready, and has the balancers hear of it, as late as they do.
func (f *fleet) unready(t *testing.T, replica *environment.Replica) {
	t.Helper()
	probe := container(t).ReadinessProbe
	client := http.Client{Timeout: time.Duration(probe.TimeoutSeconds) * time.Second}
	for range probe.FailureThreshold {
		time.Sleep(f.period)
		if _, err := cluster.Get(t.Context(), &client, replica.Probes+probe.HTTPGet.Path); err == nil {
			t.Fatalf("%s hangs and says that it is ready", replica.Name())
		}
	}
	f.service.Remove(replica.Address)
}

// reconnect has the API servers make new connections until one of them is to this replica.
func (f *fleet) reconnect(t *testing.T, replica *environment.Replica) {
	t.Helper()
	f.awaitConnections(t, replica, func(open int) bool {
		if open > 0 {
			return true
		}
		for _, client := range f.generator.Clients {
			client.CloseIdleConnections()
		}
		return false
	})
}

// awaitConnections waits until there are as many connections to a replica as are wanted.
func (f *fleet) awaitConnections(t *testing.T, replica *environment.Replica, wanted func(open int) bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for ; !wanted(f.count(replica, (*load.Balancer).Open)); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d connections to %s", f.count(replica, (*load.Balancer).Open), replica.Name())
		}
	}
}

// count adds up what the balancers say of a replica.
func (f *fleet) count(replica *environment.Replica, connections func(*load.Balancer, string) int) (sum int) {
	for _, balancer := range f.balancers {
		sum += connections(balancer, replica.Address)
	}
	return sum
}
