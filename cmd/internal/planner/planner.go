// Package planner finds out what a change of a cluster does to its StatefulSets: it reads objects, forecasts each change, asks
// the rules, and writes the result for people and for programs.
package planner

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/forecast"
)

// Options say what to plan with.
type Options struct {
	// Namespace of requests that name none.
	Namespace string
	Now       time.Time
	// Compared says that the requests come from a comparison: there may be none, and what exists is assumed.
	Compared bool
}

// Plan is what all changes do.
type Plan struct {
	// Schema names the form of the JSON output.
	Schema string `json:"schema"`
	// Kubernetes is the version whose behaviour is forecast.
	Kubernetes string   `json:"kubernetes"`
	Changes    []Change `json:"changes"`
	// Summary is that of all changes.
	Summary forecast.Summary `json:"summary"`
	// NotForecast counts manifests by kind of which the plan says nothing.
	NotForecast map[string]int `json:"notForecast,omitempty"`
}

// Schema is the version of the JSON output; it changes when a field changes its meaning.
const Schema = "stateward.dev/plan/v1"

// Change is one change with its forecast.
type Change struct {
	// Object is what changes, as "StatefulSet data/db".
	Object string `json:"object"`
	// Action is create, update, delete and so on.
	Action  string           `json:"action"`
	Steps   []Step           `json:"steps"`
	End     End              `json:"end"`
	Summary forecast.Summary `json:"summary"`
	Assumed []string         `json:"assumed,omitempty"`
	Unknown []string         `json:"unknown,omitempty"`
	// Budgets are those that would refuse what happens if it were evictions, and Snapshots what brings lost volumes back.
	Budgets   []string   `json:"budgets,omitempty"`
	Snapshots []Snapshot `json:"snapshots,omitempty"`
	// NeverReady is the end if pods with a new template never get Ready.
	NeverReady *End `json:"ifNeverReady,omitempty"`
	// Findings are what Stateward denies or warns of.
	Findings []Finding `json:"findings,omitempty"`

	drawing drawing
	request change
}

// Step is one event.
type Step struct {
	// Round numbers what happens together or in a row.
	Round int `json:"round"`
	// AtLeastSeconds is a lower bound, from minReadySeconds alone.
	AtLeastSeconds int    `json:"atLeastSeconds"`
	Kind           string `json:"kind"`
	Object         string `json:"object"`
	// NewName and NameGone are DNS names that begin and cease to resolve here.
	NewName  string `json:"newName,omitempty"`
	NameGone string `json:"nameGone,omitempty"`
	// BelowBudgets are the PodDisruptionBudgets that would refuse to evict the pod now.
	BelowBudgets []string `json:"belowBudgets,omitempty"`
	Text         string   `json:"text"`
}

// End is how a forecast ends.
type End struct {
	// Kind is settled, waits, stuck, endless or "not modelled".
	Kind    string   `json:"kind"`
	Pods    []string `json:"pods,omitempty"`
	Reason  string   `json:"reason,omitempty"`
	Command string   `json:"command,omitempty"`
}

// Finding is what a rule finds.
type Finding struct {
	Rule    string `json:"rule"`
	Level   string `json:"level"`
	Message string `json:"message"`
}

// ErrNothing is for requests that name no StatefulSet.
var ErrNothing = errors.New("nothing to plan: no StatefulSet is changed")

// Make plans requests, one after the other and each from the state as it is.
func Make(inventory *Inventory, requests []Request, options Options) (Plan, error) {
	plan := Plan{Schema: Schema, Kubernetes: inventory.Version.String(), Changes: []Change{}}
	inventory.addServices(requests, options.Namespace)
	for _, request := range requests {
		if kind := request.otherKind(); kind != "" {
			plan.leaveOut(kind)
			continue
		}
		changes, err := inventory.changes(request, options.Namespace)
		if err != nil {
			return plan, err
		}
		for _, each := range changes {
			change, err := inventory.plan(each, options)
			if err != nil {
				return plan, err
			}
			change.request = each
			plan.Changes = append(plan.Changes, change)
			plan.Summary.Add(change.Summary)
		}
	}
	if len(plan.Changes) == 0 && !options.Compared {
		return plan, nothing(plan.note())
	}
	return plan, nil
}

func nothing(note string) error {
	if note == "" {
		return ErrNothing
	}
	return fmt.Errorf("%w; %s", ErrNothing, note)
}

func (p *Plan) leaveOut(kind string) {
	if p.NotForecast == nil {
		p.NotForecast = map[string]int{}
	}
	p.NotForecast[kind]++
}

// note counts and names the kinds of which the plan says nothing; it is empty for none.
func (p Plan) note() string {
	if len(p.NotForecast) == 0 {
		return ""
	}
	var counted []string
	for _, kind := range slices.Sorted(maps.Keys(p.NotForecast)) {
		counted = append(counted, fmt.Sprintf("%d %s", p.NotForecast[kind], kind))
	}
	return "not forecast: " + strings.Join(counted, ", ") + " (only StatefulSets are)"
}

// Evaluate adds what the rules deny or warn of.
func (p *Plan) Evaluate(ctx context.Context, inventory *Inventory, decider *engine.Engine, options Options) (err error) {
	for index := range p.Changes {
		change := &p.Changes[index]
		if change.Findings, err = inventory.evaluate(ctx, change.request, decider, options); err != nil {
			return err
		}
	}
	return nil
}

func (i *Inventory) plan(c change, options Options) (Change, error) {
	planned := Change{Object: c.object, Action: c.action(), Steps: []Step{}, Unknown: c.unknown}
	if c.set == nil {
		timeline := forecast.Timeline{Steps: c.fates(), End: forecast.End{Kind: forecast.Settled}}
		planned.fill(forecast.State{}, timeline)
		i.addSnapshots(&planned, c, options.Now)
		return planned, nil
	}
	state, err := i.state(c.set, c.isNew, options.Now)
	if err != nil {
		return planned, err
	}
	naming, known := i.naming(c.set)
	state.Naming = naming
	never := state.BrokenTemplates()
	timeline := forecast.Run(state, c.forecast, forecast.Assumptions{NeverReady: never})
	planned.fill(state, timeline)
	planned.addNames(state, timeline)
	if !known && len(timeline.Steps) > 0 {
		planned.Unknown = append(planned.Unknown, "DNS names of pods: Service "+c.set.Namespace+"/"+c.set.Spec.ServiceName+" is not known")
	}
	i.addBudgets(&planned, c, state, timeline)
	i.addSnapshots(&planned, c, options.Now)
	if c.forecast.Action == forecast.UpdateSet || c.forecast.Action == forecast.CreateSet {
		if template := c.forecast.Set.Template; template != state.Set.Template && !slices.Contains(never, template) && !state.Works(template) {
			worst := endOf(forecast.Run(state, c.forecast, forecast.Assumptions{NeverReady: append(never, template)}).End)
			planned.NeverReady = &worst
		}
	}
	if i.note != "" {
		planned.Assumed = append(planned.Assumed, i.note)
	}
	planned.Assumed = append(planned.Assumed, c.assumed...)
	if options.Compared {
		planned.Assumed = append(planned.Assumed, "before the change the cluster holds the baseline, and all its pods are Ready")
	}
	planned.drawing = draw(state, c.forecast, timeline)
	return planned, nil
}

func (c *Change) fill(state forecast.State, timeline forecast.Timeline) {
	c.End = endOf(timeline.End)
	c.Assumed = append(c.Assumed, timeline.Assumed...)
	c.Unknown = append(c.Unknown, timeline.Unknown...)
	for _, step := range timeline.Steps {
		c.Steps = append(c.Steps, Step{
			Round: step.Round, AtLeastSeconds: step.At, Kind: string(step.Kind), Object: step.Object, Text: textOf(step),
		})
	}
	c.Summary = forecast.Summarize(state, timeline)
	if len(timeline.Steps) == 0 {
		c.Assumed = nil
	}
}

func endOf(end forecast.End) End {
	return End{Kind: string(end.Kind), Pods: end.Pods, Reason: end.Reason, Command: end.Command}
}

// Happens reports whether anything happens.
func (p Plan) Happens() bool {
	return slices.ContainsFunc(p.Changes, func(change Change) bool {
		return len(change.Steps) > 0 || change.End.Kind == string(forecast.Unmodelled)
	})
}

// Fails reports whether the plan has what a pipeline must not accept: loss, stuck or restart.
func (p Plan) Fails(on []string) bool {
	return slices.ContainsFunc(on, func(what string) bool {
		switch what {
		case "loss":
			return len(p.Summary.Lost)+len(p.Summary.Unclear) > 0
		case "stuck":
			return p.Summary.Stuck
		default:
			return len(p.Summary.Restarts)+len(p.Summary.Stops) > 0
		}
	})
}

// CheckFailOn reports a value of --fail-on that does not exist.
func CheckFailOn(on []string) error {
	for _, what := range on {
		if !slices.Contains([]string{"loss", "stuck", "restart"}, what) {
			return fmt.Errorf("unknown --fail-on %q: use loss, stuck or restart", what)
		}
	}
	return nil
}
