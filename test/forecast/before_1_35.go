//go:build before_1_35

package forecast

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// sync is one round of the controller, which reads the clock itself before 1.35.
func (c *cluster) sync() error {
	_, err := c.control.UpdateStatefulSet(context.Background(), c.set.DeepCopy(), c.podList())
	return err
}

func startTime() time.Time { return time.Now().UTC() }

func sleep(duration time.Duration) { time.Sleep(duration) }

// inTime runs a test of scenarios with a clock that moves on only where the test sleeps.
func inTime(t *testing.T, test func(t *testing.T)) { synctest.Test(t, test) }
