package tour

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// Overview returns what the tour shows, part by part, with the rules that each part meets. `make run` prints it before anything is
// compiled, which takes minutes the first time.
func Overview() string {
	var out bytes.Buffer
	to := printer{out: &out}
	to.line(plain, "", "What you will see: the StatefulSet tutorial, on a real control plane that Stateward guards.")
	steps := Steps()
	for len(steps) > 0 {
		part := 1
		for part < len(steps) && steps[part].Title == "" {
			part++
		}
		fmt.Fprintf(&out, "\n%s\n", steps[0].Title)
		for _, verdict := range []Verdict{Denied, Warned, Corrected} {
			if rules := met(steps[:part], verdict); len(rules) > 0 {
				to.line(plain, "  ", fmt.Sprintf("%s, with findings of %s", verdict, strings.Join(rules, ", ")))
			}
		}
		steps = steps[part:]
	}
	return out.String()
}

// met returns the rules of the steps with a verdict, each once.
func met(steps []Step, verdict Verdict) (rules []string) {
	for _, step := range steps {
		if step.Verdict == verdict {
			rules = append(rules, step.Rules...)
		}
	}
	slices.Sort(rules)
	return slices.Compact(rules)
}
