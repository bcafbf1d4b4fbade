package tour

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

func (t *Tour) announce(step Step) {
	if step.Title != "" {
		fmt.Fprintf(t.out, "\n== %s\n", step.Title)
	}
	switch {
	case step.Command != "":
		fmt.Fprintf(t.out, "\n$ %s\n", step.Command)
	case step.Asks != "":
		fmt.Fprintf(t.out, "\n? %s\n", step.Asks)
	}
}

func (t *Tour) show(output string) {
	for line := range strings.Lines(output) {
		fmt.Fprintf(t.out, "  %s\n", strings.TrimRight(line, "\n"))
	}
}

func (t *Tour) explain(step Step) {
	if step.Why != "" {
		fmt.Fprintf(t.out, "  -> %s\n", step.Why)
	}
}

// summarise prints the table of all commands that Stateward was asked about.
func (t *Tour) summarise() error {
	fmt.Fprintf(t.out, "\n== Summary\n\n")
	table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "VERDICT\tRULES\tCOMMAND")
	for _, each := range t.outcomes {
		rules := each.rules
		if rules == "" {
			rules = "-"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", each.verdict, rules, each.command)
	}
	return table.Flush()
}
