package e2e_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/cluster"
)

// trial is a rule at work on a StatefulSet that runs: a command that it is about, and a neighbour of it that is fine.
type trial struct {
	set *builders.StatefulSet
	// beside are there before, by the hand that no rule stops.
	beside    []any
	command   []string
	warns     bool
	neighbour []string
}

// onRunning are the rules that guard what runs; creations are those that speak when something is made.
func onRunning() map[string]trial {
	return map[string]trial{
		"partition-range": {
			set:       builders.MakeStatefulSet().Partition(2),
			command:   []string{"scale", "statefulset", "web", "--replicas=1"},
			neighbour: []string{"scale", "statefulset", "web", "--replicas=2"},
		},
		"image-tag": {
			set:       builders.MakeStatefulSet().Partition(2),
			command:   []string{"set", "image", "statefulset/web", "nginx=nginx"},
			neighbour: []string{"set", "image", "statefulset/web", "nginx=nginx:1.27.5"},
		},
		"image-change": {
			set:       builders.MakeStatefulSet().Partition(2),
			command:   []string{"set", "image", "statefulset/web", "nginx=nginx:2.0.0"},
			neighbour: []string{"set", "image", "statefulset/web", "nginx=nginx:1.28.0"},
		},
		"service-in-use": {
			set:       builders.MakeStatefulSet(),
			command:   []string{"patch", "service", "nginx", "-p", `{"spec":{"selector":{"app":"other"}}}`},
			neighbour: []string{"patch", "service", "nginx", "-p", `{"spec":{"publishNotReadyAddresses":true}}`},
		},
		"owner-reference": {
			set: builders.MakeStatefulSet(),
			command: []string{"patch", "statefulset", "web", "-p",
				`{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"gone","uid":"0"}]}}`},
			neighbour: []string{"annotate", "statefulset", "web", "example.com/note=hello"},
		},
		"claim-in-use": {
			set:       withClaim(builders.MakeStatefulSet()),
			command:   []string{"delete", "pvc", "www-web-0", "--wait=false"},
			neighbour: []string{"label", "pvc", "www-web-0", "team=data"},
		},
		"ordinals-start": {
			set:       builders.MakeStatefulSet(),
			command:   []string{"patch", "statefulset", "web", "-p", `{"spec":{"ordinals":{"start":5}}}`},
			neighbour: []string{"patch", "statefulset", "web", "-p", `{"spec":{"minReadySeconds":1}}`},
		},
		"retention-policy": {
			set: withClaim(builders.MakeStatefulSet()),
			command: []string{"patch", "statefulset", "web", "-p",
				`{"spec":{"persistentVolumeClaimRetentionPolicy":{"whenDeleted":"Delete"}}}`},
			neighbour: []string{"patch", "statefulset", "web", "-p",
				`{"spec":{"persistentVolumeClaimRetentionPolicy":{"whenDeleted":"Retain"}}}`},
		},
		"scale-to-zero": {
			set:       builders.MakeStatefulSet(),
			command:   []string{"scale", "statefulset", "web", "--replicas=0"},
			warns:     true,
			neighbour: []string{"scale", "statefulset", "web", "--replicas=1"},
		},
		"scale-down-data": {
			set:       deletesClaims(withClaim(builders.MakeStatefulSet())),
			command:   []string{"scale", "statefulset", "web", "--replicas=2"},
			neighbour: []string{"scale", "statefulset", "web", "--replicas=4"},
		},
		"protected-labels": {
			set:       labelled(builders.MakeStatefulSet()),
			command:   []string{"label", "statefulset", "web", "stateward.dev/quorum-"},
			neighbour: []string{"label", "statefulset", "web", "team=data"},
		},
		"quorum": {
			set:       labelled(builders.MakeStatefulSet()),
			command:   []string{"scale", "statefulset", "web", "--replicas=2"},
			neighbour: []string{"scale", "statefulset", "web", "--replicas=5"},
		},
		"on-delete": {
			set:       onDelete(builders.MakeStatefulSet()),
			command:   []string{"set", "image", "statefulset/web", "nginx=nginx:1.27.5"},
			warns:     true,
			neighbour: []string{"scale", "statefulset", "web", "--replicas=4"},
		},
		"service-ports": {
			beside:    []any{toPort("named", "admin")},
			set:       builders.MakeStatefulSet().Service("named"),
			command:   []string{"patch", "statefulset", "web", "-p", `{"spec":{"minReadySeconds":1}}`},
			warns:     true,
			neighbour: []string{"annotate", "statefulset", "web", "example.com/note=hello"},
		},
		"readiness-gate": {
			set: builders.MakeStatefulSet(),
			command: []string{"patch", "statefulset", "web", "-p",
				`{"spec":{"template":{"spec":{"containers":[{"name":"nginx","readinessProbe":null}]}}}}`},
			warns:     true,
			neighbour: []string{"scale", "statefulset", "web", "--replicas=4"},
		},
		"revision-history": {
			set:       builders.MakeStatefulSet(),
			command:   []string{"patch", "statefulset", "web", "-p", `{"spec":{"revisionHistoryLimit":0}}`},
			warns:     true,
			neighbour: []string{"patch", "statefulset", "web", "-p", `{"spec":{"revisionHistoryLimit":1}}`},
		},
		"spread": {
			set: builders.MakeStatefulSet(),
			command: []string{"patch", "statefulset", "web", "-p",
				`{"spec":{"template":{"spec":{"topologySpreadConstraints":null}}}}`},
			warns:     true,
			neighbour: []string{"scale", "statefulset", "web", "--replicas=4"},
		},
		"budget-in-use": {
			beside:    []any{budget("web")},
			set:       builders.MakeStatefulSet(),
			command:   []string{"delete", "pdb", "web"},
			neighbour: []string{"label", "pdb", "web", "team=data"},
		},
		"data-path": {
			set: withClaim(builders.MakeStatefulSet()),
			command: []string{"patch", "statefulset", "web", "--type=json", "-p",
				`[{"op":"replace","path":"/spec/template/spec/containers/0/volumeMounts/0/mountPath","value":"/elsewhere"}]`},
			neighbour: []string{"patch", "statefulset", "web", "-p", `{"spec":{"minReadySeconds":1}}`},
		},
		"grace-period": {
			set: withClaim(builders.MakeStatefulSet()),
			command: []string{"patch", "statefulset", "web", "-p",
				`{"spec":{"template":{"spec":{"terminationGracePeriodSeconds":0}}}}`},
			neighbour: []string{"patch", "statefulset", "web", "-p", `{"spec":{"minReadySeconds":1}}`},
		},
		"minor-steps": {
			set:       mountedAt("/qdrant/storage", builders.MakeStatefulSet().Image("qdrant/qdrant:v1.10.0").Partition(2)),
			command:   []string{"set", "image", "statefulset/web", "nginx=qdrant/qdrant:v1.13.0"},
			warns:     true,
			neighbour: []string{"set", "image", "statefulset/web", "nginx=qdrant/qdrant:v1.11.0"},
		},
		"pod-labels": {
			set:       builders.MakeStatefulSet(),
			command:   []string{"label", "pod", "web-0", "app-"},
			neighbour: []string{"label", "pod", "web-0", "team=data"},
		},
		"scale-down": {
			set:       withClaim(builders.MakeStatefulSet()),
			command:   []string{"scale", "statefulset", "web", "--replicas=2"},
			warns:     true,
			neighbour: []string{"scale", "statefulset", "web", "--replicas=4"},
		},
		"disruption-budget": {
			set:       builders.MakeStatefulSet().Replicas(1),
			command:   []string{"scale", "statefulset", "web", "--replicas=3"},
			warns:     true,
			neighbour: []string{"scale", "statefulset", "web", "--replicas=1"},
		},
	}
}

// elsewhere are the rules and mutations that need a story of their own.
func elsewhere() map[string]func(*testing.T) {
	return map[string]func(*testing.T){
		"auto-canary":         TestRolloutsWaitForTheirCanaries,
		"canary-first":        TestRolloutsWaitForTheirCanaries,
		"canary-progress":     TestRolloutsWaitForTheirCanaries,
		"rollout-in-progress": TestRolloutsWaitForTheirCanaries,
		"stuck-rollout":       TestRolloutsWaitForTheirCanaries,
		"rollout-group":       TestRolloutGroupsRollOneAfterTheOther,
		"rollout-hold":        TestRolloutGroupsRollOneAfterTheOther,
		"cascade-delete":      TestInvariants,
		// Rules of audits are asked by no request.
		"claim-drift":           TestAuditFindsEachFault,
		"confirmation-in-force": TestAuditFindsEachFault,
		"exception-end":         TestAuditFindsEachFault,
		"exception-unused":      TestAuditFindsEachFault,
		"orphaned-claim":        TestAuditFindsEachFault,
		"orphaned-pod":          TestAuditFindsEachFault,
		"stuck-pods":            TestAuditFindsEachFault,
		"volume-retention":      TestAuditFindsEachFault,

		"claim-immutable":    TestWarningsExplainImmutableFields,
		"claim-reuse":        TestClaims,
		"confirmed-by":       TestConfirmationsAreRecorded,
		"force-delete-pod":   TestPodOfAnUnreachableNodeIsGuarded,
		"four-eyes":          TestGuardrailsWithFourEyesNeedTwoPeople,
		"foreign-endpoint":   TestOptInRulesNeedGuardrails,
		"pods-at-once":       TestOptInRulesNeedGuardrails,
		"references-in-use":  TestOptInRulesNeedGuardrails,
		"node-delete":        TestOptInRulesNeedGuardrails,
		"max-replicas":       TestOptInRulesNeedGuardrails,
		"guarded-labels":     TestLabelsThatGuardrailsSelectByAreKept,
		"image-digest":       TestOptInRulesNeedGuardrails,
		"image-registry":     TestOptInRulesNeedGuardrails,
		"max-unavailable":    TestMaxUnavailableIsCheckedWhereItIsStored,
		"namespace-delete":   TestInvariants,
		"orphan-delete":      TestClaims,
		"owner-delete":       TestOwnersOfRunningSets,
		"reclaim-policy":     TestVolumesOfRunningSets,
		"revision-in-use":    TestRevisionsOfRunningSets,
		"snapshot-last-copy": TestSnapshotsRestoreData,
		"volume-attachment":  TestOptInRulesNeedGuardrails,
		"volume-claim":       TestVolumesOfRunningSets,
		"volume-in-use":      TestVolumesOfRunningSets,
		"volume-protection":  TestVolumesOfRunningSets,
		// The API server refuses what they are about, after it has asked the mutating webhooks and before the validating
		// ones; claim-mounts has advice on what it does not refuse as well, among the creations.
		"claim-mounts":      TestAPIServerRejectsInvalidSets,
		"claim-template":    TestAPIServerRejectsInvalidSets,
		"selector-template": TestAPIServerRejectsInvalidSets,
		// Recreate is an alpha feature, off unless its gate is on.
		"update-strategy": TestAPIServerRejectsInvalidSets,
		"field-types":     TestAPIServerRejectsInvalidSets,
	}
}

// TestRulesHaveACaseOnARealControlPlane requires a case for each rule and mutation: without real requests and real
// controllers, it is not known to work.
func TestRulesHaveACaseOnARealControlPlane(t *testing.T) {
	library, err := policies.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for rule := range onRunning() {
		seen[rule] = true
	}
	for rule := range elsewhere() {
		seen[rule] = true
	}
	for _, test := range creations() {
		seen[test.rule] = true
	}
	for _, rule := range library.All() {
		if !seen[rule.ID] {
			t.Errorf("%s has no case: add one to onRunning, creations or elsewhere, with a neighbour that is allowed", rule.ID)
		}
		delete(seen, rule.ID)
	}
	for rule := range seen {
		t.Errorf("there is a case of %s, and no such rule", rule)
	}
}

func TestRulesDenyOnARunningSet(t *testing.T) {
	guarded := shared(t)
	for rule, test := range onRunning() {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			g := newGuard(t, guarded)
			g.allowed(t, g.beside(t, test.beside, test.set), append(breakGlass(), "create", "-f", "-")...)
			g.settled(t, *test.set.Spec.Replicas)
			if !test.warns {
				g.denied(t, rule, test.command...)
			}
			g.allowed(t, "", test.neighbour...)
			if test.warns {
				g.warned(t, rule, test.command...)
			}
		})
	}
}

// TestMaxUnavailableIsCheckedWhereItIsStored sets a field that versions without its feature gate remove before they ask the
// validating webhook.
func TestMaxUnavailableIsCheckedWhereItIsStored(t *testing.T) {
	g := newGuard(t, shared(t))
	g.create(t, builders.MakeStatefulSet())
	patch := func(number string) []string {
		return []string{"patch", "statefulset", "web", "-p", `{"spec":{"updateStrategy":{"rollingUpdate":{"maxUnavailable":` + number + `}}}}`}
	}
	const field = "`maxUnavailable` of StatefulSets"
	if _, gates := g.VersionForTest(t); !gates.MaxUnavailable {
		cluster.Behaviour(t, field, "removed by the API server")
		g.allowed(t, "", patch("7")...)
		g.says(t, false, "", []string{"=="}, "get", "statefulset", "web", "-o", "jsonpath=={.spec.updateStrategy.rollingUpdate.maxUnavailable}=")
		return
	}
	cluster.Behaviour(t, field, "checked by max-unavailable")
	g.denied(t, "max-unavailable", patch("7")...)
	g.allowed(t, "", patch("1")...)
}

// TestWarningsExplainImmutableFields changes a field that is immutable: the API server refuses it before it asks the
// validating webhook, and shows what the mutating one says.
func TestWarningsExplainImmutableFields(t *testing.T) {
	g := newGuard(t, shared(t))
	g.create(t, withClaim(builders.MakeStatefulSet()))
	const behaviour = "API server's error about an immutable field"
	refusal := "is invalid: spec.serviceName"
	if version, _ := g.VersionForTest(t); version.Minor >= 37 {
		cluster.Behaviour(t, behaviour, "names the field")
	} else {
		cluster.Behaviour(t, behaviour, "names the fields that are not immutable")
		refusal = "is invalid: spec: Forbidden: updates to statefulset spec for fields other than 'replicas'"
	}
	g.says(t, true, "", []string{
		`Warning: [claim-immutable] spec.serviceName: "nginx" cannot become "other", the field is immutable`,
		"kubectl delete sts web -n " + g.namespace + " --cascade=orphan",
		refusal,
	}, "patch", "statefulset", "web", "-p", `{"spec":{"serviceName":"other"}}`)
}

// TestSecondBudgetIsDenied makes two budgets for one set, which Kubernetes takes and then fails every eviction.
func TestSecondBudgetIsDenied(t *testing.T) {
	g := newGuard(t, shared(t))
	g.create(t, builders.MakeStatefulSet())
	g.allowed(t, "", "create", "poddisruptionbudget", "first", "--selector=app=nginx", "--max-unavailable=1")
	eventually(t, "the second budget is denied", func(context.Context) (bool, error) {
		output, _ := g.kubectl(t, "", "create", "poddisruptionbudget", "second", "--selector=app=nginx", "--max-unavailable=1",
			"--dry-run=server")
		return strings.Contains(output, "[disruption-budget]"), nil
	})
}
