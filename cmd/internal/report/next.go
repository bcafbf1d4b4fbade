package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stateward/stateward/policies"
)

// fewFindings are read one by one; more are grouped by object.
const fewFindings = 10

// heading introduces the findings about one object, from the one of this index on.
func (t text) heading(result Result, from int) string {
	denied, warned := 0, 0
	object := result.Findings[from].Object
	for _, finding := range result.Findings[from:] {
		if finding.Object != object {
			break
		}
		switch finding.Level {
		case policies.Deny:
			denied++
		case policies.Warn:
			warned++
		case policies.Event, policies.Audit, policies.Off:
		}
	}
	space := "\n"
	if from == 0 {
		space = ""
	}
	return fmt.Sprintf("%s%s (%d denied, %s)\n", space, t.paint.place(name(object)), denied, Plural(warned, "warning"))
}

// helpful is how many commands a person tries.
const helpful = 3

// next names the commands that help most with what was found.
func next(result Result) string {
	var commands []string
	for _, left := range result.LeftOut {
		if left.Reason == "kustomization" {
			commands = append(commands, "stateward check --discover .            # build each kustomization, and judge it apart")
			break
		}
	}
	counts := map[string]int{}
	for _, finding := range result.Findings {
		counts[Clean(finding.Rule)]++
	}
	if counts["same-object"] > 0 {
		commands = append(commands, "stateward check --each PATH             # judge alternatives apart from each other")
	}
	commands = append(commands, "stateward check --baseline origin/main PATH  # judge only what changes")
	rules := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	for _, rule := range rules {
		commands = append(commands, fmt.Sprintf("stateward rules explain %s  # found %s", rule, Times(counts[rule])))
	}
	return "\nnext:\n  " + strings.Join(commands[:min(helpful, len(commands))], "\n  ") + "\n"
}

// Times says how often something was: "once", "2 times".
func Times(count int) string {
	if count == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", count)
}
