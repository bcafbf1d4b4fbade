package bench_test

import (
	"encoding/json"
	"flag"
	"maps"
	"math"
	"os"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/engine/lazy"
	"github.com/stateward/stateward/test/builders"
)

var update = flag.Bool("update", false, "write the baseline")

const (
	baselineFile = "allocations.json"
	// tolerance is what caches and pools may make of it, as a part.
	tolerance = 0.05
)

// TestAllocationsEqualTheBaseline is a gate for speed that does not depend on the load of the machine: allocations are most
// of a decision's cost and equal everywhere. After an improvement, record the new numbers with `make bench-check UPDATE=1`.
func TestAllocationsEqualTheBaseline(t *testing.T) {
	got := map[string]float64{}
	decider, inv := newEngine(t)
	for _, each := range reviews() {
		request := recorded(t, each)
		got["decide "+each.name] = testing.AllocsPerRun(20, func() {
			if _, err := decider.Decide(t.Context(), request, inv); err != nil {
				t.Fatal(err)
			}
		})
	}
	quiet := quietUpdate(t)
	got["decide quiet update"] = testing.AllocsPerRun(20, func() {
		if decision, err := decider.Decide(t.Context(), quiet, inv); err != nil || len(decision.Findings) > 0 || decision.Exempt != "" {
			t.Fatal(err, decision)
		}
	})
	for _, name := range []string{"update", "delete"} {
		index := slices.IndexFunc(reviews(), func(each review) bool { return each.name == name })
		text := read(t, reviews()[index].file)
		got["parse "+name] = testing.AllocsPerRun(20, func() {
			if _, err := lazy.ParseObject(text); err != nil {
				t.Fatal(err)
			}
		})
	}
	if *update {
		write(t, got)
	}
	compare(t, got)
}

// quietUpdate is the recorded update with a change on which no rule has a finding.
func quietUpdate(t *testing.T) engine.Request {
	t.Helper()
	request := recorded(t, reviews()[0])
	var set appsv1.StatefulSet
	if err := json.Unmarshal(request.Object, &set); err != nil {
		t.Fatal(err)
	}
	pod := &set.Spec.Template.Spec
	pod.Containers[0].ReadinessProbe = &corev1.Probe{ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(80)}}}
	request.OldObject = builders.JSON(&set)
	grace := *pod.TerminationGracePeriodSeconds + 10
	pod.TerminationGracePeriodSeconds = &grace
	request.Object = builders.JSON(&set)
	return request
}

func write(t *testing.T, allocations map[string]float64) {
	t.Helper()
	for what, count := range allocations {
		allocations[what] = math.Round(count)
	}
	encoded, err := json.MarshalIndent(allocations, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(baselineFile, append(encoded, '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
}

func compare(t *testing.T, got map[string]float64) {
	t.Helper()
	encoded, err := os.ReadFile(baselineFile)
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]float64
	if err := json.Unmarshal(encoded, &want); err != nil {
		t.Fatal(err)
	}
	for _, what := range slices.Sorted(maps.Keys(got)) {
		if math.Abs(got[what]-want[what]) > tolerance*want[what] {
			t.Errorf("%s: %.0f allocations, the baseline has %.0f: if that is meant, run `make bench-check UPDATE=1`", what, got[what], want[what])
		}
	}
}
