package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing/fstest"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
)

// byRules has libraries of generated rules, the built-in ones switched off: all check the update and find nothing; or twelve
// do, and the others evaluate something else.
func byRules(ctx context.Context) (study, error) {
	inv, err := cluster(1, 1)
	if err != nil {
		return study{}, err
	}
	grown := study{name: "rules", title: "Time of an update by the number of rules", unit: " rules"}
	for _, each := range []struct {
		name    string
		judging func(count int) int
	}{
		{"rules that judge it", func(count int) int { return count }},
		{"rules, 12 of which judge it", func(int) int { return 12 }},
	} {
		line := series{name: each.name}
		for _, count := range []int{12, 36, 100, 300} {
			decider, err := generated(ctx, count, each.judging(count))
			if err != nil {
				return study{}, err
			}
			line.points = append(line.points, &point{size: count, engine: decider, request: update(), inv: inv})
		}
		grown.series = append(grown.series, line)
	}
	return grown, nil
}

// generated is an engine of so many rules, the first of which check updates of StatefulSets and the others deletions of
// Services.
func generated(ctx context.Context, count, judging int) (*engine.Engine, error) {
	files := fstest.MapFS{}
	for index := range count {
		on := "statefulsets: [UPDATE]"
		if index >= judging {
			on = "services: [DELETE]"
		}
		name := fmt.Sprintf("generated-%03d", index)
		files[name+".rego"] = &fstest.MapFile{Data: []byte(strings.NewReplacer("NAME", name, "ON", on, "INDEX", strconv.Itoa(index)).Replace(ruleSource))}
	}
	builtIn, err := policies.Embedded()
	if err != nil {
		return nil, err
	}
	library, err := builtIn.Extend(files, "")
	if err != nil {
		return nil, err
	}
	guardrails := &v1alpha1.Guardrails{TypeMeta: metav1.TypeMeta{APIVersion: "stateward.dev/v1alpha1", Kind: "Guardrails"}}
	for _, rule := range builtIn.All() {
		guardrails.Spec.Rules = append(guardrails.Spec.Rules, v1alpha1.RuleSetting{ID: rule.ID, Action: policies.Off})
	}
	return engine.New(ctx, library, guardrails)
}

// ruleSource is a rule that looks at the containers and finds nothing.
const ruleSource = `# METADATA
# title: Generated
# description: Looks at every container.
# custom:
#   severity: deny
#   on:
#     ON
#   fix: choose another image
#   since: v0.1.0
package stateward.custom.rules.generated["NAME"]

import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "template", "spec", "containers", index, "image"],
	"what": "it is forbidden",
}) if {
	some entry in review.statefulsets
	some index, container in entry.object.spec.template.spec.containers
	container.image == "forbidden-INDEX"
}
`
