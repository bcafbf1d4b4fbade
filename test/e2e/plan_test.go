package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/stateward/stateward/test/builders"
)

// foretold is what a plan says of its only change, or what became of the pods and claims.
type foretold struct {
	Restarts      []string `json:"restarts"`
	Stops         []string `json:"stops"`
	Starts        []string `json:"starts"`
	DeletedClaims []string `json:"deletedClaims"`
}

// planned is a change to plan and to make.
type planned struct {
	// set changes the set before it is created, with three pods where it says nothing else.
	set func(*builders.StatefulSet)
	// plan and act are the same change for stateward and kubectl.
	plan, act []string
	// left is how many pods the set has afterwards, none where it is gone.
	left int32
	// rules deny the change or warn of it.
	rules []string
}

// randomPlans is how many changes are drawn beside the chosen ones.
const randomPlans = 21

// TestPlansOfALiveClusterMatchReality plans a change, makes it past the rules, and compares which pods and claims went, came and
// were replaced.
func TestPlansOfALiveClusterMatchReality(t *testing.T) {
	guarded := shared(t)
	tests := chosenPlans()
	for seed := range uint64(randomPlans) {
		tests[fmt.Sprintf("seed %d", seed)] = drawnPlan(rand.New(rand.NewPCG(seed, 0)))
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			comesTrue(t, newGuard(t, guarded), test)
		})
	}
}

func chosenPlans() map[string]planned {
	return map[string]planned{
		"a new image": {plan: []string{"--image", "sts/web=" + newImage}, act: setImage(newImage), left: 3},
		"a new image behind a partition": {
			set: func(set *builders.StatefulSet) {
				set.Spec.UpdateStrategy = appsv1.StatefulSetUpdateStrategy{
					Type: appsv1.RollingUpdateStatefulSetStrategyType, RollingUpdate: &appsv1.RollingUpdateStatefulSetStrategy{Partition: new(int32(2))},
				}
			},
			plan: []string{"--image", "sts/web=" + newImage}, act: setImage(newImage), left: 3,
		},
		"more pods": {plan: []string{"--scale", "sts/web=5"}, act: []string{"scale", "statefulset", "web", "--replicas=5"}, left: 5},
		"fewer pods, whose claims stay": {
			plan: []string{"--scale", "sts/web=1"}, act: []string{"scale", "statefulset", "web", "--replicas=1"}, left: 1,
		},
		"fewer pods, whose claims go": {
			set:  retention(appsv1.RetainPersistentVolumeClaimRetentionPolicyType, appsv1.DeletePersistentVolumeClaimRetentionPolicyType),
			plan: []string{"--scale", "sts/web=1"}, act: []string{"scale", "statefulset", "web", "--replicas=1"}, left: 1,
			rules: []string{"scale-down-data"},
		},
		"no set, and its claims stay": {
			plan: []string{"--delete", "sts/web"}, act: []string{"delete", "statefulset", "web"}, rules: []string{"cascade-delete"},
		},
		"no set, and its claims go": {
			set:  retention(appsv1.DeletePersistentVolumeClaimRetentionPolicyType, appsv1.RetainPersistentVolumeClaimRetentionPolicyType),
			plan: []string{"--delete", "sts/web"}, act: []string{"delete", "statefulset", "web"}, rules: []string{"cascade-delete"},
		},
		"no set, but its pods": {
			plan: []string{"--delete", "sts/web", "--cascade", "orphan"}, act: []string{"delete", "statefulset", "web", "--cascade=orphan"},
			rules: []string{"orphan-delete"},
		},
		"a pod less for a moment": {plan: []string{"--delete", "pod/web-1"}, act: []string{"delete", "pod", "web-1"}, left: 3},
	}
}

// drawnPlan draws a set and a change of it.
func drawnPlan(random *rand.Rand) planned {
	replicas := 1 + random.Int32N(4)
	policies := []appsv1.PersistentVolumeClaimRetentionPolicyType{
		appsv1.RetainPersistentVolumeClaimRetentionPolicyType, appsv1.DeletePersistentVolumeClaimRetentionPolicyType,
	}
	start, partition, parallel := random.Int32N(2)*3, random.Int32N(2)*random.Int32N(replicas+1), random.IntN(2) == 0
	kept := retention(policies[random.IntN(2)], policies[random.IntN(2)])
	test := planned{left: replicas, set: func(set *builders.StatefulSet) {
		set.Spec.Replicas = &replicas
		set.Spec.Ordinals = &appsv1.StatefulSetOrdinals{Start: start}
		set.Spec.UpdateStrategy = appsv1.StatefulSetUpdateStrategy{
			Type: appsv1.RollingUpdateStatefulSetStrategyType, RollingUpdate: &appsv1.RollingUpdateStatefulSetStrategy{Partition: &partition},
		}
		if parallel {
			set.Spec.PodManagementPolicy = appsv1.ParallelPodManagement
		}
		kept(set)
	}}
	switch random.IntN(4) {
	case 0:
		test.plan, test.act = []string{"--image", "sts/web=" + newImage}, setImage(newImage)
	case 1:
		test.left = (replicas + 1 + random.Int32N(4)) % 5
		test.plan = []string{"--scale", fmt.Sprintf("sts/web=%d", test.left)}
		test.act = []string{"scale", "statefulset", "web", fmt.Sprintf("--replicas=%d", test.left)}
	case 2:
		cascade := []string{"background", "foreground", "orphan"}[random.IntN(3)]
		test.plan = []string{"--delete", "sts/web", "--cascade", cascade}
		test.act = []string{"delete", "statefulset", "web", "--cascade=" + cascade}
		test.left = 0
	default:
		pod := fmt.Sprintf("web-%d", start+random.Int32N(replicas))
		test.plan, test.act = []string{"--delete", "pod/" + pod}, []string{"delete", "pod", pod}
	}
	return test
}

func comesTrue(t *testing.T, g guard, test planned) {
	set := withClaim(builders.MakeStatefulSet().Image(oldImage))
	if test.set != nil {
		test.set(set)
	}
	replicas := *set.Spec.Replicas
	g.create(t, set)
	g.settled(t, replicas)
	want, rules := g.planned(t, test.plan...)
	t.Logf("%v of %d pods: %+v", test.plan, replicas, want)
	for _, rule := range test.rules {
		if !slices.Contains(rules, rule) {
			t.Errorf("the plan lists the rules %v without %s", rules, rule)
		}
	}
	pods, claims := g.pods(t), g.claims(t)
	g.says(t, false, "", nil, append(breakGlass(), test.act...)...)
	var got foretold
	defer func() {
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%v of %d pods (-plan +outcome):\n%s", test.plan, replicas, diff)
		}
	}()
	eventually(t, "it comes as foretold", func(ctx context.Context) (bool, error) {
		settled, err := g.hasSettled(ctx, test.left)
		got = compared(pods, g.pods(t), claims, g.claims(t))
		return settled && cmp.Equal(want, got, cmpopts.EquateEmpty()), err
	})
}

func retention(deleted, scaled appsv1.PersistentVolumeClaimRetentionPolicyType) func(*builders.StatefulSet) {
	return func(set *builders.StatefulSet) {
		set.Spec.PersistentVolumeClaimRetentionPolicy = &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{
			WhenDeleted: deleted, WhenScaled: scaled,
		}
	}
}

// planned runs `stateward plan` against the cluster.
func (g guard) planned(t *testing.T, arguments ...string) (want foretold, rules []string) {
	t.Helper()
	output, code := g.stateward(t, "admin", append([]string{"plan", "-o", "json"}, arguments...)...)
	if code != 2 {
		t.Fatalf("exit code %d: %s", code, output)
	}
	var plan struct {
		Changes []struct {
			Summary  foretold
			Findings []struct{ Rule string }
		}
	}
	if err := json.Unmarshal([]byte(output), &plan); err != nil || len(plan.Changes) != 1 {
		t.Fatalf("%v: %s", err, output)
	}
	for _, finding := range plan.Changes[0].Findings {
		rules = append(rules, finding.Rule)
	}
	want = plan.Changes[0].Summary
	for _, names := range [][]string{want.Restarts, want.Stops, want.Starts, want.DeletedClaims} {
		slices.Sort(names)
	}
	return want, rules
}

// hasSettled reports whether the controller has seen the last change and has nothing left to do.
func (g guard) hasSettled(ctx context.Context, replicas int32) (bool, error) {
	set, err := g.set(ctx)
	if apierrors.IsNotFound(err) {
		return replicas == 0, nil
	}
	if err != nil {
		return false, err
	}
	return set.Status.ObservedGeneration == set.Generation && set.Status.ReadyReplicas == replicas && set.Status.Replicas == replicas, nil
}

// compared says what became of pods and claims. A pod that has another uid was replaced.
func compared(podsBefore, podsAfter, claimsBefore, claimsAfter map[string]types.UID) (got foretold) {
	for name, uid := range podsBefore {
		switch after, there := podsAfter[name]; {
		case !there:
			got.Stops = append(got.Stops, name)
		case after != uid:
			got.Restarts = append(got.Restarts, name)
		}
	}
	for name := range podsAfter {
		if _, there := podsBefore[name]; !there {
			got.Starts = append(got.Starts, name)
		}
	}
	for name := range claimsBefore {
		if _, there := claimsAfter[name]; !there {
			got.DeletedClaims = append(got.DeletedClaims, name)
		}
	}
	for _, names := range [][]string{got.Restarts, got.Stops, got.Starts, got.DeletedClaims} {
		slices.Sort(names)
	}
	return got
}
