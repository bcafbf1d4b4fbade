package availability_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stateward/stateward/test/bench/load"
	"github.com/stateward/stateward/test/environment"
)

// TestReplicaChangesLoseNoRequest does to the replicas what happens to them in a cluster, one thing after the other.
func TestReplicaChangesLoseNoRequest(t *testing.T) {
	f := newFleet(t, quick())
	t.Run("while replicas are replaced", func(t *testing.T) {
		lostNone(t, f.underLoad(t, func(*load.Result) {
			f.rollOut(t)
			f.awaitEnd(t)
		}))
	})
	t.Run("while the serving certificate changes", func(t *testing.T) {
		lostNone(t, f.underLoad(t, func(result *load.Result) {
			for range 20 {
				f.renew(t)
				awaitAnswers(t, result, 2*burst)
			}
		}))
	})
	t.Run("by a replica whose certificate is for another name", f.refusesToBeReady)
	t.Run("but who asks twice does not have to wait", f.endsAtOnce)
	t.Run("after a flood of more than can be judged", f.outlivesAFlood)
	t.Run("after everybody knows that a replica hangs", func(t *testing.T) {
		var gone time.Time
		result := f.hang(t, func(lost *environment.Replica, result *load.Result) {
			f.unready(t, lost)
			f.awaitConnections(t, lost, func(open int) bool { return open == 0 })
			gone = time.Now()
			awaitAnswers(t, result, f.rate)
			f.service.Add(lost.Address)
		})
		lostNoneAfter(t, result, gone)
	})
	t.Run("after everybody knows that a replica was killed", func(t *testing.T) {
		result, gone := f.kill(t)
		t.Log(result)
		lostNoneAfter(t, result, gone)
	})
}

// kill ends a replica at once. Requests in flight are lost; gone is the time from which no client connects to it.
func (f *fleet) kill(t *testing.T) (result *load.Result, gone time.Time) {
	t.Helper()
	killed := f.replicas[0]
	f.replicas = f.replicas[1:]
	result = f.underLoad(t, func(*load.Result) {
		killed.Kill()
		f.service.RemoveNow(killed.Address)
		for _, balancer := range f.balancers {
			for balancer.Open(killed.Address) > 0 {
				time.Sleep(time.Millisecond)
			}
		}
		gone = time.Now()
	})
	return result, gone
}

// refusesToBeReady starts a replica that API servers would call by a name that its certificate does not have.
func (f *fleet) refusesToBeReady(t *testing.T) {
	replica, err := f.StartReplica("misnamed", "127.0.0.1", "--cert-file", f.certFile(), "--key-file", f.keyFile(), "--certificate-hosts", "other.svc")
	if err != nil {
		t.Fatal(err)
	}
	defer replica.Kill()
	deadline := time.Now().Add(time.Minute)
	for {
		err := replica.Ready(t.Context())
		if err == nil {
			t.Fatal("it is ready")
		}
		// All else is well.
		if strings.Contains(err.Error(), "[+]caches ok") && strings.Contains(err.Error(), "[-]certificate failed") && strings.Contains(err.Error(), "[+]webhook ok") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	log, err := os.ReadFile(replica.LogPath())
	want := "serving certificate is valid for " + serviceName + " and not for other.svc, which API servers call"
	if err != nil || !strings.Contains(string(log), want) {
		t.Errorf("the log does not say %q (%v):\n%s", want, err, log)
	}
}

// endsAtOnce is a second Ctrl-C.
func (f *fleet) endsAtOnce(t *testing.T) {
	replica, err := f.AddReplica(t.Context(), "impatient", "127.0.0.1", "--cert-file", f.certFile(), "--key-file", f.keyFile(),
		"--shutdown-delay", "1h", "--shutdown-timeout", "1h")
	if err != nil {
		t.Fatal(err)
	}
	replica.Terminate()
	for err == nil || !strings.Contains(err.Error(), "[-]webhook failed") {
		if err = replica.Ready(t.Context()); replica.PID() == 0 {
			t.Fatalf("it ended before it was asked twice, with exit code %d", replica.ExitCode())
		}
	}
	replica.Terminate()
	<-replica.Exited()
}
