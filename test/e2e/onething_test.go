package e2e_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stateward/stateward/test/builders"
)

const (
	deletesWithSet = `{"spec":{"persistentVolumeClaimRetentionPolicy":{"whenDeleted":"Delete","whenScaled":"Retain"}}}`
	anotherStart   = `{"spec":{"ordinals":{"start":5},"persistentVolumeClaimRetentionPolicy":{"whenDeleted":"Delete","whenScaled":"Retain"}}}`
)

// TestConfirmationsFitOneThing pastes what denials print, and tries what was not confirmed.
func TestConfirmationsFitOneThing(t *testing.T) {
	guarded := shared(t)
	for name, holds := range map[string]func(*testing.T, guard){
		"for its rule, and once":         forItsRule,
		"for all that one request needs": forAllOfARequest,
		"for what a deletion takes":      forWhatIsLost,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGuard(t, guarded)
			g.create(t, withClaim(builders.MakeStatefulSet().Replicas(1).Image("nginx:1.27.4")))
			g.settled(t, 1)
			holds(t, g)
		})
	}
}

func forItsRule(t *testing.T, g guard) {
	change := setImage("nginx:3.0.0")
	g.pasted(t, change...)
	g.says(t, true, "", []string{"[retention-policy]", "or confirm it too (image-change is confirmed): "}, g.patch(deletesWithSet)...)
	g.warned(t, "image-change", change...)
	g.says(t, true, "", []string{"[image-change]", "or confirm it again (it was confirmed for generation 1, which is now 2): "},
		setImage("nginx:5.0.0")...)
	g.pasted(t, setImage("nginx:5.0.0")...)
	g.warned(t, "image-change", setImage("nginx:5.0.0")...)
}

func forAllOfARequest(t *testing.T, g guard) {
	change := g.patch(anotherStart)
	command := g.pasted(t, change...)
	if !strings.Contains(command, "confirm-rules=ordinals-start,retention-policy ") {
		t.Errorf("the command is %s", command)
	}
	g.warned(t, "retention-policy", change...)
}

func forWhatIsLost(t *testing.T, g guard) {
	deletion := []string{"delete", "statefulset", "web"}
	g.pasted(t, deletion...)
	g.says(t, false, "", nil, append([]string{"--as=admin", "--as-group=stateward:breakglass", "--as-group=system:masters"}, g.patch(deletesWithSet)...)...)
	g.says(t, true, "", []string{"or confirm it again (it was confirmed for whenDeleted Retain, which is now Delete): "}, deletion...)
}

func (g guard) patch(change string) []string {
	return []string{"patch", "statefulset", "web", "--type=merge", "-p", change}
}

// pasted runs the command that a denial ends with, which is the same each time, and returns it.
func (g guard) pasted(t *testing.T, denied ...string) string {
	t.Helper()
	way := regexp.MustCompile(`kubectl (annotate .* stateward\.dev/confirm-for=10m)\n`)
	first, code := g.kubectl(t, "", denied...)
	second, _ := g.kubectl(t, "", denied...)
	found := way.FindStringSubmatch(first)
	if code == 0 || found == nil || !strings.Contains(second, found[0]) {
		t.Fatalf("kubectl %v: exit code %d, and no command that stays the same:\n%s%s", denied, code, first, second)
	}
	g.warned(t, "confirmed-by", strings.Fields(found[1])...)
	return found[1]
}
