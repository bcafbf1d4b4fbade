package e2e_test

import (
	"strings"
	"testing"

	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/environment"
)

// TestOptInRulesNeedGuardrails switches on, in a cluster of its own, what says nothing without Guardrails.
func TestOptInRulesNeedGuardrails(t *testing.T) {
	g := newGuard(t, environment.ForTest(t))
	digest := "@sha256:" + strings.Repeat("0", 64)
	g.create(t, builders.MakeStatefulSet().Image("registry.example/web:1.27.4"+digest))
	image := func(name string) []string {
		return []string{"set", "image", "statefulset/web", "nginx=" + name, "--dry-run=server"}
	}
	// To YAML 1.1, which kubectl reads, a bare off is false.
	const others = `{id: image-change, action: "off"}, {id: canary-first, action: "off"}, {id: selector-overlap, action: "off"}`
	neighbour := image("registry.example/web:1.27.5" + digest)
	scale := func(replicas string) []string {
		return []string{"scale", "statefulset", "web", "--replicas=" + replicas, "--dry-run=server"}
	}
	foreign := builders.Deployment(map[string]string{"app": "nginx", "part": "tools"})
	foreign.Namespace = g.namespace
	g.allowed(t, string(builders.JSON(foreign)), append(breakGlass(), "create", "-f", "-")...)
	selects := func(labels string) []string {
		return []string{"patch", "service", "nginx", "--type=json", "-p", `[{"op":"replace","path":"/spec/selector","value":` + labels + `}]`}
	}
	g.allowed(t, "", append(breakGlass(), "patch", "statefulset", "web", "-p", `{"spec":{"template":{"metadata":{"labels":{"part":"db"}}}}}`)...)
	g.allowed(t, "", append(breakGlass(), selects(`{"app":"nginx","part":"db"}`)...)...)
	for rule, test := range map[string]struct {
		settings         string
		wrong, neighbour []string
	}{
		"image-digest": {"{id: image-digest, action: deny}", image("registry.example/web:1.27.5"), neighbour},
		"image-registry": {
			"{id: image-registry, action: deny, params: {allow: [registry.example]}}",
			image("registry.example.evil.com/web:1.27.5" + digest), neighbour,
		},
		"max-replicas": {"{id: max-replicas, action: deny, params: {max: 5}}", scale("6"), scale("5")},
		"foreign-endpoint": {
			"{id: foreign-endpoint, action: deny}",
			append(selects(`{"app":"nginx"}`), "--dry-run=server"), append(selects(`{"part":"db"}`), "--dry-run=server"),
		},
	} {
		t.Run(rule, func(t *testing.T) {
			g.allowed(t, guardrails("  rules: ["+others+"]\n"), "apply", "-f", "-")
			g.becomes(t, "True", "in force")
			g.allowed(t, "", test.wrong...)
			g.allowed(t, guardrails("  rules: ["+others+", "+test.settings+"]\n"), "apply", "-f", "-")
			g.becomes(t, "True", "in force")
			g.denied(t, rule, test.wrong...)
			g.allowed(t, "", test.neighbour...)
		})
	}
	t.Run("members that vote", func(t *testing.T) { membersStay(t, g) })
	t.Run("nodes that run sets", func(t *testing.T) { nodesStay(t, g) })
	t.Run("what sets name", func(t *testing.T) { referencesStay(t, g) })
	t.Run("four eyes", func(t *testing.T) { secondPerson(t, g) })
}

// secondPerson checks that a confirmation must be another user's.
func secondPerson(t *testing.T, g guard) {
	g.allowed(t, guardrails("  fourEyes: true\n"), "apply", "-f", "-")
	g.becomes(t, "True", "in force")
	g.confirmed(t, "sts/web", "delete")
	deletion := []string{"delete", "statefulset", "web", "--dry-run=server"}
	g.says(t, true, "", []string{"[cascade-delete]", "a second person must run (your own confirmation does not count)"},
		append(g.as(t, "alice"), deletion...)...)
	g.warned(t, "cascade-delete", append(g.as(t, "bob"), deletion...)...)
}
