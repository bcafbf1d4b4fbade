package e2e_test

import (
	"testing"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/test/builders"
)

// membersStay deletes and evicts the pods of a set whose members vote, before and after an API server asks about them.
func membersStay(t *testing.T, g guard) {
	g = newGuard(t, g.Environment)
	g.allowed(t, guardrails("  rules: [{id: pods-at-once, action: deny}]\n"), "apply", "-f", "-")
	g.becomes(t, "True", "in force")
	set := builders.MakeStatefulSet().Replicas(3)
	set.Labels = map[string]string{"stateward.dev/quorum": "true"}
	g.create(t, set)
	g.settled(t, 3)
	all := []string{"delete", "pod", "-l", "app=nginx", "--wait=false"}
	g.allowed(t, "", append(all, "--dry-run=server")...)
	g.asksAbout(t, "pods-at-once")

	// Pods that terminate stay, so that no new ones become Ready in between.
	hold := func(finalizers string) {
		for _, pod := range []string{"web-0", "web-1", "web-2"} {
			g.allowed(t, "", "patch", "pod", pod, "--type=merge", "-p", `{"metadata":{"finalizers":`+finalizers+`}}`)
		}
	}
	hold(`["example.com/hold"]`)
	g.allowed(t, "", "delete", "pod", "web-0", "--wait=false")
	// An API server follows its configuration a little later.
	g.eventuallySays(t, true, "[pods-at-once]", "delete", "pod", "web-1", "--dry-run=server")
	hold("[]")
	g.settled(t, 3)
	hold(`["example.com/hold"]`)
	g.says(t, true, "", []string{
		`pod "web-0" deleted`,
		`[pods-at-once] metadata.name: without "web-1", StatefulSet "web" has 1 of 3 members Ready, fewer than the majority of 2; not Ready: web-0.`,
		`[pods-at-once] metadata.name: without "web-2", StatefulSet "web" has 1 of 3 members Ready`,
	}, all...)
	eviction := `{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"web-2","namespace":"` + g.namespace + `"}}`
	evict := []string{"create", "--raw", "/api/v1/namespaces/" + g.namespace + "/pods/web-2/eviction", "-f", "-"}
	g.says(t, true, eviction, []string{"[pods-at-once]", `without "web-2"`}, evict...)

	hold("[]")
	g.settled(t, 3)
	g.allowed(t, eviction, evict...)
	g.settled(t, 3)
	// The cache may not know yet that web-2 is Ready, which would be a word about the rollout.
	g.allowed(t, "", append(breakGlass(), "rollout", "restart", "statefulset", "web")...)
	g.allowed(t, "", "rollout", "status", "statefulset", "web", "--timeout=60s")
}

// asksAbout registers a rule that an API server asks about only then.
func (g guard) asksAbout(t *testing.T, rule string) {
	t.Helper()
	library, err := policies.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	must(t, g.OptIn(t.Context(), library, rule))
}
