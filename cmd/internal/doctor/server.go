package doctor

import (
	"context"

	"github.com/stateward/stateward/policies/forecast"
	"github.com/stateward/stateward/webhook/registration"
)

// checkServer reports features that Stateward or a rule needs and this version of Kubernetes lacks.
func (e *examination) checkServer(context.Context) {
	info, err := e.discovery.ServerVersion()
	if err != nil {
		e.unchecked("", "", err, "the API server does not return its version")
		return
	}
	running, err := forecast.ParseVersion(info.GitVersion)
	if err != nil {
		e.unchecked("", "", err, "the API server's version cannot be read")
		return
	}
	e.checkVersion(running, info.GitVersion)
}

func (e *examination) checkVersion(running forecast.Version, name string) {
	if running.Minor < registration.OldestMinor {
		e.problem("", "upgrade to Kubernetes 1.30 or newer",
			"Kubernetes %s does not reliably support matchConditions of webhooks, which keep the cluster working when Stateward is down", name)
	}
	if gates, _ := running.Gates(); !gates.MaxUnavailable {
		e.note("", "Kubernetes %s removes spec.updateStrategy.rollingUpdate.maxUnavailable from StatefulSets that are written, unless the feature gate MaxUnavailableStatefulSet is enabled: "+
			"pods are replaced one by one regardless of the manifest; the rule max-unavailable then checks the field in manifests only", name)
	}
	if len(e.findings) == 0 {
		e.ok("", "Kubernetes %s has all that Stateward needs", name)
	}
}
