package tour

import (
	"bytes"
	"strings"
)

// Overview returns the table with which the tour ends, from what its steps expect. `make run` prints it before anything is
// compiled, which takes minutes the first time.
func Overview() string {
	var out bytes.Buffer
	shown := printer{out: &out}
	shown.line(plain, "", "What you will see: the StatefulSet tutorial on a real control plane that Stateward guards.")
	var outcomes []outcome
	for _, step := range Steps() {
		if step.Verdict != "" {
			step.Command = strings.Replace(step.Command, pasted, "(the command that the denial prints)", 1)
			outcomes = append(outcomes, step.outcome())
		}
	}
	shown.table(outcomes)
	return out.String()
}
