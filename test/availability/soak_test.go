//go:build soak

package availability_test

import (
	"flag"
	"testing"
	"time"

	"github.com/stateward/stateward/test/bench/load"
)

var rollouts = flag.Int("rollouts", 50, "how often all replicas are replaced")

// inCluster is how fast things go where Kubernetes and Stateward have their defaults.
func inCluster() timing {
	return timing{
		delay: 20 * time.Second, timeout: 95 * time.Second, lag: 15 * time.Second, idle: load.IdleTimeout,
		request: 5 * time.Second, rate: 200, evaluated: true,
	}
}

func TestNoRequestIsLostInManyRollouts(t *testing.T) {
	f := newFleet(t, inCluster())
	begun := time.Now()
	lostNone(t, f.underLoad(t, func(result *load.Result) {
		for done := range *rollouts {
			f.rollOut(t)
			// All proxies hear of it, and the new replicas have something to do.
			time.Sleep(f.lag)
			t.Logf("%s: %d rollouts, %s", time.Since(begun).Round(time.Second), done+1, result)
		}
		f.awaitEnd(t)
	}))
}

// TestAReplicaIsKilledAndProxiesHearOfItLate measures what no server can help: proxies go on sending new connections to
// where nobody is.
func TestAReplicaIsKilledAndProxiesHearOfItLate(t *testing.T) {
	f := newFleet(t, inCluster())
	killed := f.replicas[0]
	var heard time.Time
	result := f.underLoad(t, func(*load.Result) {
		killed.Kill()
		f.service.Remove(killed.Address)
		time.Sleep(f.lag)
		heard = time.Now()
	})
	t.Log(result)
	for _, failure := range result.Failures() {
		if failure.Due.After(heard) {
			t.Errorf("a request was lost that came %s after all proxies knew: %v", failure.Due.Sub(heard), failure.Err)
		}
	}
}
