//go:build soak

package availability_test

import (
	"flag"
	"testing"
	"time"

	"github.com/stateward/stateward/test/bench/load"
	"github.com/stateward/stateward/test/environment"
)

var rollouts = flag.Int("rollouts", 50, "how often all replicas are replaced")

// inCluster is how fast things go where Kubernetes and Stateward have their defaults.
func inCluster() timing {
	return timing{
		delay: 20 * time.Second, timeout: 95 * time.Second, lag: 15 * time.Second, idle: load.IdleTimeout,
		request: admissionTimeout, period: 5 * time.Second, rate: 200, evaluated: true,
	}
}

func TestRolloutsLoseNoRequest(t *testing.T) {
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

// TestKilledReplicaCostsRequestsUntilProxiesUpdate measures what no server can prevent: until they are updated, proxies send
// new connections to the address of the killed replica.
func TestKilledReplicaCostsRequestsUntilProxiesUpdate(t *testing.T) {
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
	lostNoneAfter(t, result, heard)
}

// TestHangingNodeCostsRequestsUntilItIsNotReady measures the cost of a node that hangs: if its kubelet reports it, and if the
// kubelet hangs too, so that the node's lease must expire first.
func TestHangingNodeCostsRequestsUntilItIsNotReady(t *testing.T) {
	f := newFleet(t, inCluster())
	for what, noticed := range map[string]bool{"and its kubelet reports it": true, "and its kubelet hangs too": false} {
		t.Run(what, func(t *testing.T) {
			f.hang(t, func(lost *environment.Replica, _ *load.Result) {
				over := time.After(30 * time.Second)
				if noticed {
					f.unready(t, lost)
					defer f.service.Add(lost.Address)
				}
				<-over
			})
		})
	}
}
