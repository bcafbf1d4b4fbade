package planner

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// JSON writes a plan for programs. The field schema names its form.
func (p Plan) JSON(out io.Writer) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(p)
}

// longestChart is how many bars a Mermaid chart has.
const longestChart = 40

// Markdown writes a plan for a comment on a pull request.
func (p Plan) Markdown(out io.Writer) error {
	w := &lines{out: out}
	if len(p.Changes) == 0 {
		w.line(noChange)
	}
	for index, change := range p.Changes {
		if index > 0 {
			w.line("")
		}
		change.markdown(w)
	}
	if note := p.note(); note != "" {
		w.line("\n%s", note)
	}
	return w.err
}

func (c Change) markdown(w *lines) {
	w.line("### %s: %s\n", c.Object, c.Action)
	if chart := c.chart(); len(chart) > 0 {
		w.line("```mermaid\n%s\n```\n", strings.Join(chart, "\n"))
	}
	for _, line := range c.results() {
		if command, is := strings.CutPrefix(line, toGoOn); is {
			w.line("  ```sh\n  %s\n  ```", command)
			continue
		}
		w.line("- %s", line)
	}
	if len(c.Steps) == 0 {
		return
	}
	w.line("\n<details><summary>%d steps</summary>\n", len(c.Steps))
	for index, step := range c.Steps {
		w.line("%d. %s", index+1, step.Text)
	}
	w.line("\n</details>")
}

// chart is a Mermaid gantt: a section for each pod, a bar from its stop or start to the next event. The axis counts what
// happens one after the other, and is not real time.
func (c Change) chart() (chart []string) {
	var order []string
	events := map[string][]Step{}
	last := 0
	for _, step := range c.Steps {
		last = max(last, moment(step)+1)
		switch step.Kind {
		case "pod stops", "pod gone", "pod starts", "pod ready":
			if events[step.Object] == nil {
				order = append(order, step.Object)
			}
			events[step.Object] = append(events[step.Object], step)
		}
	}
	if len(order) == 0 {
		return nil
	}
	chart = []string{"gantt", "  title " + strings.ReplaceAll(c.Object, ":", "") + " (order of events, not their duration)", "  dateFormat X", "  axisFormat %s"}
	for _, pod := range order {
		if len(chart) > longestChart {
			return append(chart, fmt.Sprintf("  section other pods\n  see the list of steps :0, %d", last))
		}
		chart = append(chart, "  section "+pod)
		chart = append(chart, bars(events[pod], last)...)
	}
	return chart
}

// moment orders events: within a round, the controller acts first, and pods react.
func moment(step Step) int {
	if step.Kind == "pod gone" || step.Kind == "pod ready" {
		return 2*step.Round + 1
	}
	return 2 * step.Round
}

// bars are what a pod does after each of its events.
func bars(events []Step, end int) (list []string) {
	for index, event := range events {
		until := end
		if index+1 < len(events) {
			until = moment(events[index+1])
		}
		label := map[string]string{"pod stops": "stops :crit", "pod starts": "starts :active", "pod ready": "Ready :done"}[event.Kind]
		if label != "" {
			list = append(list, fmt.Sprintf("  %s, %d, %d", label, moment(event), max(until, moment(event)+1)))
		}
	}
	return list
}
