package e2e_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/stateward/stateward/test/builders"
)

const (
	deletesWithSet = `{"spec":{"persistentVolumeClaimRetentionPolicy":{"whenDeleted":"Delete","whenScaled":"Retain"}}}`
	anotherStart   = `{"spec":{"ordinals":{"start":5},"persistentVolumeClaimRetentionPolicy":{"whenDeleted":"Delete","whenScaled":"Retain"}}}`
)

// TestConfirmationsCoverOneOperation pastes what denials print, and tries what was not confirmed.
func TestConfirmationsCoverOneOperation(t *testing.T) {
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

// TestConfirmationsOfDataLossNameTheirRules uses the form without rules, which is deprecated.
func TestConfirmationsOfDataLossNameTheirRules(t *testing.T) {
	guarded := shared(t)
	for name, holds := range map[string]func(*testing.T, guard){
		"a deletion without rules is not confirmed":     unnamedDeletion,
		"a scale-down without rules is deprecated":      unnamedScale,
		"a deletion is for the claims that go":          forTheClaimsThatGo,
		"a service account confirms by its own request": serviceAccountConfirms,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			holds(t, newGuard(t, guarded))
		})
	}
}

const unnamedWarning = `"admin" names no rules (deprecated), so loss of data is not confirmed: `

func (g guard) unnamed(t *testing.T, operation string) {
	t.Helper()
	g.says(t, false, "", []string{unnamedWarning}, "annotate", "statefulset", "web", "--overwrite", confirmAnnotation+"="+operation, "stateward.dev/confirm-for=10m")
}

func unnamedDeletion(t *testing.T, g guard) {
	g.create(t, withClaim(builders.MakeStatefulSet().Replicas(1)))
	g.settled(t, 1)
	g.unnamed(t, "delete")
	deletion := []string{"delete", "statefulset", "web"}
	g.says(t, true, "", []string{
		"[cascade-delete]",
		"or confirm it too (the confirmation names no rules, and this rule is about loss of data): kubectl annotate statefulset web -n " + g.namespace,
	}, deletion...)
	g.pasted(t, deletion...)
	g.warned(t, "cascade-delete", deletion...)
}

func unnamedScale(t *testing.T, g guard) {
	set := builders.MakeStatefulSet().Replicas(3)
	set.Labels = map[string]string{"stateward.dev/quorum": "true"}
	g.create(t, set)
	g.settled(t, 3)
	down := []string{"scale", "statefulset", "web", "--replicas=1"}
	g.denied(t, "quorum", down...)
	g.unnamed(t, "scale")
	g.says(t, false, "", []string{"[quorum]", "confirmed (deprecated: without stateward.dev/confirm-rules): "}, down...)
}

func forTheClaimsThatGo(t *testing.T, g guard) {
	set := withClaim(builders.MakeStatefulSet().Replicas(1))
	set.Spec.PersistentVolumeClaimRetentionPolicy = &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{
		WhenDeleted: appsv1.DeletePersistentVolumeClaimRetentionPolicyType,
		WhenScaled:  appsv1.RetainPersistentVolumeClaimRetentionPolicyType,
	}
	g.create(t, set)
	g.settled(t, 1)
	deletion := []string{"delete", "statefulset", "web"}
	g.pasted(t, deletion...)
	g.says(t, false, "", nil, "scale", "statefulset", "web", "--replicas=2")
	g.settled(t, 2)
	g.says(t, true, "", []string{
		"[cascade-delete]", "or confirm it again (it was confirmed when 1 claim would go with it, and now it is 2): kubectl annotate",
	}, deletion...)
	g.pasted(t, deletion...)
	g.warned(t, "cascade-delete", deletion...)
}

// serviceAccountConfirms upgrades as a chart that renders the confirmation does, and then confirms as a script does.
func serviceAccountConfirms(t *testing.T, g guard) {
	g.create(t, withClaim(builders.MakeStatefulSet().Replicas(1).Image("nginx:1.27.4")))
	g.settled(t, 1)
	const marks = `"annotations":{"stateward.dev/confirm":"delete","stateward.dev/confirm-rules":"cascade-delete","stateward.dev/confirm-for":"10m"}`
	deployer := g.as(t, "system:serviceaccount:ci:deployer")
	deletion := append(slices.Clone(deployer), "delete", "statefulset", "web", "--dry-run=server")
	upgrade := func(image, marks string) []string {
		change := fmt.Sprintf(`{"metadata":{%s},"spec":{"template":{"spec":{"containers":[{"name":"nginx","image":%q}]}}}}`, marks, image)
		return append(slices.Clone(deployer), "patch", "statefulset", "web", "-p", change)
	}
	g.says(t, false, "", []string{"confirms nothing: the same request makes other changes too"}, upgrade("nginx:1.27.5", marks)...)
	g.says(t, true, "", []string{
		"[cascade-delete]", "or confirm it again (it came with the object or with another change by a service account, which confirms nothing): kubectl annotate",
	}, deletion...)

	// A label counts as another change, and so does a whole manifest that is applied.
	g.says(t, false, "", []string{"confirms nothing: "}, append(slices.Clone(deployer), g.patch(`{"metadata":{"labels":{"a":"b"},`+marks+`}}`)...)...)
	g.denied(t, "cascade-delete", deletion...)

	// By itself it counts, and lasts through a later upgrade without the marks.
	g.warned(t, "confirmed-by", append(slices.Clone(deployer), g.patch(`{"metadata":{`+marks+`}}`)...)...)
	g.warned(t, "cascade-delete", deletion...)
	g.says(t, false, "", nil, upgrade("nginx:1.27.6", "")...)
	g.warned(t, "cascade-delete", deletion...)

	// An upgrade that renders the marks ends what a person confirmed; one that does not leaves it.
	g.confirmed(t, "sts/web", "delete")
	g.says(t, false, "", nil, upgrade("nginx:1.27.7", "")...)
	g.warned(t, "cascade-delete", deletion...)
	g.stamped(t, "statefulset/web", "alice")
	g.says(t, false, "", []string{"confirms nothing: "}, upgrade("nginx:1.27.8", marks)...)
	g.denied(t, "cascade-delete", deletion...)

	// A person may do both at once, and by a single kubectl annotate.
	g.says(t, false, "", []string{`Stateward records that "alice" confirms: delete until `}, append(g.as(t, "alice"), g.patch(`{"metadata":{"labels":{"c":"d"},`+marks+`}}`)...)...)
	g.warned(t, "cascade-delete", deletion...)
}
