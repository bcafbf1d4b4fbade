package webhook

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/discovery"

	"github.com/stateward/stateward/policies/forecast"
)

// versionInterval is the time between two checks for an upgrade of the API server.
const versionInterval = 10 * time.Minute

// serverVersion knows the feature gates that forecasts need, from the version of the API server.
type serverVersion struct {
	client discovery.ServerVersionInterface
	log    logr.Logger
	known  atomic.Pointer[forecast.Gates]
}

func newServerVersion(options Options) (*serverVersion, error) {
	client, err := discovery.NewDiscoveryClientForConfig(options.Config)
	if err != nil {
		return nil, fmt.Errorf("reach Kubernetes API at %s: %w", options.Config.Host, err)
	}
	return &serverVersion{client: client, log: options.Log}, nil
}

func (v *serverVersion) run(ctx context.Context) error { return every(ctx, versionInterval, v.look) }

func (v *serverVersion) look() {
	info, err := v.client.ServerVersion()
	if err == nil {
		var version forecast.Version
		if version, err = forecast.ParseVersion(info.GitVersion); err == nil {
			gates, _ := version.Gates()
			v.known.Store(&gates)
			return
		}
	}
	v.log.Error(err, "the version of the API server cannot be read: forecasts are those of another version")
}

// gates are those of the newest version until the version is known.
func (v *serverVersion) gates() forecast.Gates {
	if known := v.known.Load(); known != nil {
		return *known
	}
	gates, _ := forecast.Version{Minor: forecast.Newest}.Gates()
	return gates
}
