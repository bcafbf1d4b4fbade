//go:build !before_1_35

package forecast

import (
	"context"
	"testing"
	"time"
)

// sync is one round of the controller.
func (c *cluster) sync() error {
	_, err := c.control.UpdateStatefulSet(context.Background(), c.set.DeepCopy(), c.podList(), c.time().Time)
	return err
}

func startTime() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

// sleep does nothing: the controller is told the time.
func sleep(time.Duration) {}

// inTime runs a test of scenarios.
func inTime(t *testing.T, test func(t *testing.T)) { test(t) }
