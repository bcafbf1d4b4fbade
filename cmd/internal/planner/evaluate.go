package planner

import (
	"context"
	"encoding/json"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/policies/forecast"
)

// evaluate returns what the rules deny or warn of. The user is not known, so rules about people see none.
func (i *Inventory) evaluate(ctx context.Context, c change, decider *engine.Engine, options Options) ([]Finding, error) {
	if c.operation == "" {
		return nil, nil
	}
	request := engine.Request{
		Operation: c.operation, Resource: c.resource, Subresource: c.subresource, Namespace: c.namespace, Name: c.name, Time: options.Now,
	}
	resource, _ := policies.LookupResource(c.resource)
	request.Group, request.Kind = resource.Group, resource.Kind
	if c.subresource == "scale" {
		request.Group, request.Kind = "autoscaling", "Scale"
	}
	for _, version := range []struct {
		object any
		raw    *json.RawMessage
	}{{c.before, &request.OldObject}, {c.after, &request.Object}} {
		if version.object == nil {
			continue
		}
		raw, err := json.Marshal(version.object)
		if err != nil {
			return nil, err
		}
		*version.raw = raw
	}
	request.Typed, request.Planned = true, options.Compared
	if c.forecast.Action == forecast.DeleteSet {
		request.Options = json.RawMessage(`{"apiVersion":"meta.k8s.io/v1","kind":"DeleteOptions","propagationPolicy":"` + policyName(c.forecast.Propagation) + `"}`)
	}
	snapshot := inventory.NewSnapshot(options.Namespace, Resources())
	for index := range i.all {
		raw, err := i.all[index].MarshalJSON()
		if err != nil {
			return nil, err
		}
		if err := snapshot.Add(raw); err != nil {
			return nil, err
		}
	}
	decision, err := decider.Decide(ctx, request, snapshot)
	if err != nil {
		return nil, err
	}
	var findings []Finding
	for _, finding := range decision.Findings {
		if finding.Level == policies.Deny || finding.Level == policies.Warn {
			findings = append(findings, Finding{Rule: finding.Rule, Level: string(finding.Level), Message: finding.Message})
		}
	}
	return findings, nil
}

func policyName(propagation forecast.Propagation) string {
	switch propagation {
	case forecast.Orphan:
		return "Orphan"
	case forecast.Foreground:
		return "Foreground"
	default:
		return "Background"
	}
}
