package report

import "github.com/stateward/stateward/policies"

// InputChecks are the checks of manifests without a rule in Rego: an API server makes them in a cluster, or no rule
// can look it up. Guardrails do not configure them.
func InputChecks() []policies.Rule {
	check := func(id, severity, title, description, fix string) policies.Rule {
		return policies.Rule{
			ID: id, Category: "input", Kind: policies.Validating, Severity: policies.Level(severity), Title: title,
			Description: description, Fix: fix, On: map[string][]string{"manifests": {"CHECK"}}, Since: "v0.1.0",
		}
	}
	return []policies.Rule{
		check("api-server", "deny", "An API server accepts the object",
			"No API server validates manifests before they are applied, so `stateward check` does: names, labels, numbers and\n"+
				"the values of fields that have only a few. Kubernetes' own test cases are the measure.",
			"write what the API reference allows"),
		check("api-version", "deny", "Kubernetes serves the API version and the kind",
			"A removed API version, or a kind with a typing error, cannot be applied; and what is of no known kind is judged by\nno rule.",
			"use the version and the kind that Kubernetes serves"),
		check("hpa-replicas", "warn", "An autoscaler and the manifest do not both set replicas",
			"Where a HorizontalPodAutoscaler or a ScaledObject of KEDA scales a set, each apply of a manifest with `replicas` sets\n"+
				"them back, and pods stop.",
			"leave replicas out of the manifest"),
		check("same-object", "deny", "An object is written once",
			"Of two objects with one name the last one counts, without a word. Between files of one folder, which need not be\n"+
				"applied together, it is a warning.",
			"remove one of them, or check alternatives with --each"),
	}
}
