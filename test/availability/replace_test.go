package availability_test

import (
	"testing"
	"time"

	"github.com/stateward/stateward/test/bench/load"
)

// TestNoRequestIsLost does to the replicas what happens to them in a cluster, one thing after the other.
func TestNoRequestIsLost(t *testing.T) {
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
	t.Run("after everybody knows that a replica was killed", func(t *testing.T) {
		result, gone := f.kill(t)
		t.Log(result)
		for _, failure := range result.Failures() {
			if failure.Due.After(gone) {
				t.Errorf("a request was lost that came %s later: %v", failure.Due.Sub(gone), failure.Err)
			}
		}
	})
}

// kill ends a replica without a word. No server can help what was on its way; gone is when nobody was connected to it or
// would be any more.
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
