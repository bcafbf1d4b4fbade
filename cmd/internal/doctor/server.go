package doctor

import (
	"context"

	"k8s.io/apimachinery/pkg/util/version"
)

// checkServer tells what this version of Kubernetes lacks that Stateward or one of its rules counts on.
func (e *examination) checkServer(context.Context) {
	info, err := e.discovery.ServerVersion()
	if err != nil {
		e.unchecked("", "", err, "the API server does not return its version")
		return
	}
	running, err := version.ParseSemantic(info.GitVersion)
	if err != nil {
		e.unchecked("", "", err, "the API server's version cannot be read")
		return
	}
	if !running.AtLeast(version.MustParseSemantic("v1.30.0")) {
		e.problem("", "upgrade to Kubernetes 1.30 or newer",
			"Kubernetes %s does not reliably support matchConditions of webhooks, which keep the cluster working when Stateward is down", info.GitVersion)
	}
	if !heedsMaxUnavailable(running) {
		e.note("", "Kubernetes %s ignores spec.updateStrategy.rollingUpdate.maxUnavailable of StatefulSets, unless the feature gate MaxUnavailableStatefulSet is enabled: "+
			"pods are replaced one by one regardless of the manifest; the rule max-unavailable still checks the field", info.GitVersion)
	}
	if len(e.findings) == 0 {
		e.ok("", "Kubernetes %s has all that Stateward needs", info.GitVersion)
	}
}

// heedsMaxUnavailable tells by the defaults of the feature gate: on in 1.35.0 to 1.35.3, and again from 1.37.
func heedsMaxUnavailable(running *version.Version) bool {
	if running.AtLeast(version.MustParseSemantic("v1.37.0")) {
		return true
	}
	return running.AtLeast(version.MustParseSemantic("v1.35.0")) && running.LessThan(version.MustParseSemantic("v1.35.4"))
}
