package forecast_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/policies/forecast"
)

func TestSummarizeNamesWhatResolves(t *testing.T) {
	t.Parallel()
	bad := forecast.Assumptions{NeverReady: []string{"two"}}
	for name, test := range map[string]struct {
		change    func(*forecast.Set)
		assume    forecast.Assumptions
		gone, new []string
	}{
		"rollout":            {change: newTemplate},
		"rollout that fails": {change: newTemplate, assume: bad, gone: []string{"db-2.db.data.svc"}},
		"scale down":         {change: func(set *forecast.Set) { set.Replicas = 1 }, gone: []string{"db-1.db.data.svc", "db-2.db.data.svc"}},
		"scale up":           {change: func(set *forecast.Set) { set.Replicas = 4 }, new: []string{"db-3.db.data.svc"}},
		"no Service":         {change: func(set *forecast.Set) { set.Replicas = 1 }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			state := running(3)
			if name == "no Service" {
				state.Set.Service = ""
			}
			summary := forecast.Summarize(state, forecast.Run(state, updated(state, test.change), test.assume))
			if diff := cmp.Diff([][]string{test.gone, test.new}, [][]string{summary.NamesGone, summary.NewNames}); diff != "" {
				t.Errorf("names that vanish and appear (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNameChangesFollowTheService(t *testing.T) {
	t.Parallel()
	type names []string
	for name, test := range map[string]struct {
		naming forecast.Naming
		change func(*forecast.Set)
		assume forecast.Assumptions
		want   names
	}{
		"a rollout": {change: newTemplate, want: names{
			"-db-1 pod stops", "+db-1 pod ready", "-db-0 pod stops", "+db-0 pod ready",
		}},
		"a rollout with names for all pods": {naming: forecast.NamesOfAll, change: newTemplate, want: names{
			"-db-1 pod gone", "+db-1 pod starts", "-db-0 pod gone", "+db-0 pod starts",
		}},
		"a rollout that fails": {
			change: newTemplate, assume: forecast.Assumptions{NeverReady: []string{"two"}}, want: names{"-db-1 pod stops"},
		},
		"more pods":       {change: func(set *forecast.Set) { set.Replicas = 3 }, want: names{"+db-2 pod ready"}},
		"without Service": {naming: forecast.NoNames, change: newTemplate},
		"an empty name":   {change: func(set *forecast.Set) { set.Service, set.Template = "", "two" }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			state := running(2)
			state.Naming = test.naming
			change := updated(state, test.change)
			state.Set.Service = change.Set.Service
			timeline := forecast.Run(state, change, test.assume)
			var got names
			for _, change := range forecast.NameChanges(state, timeline) {
				step, sign := timeline.Steps[change.Step], "-"
				if change.Resolves {
					sign = "+"
				}
				if change.Name != step.Object+".db.data.svc" {
					t.Errorf("name %s at the step of %s", change.Name, step.Object)
				}
				got = append(got, sign+step.Object+" "+string(step.Kind))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("names (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNameChangesEndWithTheService(t *testing.T) {
	t.Parallel()
	state := running(2)
	state.Pods[1].Ready = false
	timeline := forecast.Run(state, forecast.Change{Action: forecast.DeleteService, Name: "db"}, forecast.Assumptions{})
	if changes := forecast.NameChanges(state, timeline); changes != nil {
		t.Errorf("changes %v behind the Service", changes)
	}
	summary := forecast.Summarize(state, timeline)
	if diff := cmp.Diff([][]string{{"db-0.db.data.svc"}, nil}, [][]string{summary.NamesGone, summary.NewNames}); diff != "" {
		t.Errorf("names that vanish and appear (-want +got):\n%s", diff)
	}
}
