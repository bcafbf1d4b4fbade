package e2e_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/environment"
)

// foretold is what a plan says, or what became of pods, claims, volumes and DNS names.
type foretold struct {
	Restarts      []string `json:"restarts"`
	Stops         []string `json:"stops"`
	Starts        []string `json:"starts"`
	DeletedClaims []string `json:"deletedClaims"`
	Lost          []string `json:"lost"`
	Kept          []string `json:"kept"`
	Unclear       []string `json:"unclear"`
	NamesGone     []string `json:"namesGone"`
	NewNames      []string `json:"newNames"`
}

func (f foretold) sorted() foretold {
	for _, names := range [][]string{f.Restarts, f.Stops, f.Starts, f.DeletedClaims, f.Lost, f.Kept, f.Unclear, f.NamesGone, f.NewNames} {
		slices.Sort(names)
	}
	return f
}

// planned is a change to plan and to make.
type planned struct {
	// set changes the set before it is created, with three pods where it says nothing else.
	set func(*builders.StatefulSet)
	// broken is a pod whose image is missing when the change is planned.
	broken string
	// publishes gives names to pods that are not Ready, too.
	publishes bool
	// plan and act are the same change for stateward and kubectl.
	plan, act []string
	// restart is a pod that is deleted after the change, which waits for that.
	restart string
	// left is how many pods the set has afterwards, none where it is gone.
	left int32
	// rules deny the change or warn of it.
	rules []string
}

var (
	randomPlans = flag.Int("plans", 30, "`number` of random changes to plan and to make, beside the chosen ones")
	planSeed    = flag.Uint64("plan-seed", 0, "`seed` of the first of these")
)

// TestPlansOfALiveClusterMatchReality plans a change, makes it past the rules, and compares which pods and claims went, came and
// were replaced, which volumes are still there, and which names CoreDNS knows.
func TestPlansOfALiveClusterMatchReality(t *testing.T) {
	guarded := shared(t)
	_, binary := environment.BinaryForTest(t)
	tests := chosenPlans()
	for seed := range uint64(*randomPlans) {
		tests[fmt.Sprintf("seed %d", *planSeed+seed)] = drawnPlan(rand.New(rand.NewPCG(*planSeed+seed, 0)))
	}
	var seen tally
	begun := time.Now()
	t.Run("plans", func(t *testing.T) {
		for name, test := range tests {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				seen.add(comesTrue(t, newGuard(t, guarded), binary, test))
			})
		}
	})
	t.Logf("%d plans came true in %s: %+v", seen.plans, time.Since(begun).Round(time.Second), seen.what)
}

// tally counts what all plans foretold.
type tally struct {
	sync.Mutex
	plans int
	what  map[string]int
}

func (c *tally) add(came foretold, end string) {
	c.Lock()
	defer c.Unlock()
	if c.what == nil {
		c.what = map[string]int{}
	}
	c.plans++
	c.what["end "+end]++
	for name, list := range map[string][]string{
		"restarts": came.Restarts, "stops": came.Stops, "starts": came.Starts, "deleted claims": came.DeletedClaims,
		"lost volumes": came.Lost, "kept volumes": came.Kept, "names gone": came.NamesGone, "new names": came.NewNames,
	} {
		c.what[name] += len(list)
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
		"the way back from a bad image": {
			plan: []string{"--image", "sts/web=" + oldImage}, act: setImage(oldImage), broken: "web-2", left: 2,
		},
		"the way back from a bad image of a Parallel set": {
			set:  func(set *builders.StatefulSet) { set.Spec.PodManagementPolicy = appsv1.ParallelPodManagement },
			plan: []string{"--image", "sts/web=" + oldImage}, act: setImage(oldImage), broken: "web-2", left: 3,
		},
		"the way back from a bad image while all pods have names": {
			plan: []string{"--image", "sts/web=" + oldImage}, act: setImage(oldImage), broken: "web-2", publishes: true, left: 2,
		},
		"no Service while all pods have names": {
			plan: []string{"--delete", "svc/nginx"}, act: []string{"delete", "service", "nginx"}, broken: "web-2", publishes: true, left: 2,
		},
		"no Service": {plan: []string{"--delete", "svc/nginx"}, act: []string{"delete", "service", "nginx"}, left: 3, rules: []string{"service-in-use"}},
		"a claim that is kept in use": {
			set: retained, plan: []string{"--delete", "pvc/www-web-1"}, act: []string{"delete", "pvc", "www-web-1", "--wait=false"}, restart: "web-1", left: 3,
			rules: []string{"claim-in-use"},
		},
		"a volume that is kept in use": {
			plan: []string{"--delete", "pv/VOLUME"}, act: []string{"delete", "persistentvolume", "VOLUME", "--wait=false"}, left: 3, rules: []string{"volume-in-use"},
		},
		"no namespace": {plan: []string{"--delete", "ns/NAMESPACE"}, act: []string{"delete", "namespace", "NAMESPACE", "--wait=false"}, rules: []string{"namespace-delete"}},
	}
}

// comesTrue returns what came, and the end that the plan named.
func comesTrue(t *testing.T, g guard, binary string, test planned) (came foretold, end string) {
	set := withClaim(builders.MakeStatefulSet().Image(oldImage))
	if test.set != nil {
		test.set(set)
	}
	replicas := *set.Spec.Replicas
	g.create(t, set)
	eventually(t, "the pods are available", func(ctx context.Context) (bool, error) {
		created, err := g.set(ctx)
		return err == nil && created.Status.AvailableReplicas == replicas, err
	})
	nameless := test.broken
	if test.publishes {
		g.act(t, []string{"patch", "service", "nginx", "-p", `{"spec":{"publishNotReadyAddresses":true}}`})
		nameless = ""
	}
	if test.broken != "" {
		g.breaks(t, test.broken)
	}
	before := g.resolved(t, nameless)
	want, end, rules := g.planned(t, binary, test.plan...)
	t.Logf("%v of %d pods: %s, %+v", test.plan, replicas, end, want)
	for _, rule := range test.rules {
		if !slices.Contains(rules, rule) {
			t.Errorf("the plan lists the rules %v without %s", rules, rule)
		}
	}
	g.act(t, test.act)
	if test.restart != "" {
		g.act(t, []string{"delete", "pod", test.restart})
		want.Restarts = append(want.Restarts, test.restart)
	}
	defer func() {
		if diff := cmp.Diff(want, came, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%v of %d pods (-plan +outcome):\n%s", test.plan, replicas, diff)
		}
	}()
	eventually(t, "it comes as foretold", func(ctx context.Context) (bool, error) {
		settled, err := g.hasSettled(ctx, test.left)
		came = compared(before, g.observe(t, before.names))
		return settled && cmp.Equal(want, came, cmpopts.EquateEmpty()), err
	})
	// What happens too much may come later.
	time.Sleep(time.Second)
	came = compared(before, g.observe(t, before.names))
	g.cleanUp(t, came.Kept)
	return came, end
}

// act runs kubectl as an administrator whom the rules do not stop.
func (g guard) act(t *testing.T, arguments []string) {
	t.Helper()
	g.says(t, false, "", nil, append(breakGlass(), g.named(t, arguments)...)...)
}

// named replaces NAMESPACE, and VOLUME by the volume of the first claim.
func (g guard) named(t *testing.T, arguments []string) (named []string) {
	t.Helper()
	for _, argument := range arguments {
		if strings.Contains(argument, "VOLUME") {
			claim, err := g.Client.CoreV1().PersistentVolumeClaims(g.namespace).Get(t.Context(), "www-web-0", metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			argument = strings.ReplaceAll(argument, "VOLUME", claim.Spec.VolumeName)
		}
		named = append(named, strings.ReplaceAll(argument, "NAMESPACE", g.namespace))
	}
	return named
}

// cleanUp makes room for the next of many plans.
func (g guard) cleanUp(t *testing.T, volumes []string) {
	t.Helper()
	g.act(t, []string{"delete", "namespace", g.namespace, "--wait=false", "--ignore-not-found"})
	for _, volume := range volumes {
		g.act(t, []string{"delete", "persistentvolume", volume, "--wait=false"})
	}
}

// planned runs `stateward plan` against the cluster.
func (g guard) planned(t *testing.T, binary string, arguments ...string) (want foretold, end string, rules []string) {
	t.Helper()
	output, code := g.runAs(t, binary, g.kubeconfig(t, "admin"), append([]string{"plan", "-o", "json"}, g.named(t, arguments)...)...)
	if code != 2 {
		t.Fatalf("exit code %d: %s", code, output)
	}
	var plan struct {
		Summary foretold
		Changes []struct {
			End      struct{ Kind string }
			Findings []struct{ Rule string }
		}
	}
	if err := json.Unmarshal([]byte(output), &plan); err != nil || len(plan.Changes) == 0 {
		t.Fatalf("%v: %s", err, output)
	}
	for _, change := range plan.Changes {
		for _, finding := range change.Findings {
			rules = append(rules, finding.Rule)
		}
	}
	return plan.Summary.sorted(), plan.Changes[0].End.Kind, rules
}

// hasSettled reports whether the controller has seen the last change and has nothing left to do.
func (g guard) hasSettled(ctx context.Context, ready int32) (bool, error) {
	set, err := g.set(ctx)
	if apierrors.IsNotFound(err) {
		return ready == 0, nil
	}
	if err != nil {
		return false, err
	}
	return set.Status.ObservedGeneration == set.Generation && set.Status.ReadyReplicas == ready, nil
}

func retention(deleted, scaled appsv1.PersistentVolumeClaimRetentionPolicyType) func(*builders.StatefulSet) {
	return func(set *builders.StatefulSet) {
		set.Spec.PersistentVolumeClaimRetentionPolicy = &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{
			WhenDeleted: deleted, WhenScaled: scaled,
		}
	}
}
