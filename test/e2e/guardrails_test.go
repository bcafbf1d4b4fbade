package e2e_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/environment"
)

// guardrails returns a manifest of Guardrails.
func guardrails(spec string) string {
	return "apiVersion: stateward.dev/v1alpha1\nkind: Guardrails\nmetadata:\n  name: stateward\nspec:\n" + spec
}

// TestGuardrailsApplyWithoutARestart walks one cluster through a life of its configuration.
func TestGuardrailsApplyWithoutARestart(t *testing.T) {
	guarded := environment.ForTest(t)
	g := newGuard(t, guarded)
	g.create(t, builders.MakeStatefulSet())
	beyond := []string{"patch", "statefulset", "web", "--dry-run=server", "-p", `{"spec":{"updateStrategy":{"rollingUpdate":{"partition":9}}}}`}
	g.denied(t, "partition-range", beyond...)

	g.allowed(t, guardrails("  rules: [{id: partition-range, action: warn}]\n"), "apply", "-f", "-")
	g.becomes(t, "True", "in force")
	g.warned(t, "partition-range", beyond...)

	g.allowed(t, guardrails("  rules: [{id: partition-range, match: {namespaces: [elsewhere]}}]\n"), "apply", "-f", "-")
	g.becomes(t, "True", "in force")
	g.allowed(t, "", beyond...)

	g.allowed(t, guardrails("  match: {namespaceSelector: {matchLabels: {guarded: \"yes\"}}}\n"), "apply", "-f", "-")
	g.becomes(t, "True", "in force")
	g.allowed(t, "", beyond...)
	g.allowed(t, "", "label", "namespace", g.namespace, "guarded=yes")
	g.eventuallySays(t, true, "[partition-range]", beyond...)

	g.allowed(t, guardrails(`  exceptions:
    - {rules: [partition-range], match: {names: [web]}, reason: vendor, owner: me, expires: "2099-01-01T00:00:00Z"}
    - {rules: [scale-to-zero], match: {names: [web]}, reason: vendor, owner: me, expires: "2020-01-01T00:00:00Z"}
`), "apply", "-f", "-")
	g.becomes(t, "True", "in force")
	g.allowed(t, "", beyond...)
	g.warned(t, "scale-to-zero", "scale", "statefulset", "web", "--replicas=0", "--dry-run=server")
	g.counts(t, `stateward_exceptions_total{policy="partition-range"}`, `stateward_reload_total{result="success"}`)

	g.allowed(t, guardrails("  include: [keda]\n"), "apply", "-f", "-")
	g.becomes(t, "True", "in force")
	toZero := []string{"scale", "statefulset", "web", "--replicas=0", "--dry-run=server"}
	g.warned(t, "scale-to-zero", toZero...)
	asKEDA := append([]string{"--as=system:serviceaccount:keda:keda-operator", "--as-group=system:masters"}, toZero...)
	if output, code := g.kubectl(t, "", asKEDA...); code != 0 || strings.Contains(output, "[scale-to-zero]") {
		t.Errorf("KEDA: exit code %d:\n%s", code, output)
	}
	g.allowed(t, guardrails("  profile: baseline\n"), "apply", "-f", "-")
	g.becomes(t, "True", "in force")

	// Past the guard, as when it is down, only the schema of the CRD looks at Guardrails.
	g.allowed(t, guardrails("  rules: [{id: image-tagg}]\n"), append(breakGlass(), "apply", "-f", "-")...)
	g.becomes(t, "False", `spec.rules[0].id: unknown rule "image-tagg": did you mean "image-tag"?`)
	g.denied(t, "partition-range", beyond...)
	g.counts(t, `stateward_reload_total{result="failure"}`)

	g.allowed(t, "", "delete", "guardrails", "stateward")
	g.eventuallySays(t, true, "[partition-range]", beyond...)
}

// TestGuardrailsThatEnforceNothingAreReported writes what selects nothing and what only records.
func TestGuardrailsThatEnforceNothingAreReported(t *testing.T) {
	g := newGuard(t, environment.ForTest(t))
	const reason = `jsonpath={.status.conditions[?(@.type=="Ready")].reason}`
	g.says(t, false, guardrails("  match: {excludedNamespaces: [\"*\"]}\n"),
		[]string{"Warning: [guardrails] nothing is enforced: spec.match selects nothing"}, "apply", "-f", "-")
	g.becomes(t, "True", "in force, but no request is ever denied: spec.match selects nothing")
	g.says(t, false, "", []string{"NothingEnforced"}, "get", "guardrails", "stateward", "-o", reason)
	g.allowed(t, guardrails("  match: {excludedNamespaces: [ci]}\n"), "apply", "-f", "-")
	g.becomes(t, "True", "in force")
	g.says(t, false, "", []string{"InForce"}, "get", "guardrails", "stateward", "-o", reason)
}

// TestGuardrailsWithFourEyesNeedTwoPeople tries to switch them off alone, then with a second person, then past the guard.
func TestGuardrailsWithFourEyesNeedTwoPeople(t *testing.T) {
	g := newGuard(t, environment.ForTest(t))
	as := func(user string, arguments ...string) []string {
		return append([]string{"--as=" + user, "--as-group=system:masters"}, arguments...)
	}
	weaker := as("alice", "patch", "guardrails", "stateward", "--type=merge", "-p", `{"spec":{"rules":[{"id":"quorum","action":"audit"}]}}`)
	off := as("alice", "patch", "guardrails", "stateward", "--type=merge", "-p", `{"spec":{"fourEyes":false}}`)
	confirm := func(operation string, after time.Duration) []string {
		until := time.Now().Add(after).UTC().Format(time.RFC3339)
		return []string{"annotate", "guardrails", "stateward", "--overwrite", "stateward.dev/confirm=" + operation, "stateward.dev/confirm-until=" + until}
	}
	g.allowed(t, guardrails("  profile: baseline\n"), "apply", "-f", "-")
	g.allowed(t, "", off...)
	g.allowed(t, guardrails("  profile: baseline\n  fourEyes: true\n"), as("alice", "apply", "-f", "-")...)
	g.becomes(t, "True", "in force")

	g.denied(t, "four-eyes", off...)
	g.denied(t, "four-eyes", weaker...)
	g.denied(t, "four-eyes", as("alice", "delete", "guardrails", "stateward")...)
	g.allowed(t, "", as("alice", "patch", "guardrails", "stateward", "--type=merge", "-p", `{"spec":{"profile":"strict"}}`)...)
	g.warned(t, "confirmed-by", as("alice", append(confirm("delete", 10*time.Minute), "stateward.dev/confirmed-by=bob")...)...)
	g.says(t, true, "", []string{"your own confirmation does not count"}, as("alice", "delete", "guardrails", "stateward")...)

	g.warned(t, "confirmed-by", as("alice", confirm("update", 10*time.Minute)...)...)
	g.says(t, true, "", []string{"your own confirmation does not count"}, weaker...)
	g.warned(t, "confirmed-by", as("bob", confirm("update", 20*time.Minute)...)...)
	g.warned(t, "four-eyes", weaker...)
	g.becomes(t, "True", "in force")
	g.denied(t, "four-eyes", as("alice", "delete", "guardrails", "stateward")...)
	g.warned(t, "confirmed-by", as("bob", confirm("delete", 20*time.Minute)...)...)
	g.warned(t, "four-eyes", as("alice", "delete", "guardrails", "stateward")...)

	// Without the registration they can be removed by anyone who may.
	g.allowed(t, guardrails("  fourEyes: true\n"), "create", "-f", "-")
	g.becomes(t, "True", "in force")
	g.denied(t, "four-eyes", as("alice", "delete", "guardrails", "stateward")...)
	g.allowed(t, "", "delete", "validatingwebhookconfiguration,mutatingwebhookconfiguration", "stateward")
	eventually(t, "the Guardrails can be deleted", func(context.Context) (bool, error) {
		_, code := g.kubectl(t, "", as("alice", "delete", "guardrails", "stateward")...)
		return code == 0, nil
	})
}

// TestLabelsThatGuardrailsSelectByAreKept takes a set, its claim and its namespace out of the match before it harms them.
func TestLabelsThatGuardrailsSelectByAreKept(t *testing.T) {
	g := newGuard(t, environment.ForTest(t))
	g.create(t, withClaim(builders.MakeStatefulSet().Replicas(1)))
	g.settled(t, 1)
	for _, object := range []string{"statefulset/web", "pvc/www-web-0", "namespace/" + g.namespace} {
		g.allowed(t, "", "label", object, "guarded=yes")
	}
	selects := func(field string) string {
		return guardrails("  match: {" + field + ": {matchLabels: {guarded: \"yes\"}}}\n")
	}

	g.allowed(t, selects("labelSelector"), "apply", "-f", "-")
	g.becomes(t, "True", "in force")
	for _, object := range []string{"statefulset/web", "pvc/www-web-0"} {
		g.denied(t, "guarded-labels", "label", object, "guarded-")
		g.denied(t, "guarded-labels", "label", object, "guarded=no", "--overwrite")
		g.allowed(t, "", "label", object, "team=data")
	}
	g.allowed(t, "", "label", "namespace", g.namespace, "guarded-")
	g.allowed(t, "", "label", "namespace", g.namespace, "guarded=yes")

	g.allowed(t, "", "delete", "guardrails", "stateward")
	g.allowed(t, selects("namespaceSelector"), "apply", "-f", "-")
	g.becomes(t, "True", "in force")
	g.allowed(t, "", "label", "namespace", g.namespace, "team=data")
	g.allowed(t, "", "label", "statefulset", "web", "guarded-")
	g.denied(t, "guarded-labels", "label", "namespace", g.namespace, "guarded-")
	g.confirmed(t, "namespace/"+g.namespace, "update", "--rules=guarded-labels")
	g.warned(t, "guarded-labels", "label", "namespace", g.namespace, "guarded-")
}

func TestInvalidGuardrailsAreRejectedWithTheFieldPath(t *testing.T) {
	g := newGuard(t, shared(t))
	for name, test := range map[string]struct{ spec, want string }{
		"an action that there is not": {"  rules: [{id: image-tag, action: block}]\n", "spec.rules[0].action: Unsupported value"},
		"a profile that there is not": {"  profile: paranoid\n", "spec.profile: Unsupported value"},
		"the same rule twice":         {"  rules: [{id: image-tag}, {id: image-tag}]\n", "spec.rules[1]: Duplicate value"},
		"an empty selection":          {"  match: {}\n", "spec.match in body should have at least 1 properties"},
		"an unknown field":            {"  profil: strict\n", "unknown field \"spec.profil\""},
		"a pattern that is none":      {"  match: {namespaces: [\"Data\"]}\n", "spec.match.namespaces[0] in body should match"},
		"a selector with an odd operator": {
			"  match: {labelSelector: {matchExpressions: [{key: a, operator: Is}]}}\n",
			`spec.match.labelSelector: "Is" is not a valid label selector operator`,
		},
		"a time that is none": {
			"  exceptions: [{rules: [image-tag], match: {names: [a]}, reason: r, owner: o, expires: tomorrow}]\n",
			"spec.exceptions[0].expires in body must be of type date-time",
		},
		"an exception without reason": {
			"  exceptions: [{rules: [image-tag], match: {names: [a]}, owner: o, expires: \"2099-01-01T00:00:00Z\"}]\n",
			"spec.exceptions[0].reason: Required value",
		},
		"an exception for everything else": {
			"  exceptions: [{rules: [image-tag], match: {excludedNamespaces: [a]}, reason: r, owner: o, expires: \"2099-01-01T00:00:00Z\"}]\n",
			// Kubernetes 1.34 writes the type of the value before the message of a CEL rule.
			"spec.exceptions[0].match: Invalid value: …must select something: set namespaces",
		},
		"an unknown fragment": {"  include: [eck, ekc]\n", "spec.include[1]: unknown fragment \"ekc\": use one of argo-cd, eck, "},
		"an unknown rule":     {"  rules: [{id: image-tagg}]\n", "spec.rules[0].id: unknown rule \"image-tagg\": did you mean \"image-tag\"?"},
		"a parameter of the wrong type": {
			"  rules: [{id: headless-service, params: {missing: 3}}]\n", "spec.rules[0].params.missing: 3 is not a string",
		},
	} {
		t.Run(name, func(t *testing.T) {
			g.says(t, true, guardrails(test.spec), strings.Split(test.want, "…"), "create", "--validate=strict", "-f", "-")
		})
	}
	t.Run("another name", func(t *testing.T) {
		g.says(t, true, strings.Replace(guardrails("  profile: strict\n"), "name: stateward", "name: other", 1),
			[]string{"name the Guardrails object stateward: a cluster has only one"}, "create", "-f", "-")
	})
}

// becomes waits until the status speaks of the newest Guardrails, and looks at what `kubectl get` shows.
func (g guard) becomes(t *testing.T, ready, reason string) {
	t.Helper()
	columns := `jsonpath={.metadata.generation} {.status.observedGeneration} {.status.conditions[?(@.type=="Ready")].status} {.status.conditions[?(@.type=="Ready")].message}`
	var output string
	defer func() {
		if t.Failed() {
			t.Logf("the status was %s", output)
		}
	}()
	eventually(t, "Guardrails become "+ready, func(context.Context) (bool, error) {
		output, _ = g.kubectl(t, "", "get", "guardrails", "stateward", "-o", columns)
		fields := strings.SplitN(output, " ", 4)
		return len(fields) == 4 && fields[0] == fields[1] && fields[2] == ready && strings.Contains(fields[3], reason), nil
	})
	g.says(t, false, "", []string{"PROFILE", "READY", "REVISION", "stateward", ready}, "get", "guardrails")
}

// eventuallySays repeats a command until it is denied, or not, with these words.
func (g guard) eventuallySays(t *testing.T, denied bool, words string, arguments ...string) {
	t.Helper()
	eventually(t, words, func(context.Context) (bool, error) {
		output, code := g.kubectl(t, "", arguments...)
		return (code != 0) == denied && strings.Contains(output, words), nil
	})
}

// counts wants these metrics to be above zero.
func (g guard) counts(t *testing.T, metrics ...string) {
	t.Helper()
	page := fetch(t, g.Metrics+"/metrics")
	for _, metric := range metrics {
		if !strings.Contains(page, metric) || strings.Contains(page, metric+" 0\n") {
			t.Errorf("%s is not counted in\n%s", metric, page)
		}
	}
}
