package cluster

import (
	"context"
	"testing"
)

// ForTest starts a cluster that is stopped when the test ends. The functions
// may change its options. The test fails when a process of the cluster dies,
// and the logs of a failed test are kept.
func ForTest(t testing.TB, change ...func(*Options)) *Cluster {
	t.Helper()
	options := Options{Out: t.Output(), BuiltOnly: true}
	for _, change := range change {
		change(&options)
	}
	// The test's own context ends before its cleanup, too early for those who
	// still need the cluster there.
	c, err := Start(context.WithoutCancel(t.Context()), options)
	if err != nil {
		t.Fatalf("start a cluster: %v", err)
	}
	t.Cleanup(func() {
		if err := c.Err(); err != nil {
			t.Errorf("a process of the cluster died: %v", err)
		}
		if t.Failed() {
			c.options.KeepDir = true
			t.Logf("the cluster's logs are in %s", c.Dir())
		}
		c.Stop()
	})
	return c
}
