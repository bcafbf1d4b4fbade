package cluster

import (
	"fmt"
	"testing"

	"github.com/stateward/stateward/policies/forecast"
)

// Version returns the version of Kubernetes that the API server reports.
func (c *Cluster) Version() (forecast.Version, error) {
	info, err := c.client.Discovery().ServerVersion()
	if err != nil {
		return forecast.Version{}, fmt.Errorf("ask the API server for its version: %w", err)
	}
	return forecast.ParseVersion(info.GitVersion)
}

// VersionForTest is Version, with the feature gates that are on by default.
func (c *Cluster) VersionForTest(t testing.TB) (forecast.Version, forecast.Gates) {
	t.Helper()
	version, err := c.Version()
	if err != nil {
		t.Fatal(err)
	}
	gates, _ := version.Gates()
	return version, gates
}

// BehaviourAttribute is the attribute of a test by which the table of
// test/versions learns what depends on the version.
const BehaviourAttribute = "kubernetes-version"

// Behaviour records what the running version does, where versions differ and
// the test knows what each of them must do.
func Behaviour(t testing.TB, what, here string) {
	t.Helper()
	t.Attr(BehaviourAttribute, what+": "+here)
}
