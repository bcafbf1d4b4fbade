package forecast_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/policies/forecast"
)

// running is a StatefulSet db with Ready pods, each with a claim whose volume is deleted with it.
func running(replicas int) forecast.State {
	state := forecast.State{
		Gates: forecast.Gates{MaxUnavailable: true},
		Set: forecast.Set{
			Namespace: "data", Name: "db", UID: "set", Replicas: replicas, Strategy: forecast.RollingUpdate, Rolling: &forecast.Rolling{},
			Claims: []string{"data"}, Template: "one", History: 10, Service: "db", CurrentRevision: "db-1", CurrentReplicas: replicas,
		},
		Revisions: []forecast.Revision{{Name: "db-1", Number: 1, Template: "one"}},
	}
	for ordinal := range replicas {
		state.Pods = append(state.Pods, forecast.Pod{
			Ordinal: ordinal, UID: fmt.Sprint("pod-", ordinal), Revision: "db-1", Phase: forecast.Running, Ready: true, ReadySince: -100,
		})
		state.Claims = append(state.Claims, forecast.Claim{
			Name: state.Set.ClaimName("data", ordinal), Volume: fmt.Sprint("pv-", ordinal), Reclaim: forecast.ReclaimDelete,
		})
	}
	return state
}

func updated(state forecast.State, change func(*forecast.Set)) forecast.Change {
	set := state.Set
	change(&set)
	return forecast.Change{Action: forecast.UpdateSet, Set: set}
}

func newTemplate(set *forecast.Set) { set.Template = "two" }

// short writes steps as "kind object", without those that say nothing more.
func short(steps []forecast.Step) (lines []string) {
	for _, step := range steps {
		if step.Kind != forecast.PodGone {
			lines = append(lines, string(step.Kind)+" "+step.Object)
		}
	}
	return lines
}

func TestRunNamesEachStep(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		replicas int
		change   func(*forecast.State) forecast.Change
		want     []string
	}{
		"nothing": {replicas: 2, change: func(*forecast.State) forecast.Change { return forecast.Change{Action: forecast.Continue} }},
		"rollout": {
			replicas: 2, change: func(s *forecast.State) forecast.Change { return updated(*s, newTemplate) },
			want: []string{
				"revision created new revision", "pod stops db-1", "pod starts db-1", "pod ready db-1", "pod stops db-0", "pod starts db-0", "pod ready db-0",
			},
		},
		"scale down with loss": {
			replicas: 2, change: func(s *forecast.State) forecast.Change {
				return updated(*s, func(set *forecast.Set) { set.Replicas, set.DeleteWhenScaled = 1, true })
			},
			want: []string{"claim owned data-db-1", "pod stops db-1", "claim deleted data-db-1", "claim gone data-db-1", "volume deleted pv-1"},
		},
		"claim": {
			replicas: 1, change: func(*forecast.State) forecast.Change {
				return forecast.Change{Action: forecast.DeleteClaim, Name: "data-db-0"}
			},
			want: []string{"claim deleted data-db-0"},
		},
		"orphan": {
			replicas: 1, change: func(*forecast.State) forecast.Change {
				return forecast.Change{Action: forecast.DeleteSet, Propagation: forecast.Orphan}
			},
			want: []string{"set deleted db"},
		},
		"Service": {
			replicas: 1, change: func(*forecast.State) forecast.Change {
				return forecast.Change{Action: forecast.DeleteService, Name: "db"}
			},
			want: []string{"service deleted db", "name gone db-0.db.data.svc"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			state := running(test.replicas)
			got := forecast.Run(state, test.change(&state), forecast.Assumptions{})
			if diff := cmp.Diff(test.want, short(got.Steps)); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
			if got.End.Kind != forecast.Settled {
				t.Errorf("end %+v", got.End)
			}
		})
	}
}

func TestRunEnds(t *testing.T) {
	t.Parallel()
	never := forecast.Assumptions{NeverReady: []string{"two"}}
	for name, test := range map[string]struct {
		prepare func(*forecast.State)
		change  func(*forecast.Set)
		assume  forecast.Assumptions
		want    forecast.EndKind
		reason  string
		command string
	}{
		"settled": {change: newTemplate, want: forecast.Settled},
		"partition": {
			change: func(set *forecast.Set) { newTemplate(set); set.Rolling = &forecast.Rolling{Partition: 1} },
			want:   forecast.WaitsForPerson, reason: "partition 1", command: "patch statefulset db",
		},
		"OnDelete": {
			change: func(set *forecast.Set) { newTemplate(set); set.Strategy = forecast.OnDelete },
			want:   forecast.WaitsForPerson, reason: "OnDelete", command: "kubectl -n data delete pod db-0 db-1 db-2",
		},
		"bad image": {change: newTemplate, assume: never, want: forecast.Stuck, reason: "67250", command: "delete pod db-2"},
		"way back": {
			prepare: func(s *forecast.State) {
				s.Pods[2] = forecast.Pod{Ordinal: 2, UID: "bad", Revision: "db-2", Phase: forecast.Pending, Broken: true}
				s.Revisions = append(s.Revisions, forecast.Revision{Name: "db-2", Number: 2, Template: "two"})
				s.Set.Template = "two"
			},
			change: func(set *forecast.Set) { set.Template = "one" },
			want:   forecast.Stuck, reason: "waits for it before it replaces any pod (kubernetes/kubernetes#67250)", command: "kubectl -n data delete pod db-2",
		},
		"claim being deleted": {
			prepare: func(s *forecast.State) { s.Claims[1].Terminating, s.Pods[1].Ready = true, false },
			change:  newTemplate, want: forecast.Stuck, reason: "claim data-db-1 is being deleted",
		},
		"a negative partition": {
			change: func(set *forecast.Set) { set.Rolling = &forecast.Rolling{Partition: -1} }, want: forecast.Unmodelled, reason: "must not be negative",
		},
		"Recreate": {change: func(set *forecast.Set) { set.Strategy = forecast.Recreate }, want: forecast.Unmodelled, reason: "StatefulSetRecreateStrategy"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			state := running(3)
			if test.prepare != nil {
				test.prepare(&state)
			}
			end := forecast.Run(state, updated(state, test.change), test.assume).End
			if end.Kind != test.want || !strings.Contains(end.Reason, test.reason) || !strings.Contains(end.Command, test.command) {
				t.Errorf("end %+v", end)
			}
		})
	}
}

func TestRunCountsMinReadySeconds(t *testing.T) {
	t.Parallel()
	state := running(3)
	state.Set.MinReady = 10
	steps := forecast.Run(state, updated(state, newTemplate), forecast.Assumptions{}).Steps
	if at := steps[len(steps)-1].At; at != 20 && at != 30 {
		t.Errorf("three pods one after another take %d seconds", at)
	}
}

func TestGatesFollowTheVersion(t *testing.T) {
	t.Parallel()
	for version, test := range map[string]struct {
		want forecast.Gates
		note string
	}{
		"1.30":   {forecast.Gates{Before137: true}, "Kubernetes 1.30 is older than 1.34, the oldest version that the forecast is compared with"},
		"1.34.9": {forecast.Gates{Before137: true}, ""},
		"1.35.0": {forecast.Gates{MaxUnavailable: true, Before137: true}, ""},
		"1.35.3": {forecast.Gates{MaxUnavailable: true, Before137: true}, ""},
		"1.35.4": {forecast.Gates{Before137: true}, ""},
		"1.36.2": {forecast.Gates{Before137: true}, ""},
		"1.37.0": {forecast.Gates{MaxUnavailable: true}, ""},
		"1.38.0": {forecast.Gates{MaxUnavailable: true}, "Kubernetes 1.38 is newer than 1.37, which the forecast is compared with: the same defaults of feature gates are used"},
	} {
		parsed, err := forecast.ParseVersion(version)
		if err != nil {
			t.Fatal(err)
		}
		if gates, note := parsed.Gates(); gates != test.want || note != test.note {
			t.Errorf("%s: %+v, %q", version, gates, note)
		}
	}
}

func TestRunCompletesOnDeleteSince137(t *testing.T) {
	t.Parallel()
	for before, want := range map[bool]string{true: "db-1", false: "db-2"} {
		state := running(1)
		state.Gates.Before137 = before
		state.Set.Strategy, state.Set.Template = forecast.OnDelete, "two"
		state.Revisions = append(state.Revisions, forecast.Revision{Name: "db-2", Number: 2, Template: "two"})
		state.Pods[0].Revision = "db-2"
		timeline := forecast.Run(state, forecast.Change{Action: forecast.Continue}, forecast.Assumptions{})
		if got := timeline.After.Set.CurrentRevision; got != want || timeline.End.Kind != forecast.Settled {
			t.Errorf("before 1.37 %t: current revision %s, end %s", before, got, timeline.End.Kind)
		}
	}
}

// BenchmarkRun shows that the time of a forecast grows with the number of pods, and not faster, for what touches all pods one after
// another.
func BenchmarkRun(b *testing.B) {
	for _, test := range []struct {
		name    string
		prepare func(*forecast.Set)
		change  func(*forecast.Set)
	}{
		{name: "rollout", change: newTemplate},
		{name: "rollout Parallel", prepare: func(set *forecast.Set) { set.Parallel = true }, change: newTemplate},
		{name: "scale down", change: func(set *forecast.Set) { set.Replicas = 0 }},
	} {
		for _, replicas := range []int{3, 10, 100, 1000} {
			state := running(replicas)
			if test.prepare != nil {
				test.prepare(&state.Set)
			}
			change := updated(state, test.change)
			b.Run(fmt.Sprintf("%s of %d", test.name, replicas), func(b *testing.B) {
				for b.Loop() {
					forecast.Run(state, change, forecast.Assumptions{})
				}
			})
		}
	}
}
