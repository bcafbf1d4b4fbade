package preview

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/stateward/stateward/policies/forecast"
)

const (
	prefix = "forecast: "
	// mostLines and longestLine are what an API server advises for warnings.
	mostLines   = 3
	longestLine = 120
	// mostNames is how many names a line lists.
	mostNames = 4
)

// Lines are the forecast for people: what counts most first.
func (p Preview) Lines() (lines []string) {
	for _, change := range p.Changes {
		name := ""
		if len(p.Changes) > 1 {
			name = change.Object + ": "
		}
		for _, line := range change.lines() {
			lines = append(lines, name+line)
		}
	}
	if p.Left != "" {
		lines = append([]string{"not made for " + p.Left + ": use `stateward plan`"}, lines...)
	}
	if len(lines) > mostLines {
		left := len(lines) - mostLines + 1
		lines = append(lines[:mostLines-1], fmt.Sprintf("%d more lines: use `stateward plan`", left))
	}
	for index, line := range lines {
		lines[index] = cut(prefix + line)
	}
	return lines
}

func (c Change) lines() (lines []string) {
	add := func(parts ...string) {
		parts = present(parts)
		if len(parts) > 0 {
			lines = append(lines, strings.Join(parts, "; "))
		}
	}
	if c.End == forecast.Unmodelled {
		return []string{"none: " + c.Reason}
	}
	add(c.pods(), c.claims())
	add(listed("LOSES the data of", "volume", c.Lost), listed("may lose", "volume", c.Unclear))
	add(c.end())
	if len(c.Unknown) > len(c.Unclear) {
		add("not known: " + c.Unknown[len(c.Unknown)-1])
	}
	if c.IfNeverReady == forecast.Stuck && !c.Stuck {
		add(c.worst())
	}
	return lines
}

// worst names the pods that the other end waits for.
func (c Change) worst() string {
	if len(c.unready) > 0 && len(c.stuckAt) > 0 && slices.Contains(c.unready, c.stuckAt[0]) {
		return "if " + c.stuckAt[0] + ", which is not Ready now, never gets Ready: stuck until it is deleted"
	}
	return "if the new template never gets Ready: stuck at " + names(c.stuckAt)
}

func (c Change) pods() string {
	if len(c.Restarts)+len(c.Stops)+len(c.Starts)+len(c.NamesGone)+len(c.Claims) == 0 {
		return "no pod stops or starts"
	}
	way := ""
	if len(c.Restarts)+len(c.Stops) > 1 {
		switch c.Together {
		case 1:
			way = " one by one"
		case len(c.Restarts) + len(c.Stops):
			way = " at once"
		default:
			way = fmt.Sprintf(" up to %d at a time", c.Together)
		}
	}
	var parts []string
	if len(c.Restarts) > 0 {
		parts = append(parts, "replaces "+names(c.Restarts)+way)
	}
	if len(c.Stops) > 0 {
		parts = append(parts, "stops "+names(c.Stops)+way)
	}
	if len(c.Starts) > 0 {
		parts = append(parts, "starts "+names(c.Starts))
	}
	// The names of pods that stop go without saying.
	if len(c.NamesGone) > 0 && len(c.Stops) == 0 {
		parts = append(parts, "removes from DNS "+names(c.NamesGone))
	}
	return strings.Join(parts, "; ")
}

func (c Change) claims() string {
	deletes := listed("deletes", "claim", c.Claims)
	if c.KeptClaims > 0 && len(c.Restarts)+len(c.Stops) > 0 {
		kept := fmt.Sprintf("keeps %d claims", c.KeptClaims)
		if c.KeptClaims == 1 {
			kept = "keeps 1 claim"
		}
		return strings.Join(present([]string{deletes, kept}), "; ")
	}
	return deletes
}

func (c Change) end() string {
	switch c.End {
	case forecast.Settled:
		return c.Reason
	case forecast.WaitsForPerson:
		return "then waits for a person: " + c.Reason
	default:
		return string(c.End) + ": " + c.Reason
	}
}

func listed(verb, noun string, list []string) string {
	switch len(list) {
	case 0:
		return ""
	case 1:
		return verb + " " + noun + " " + list[0]
	default:
		return verb + " " + noun + "s " + names(list)
	}
}

func names(list []string) string {
	if len(list) <= mostNames {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:mostNames-1], ", "), len(list)-mostNames+1)
}

func present(parts []string) (list []string) {
	for _, part := range parts {
		if part != "" {
			list = append(list, part)
		}
	}
	return list
}

// cut shortens a line, and shows that it did.
func cut(line string) string {
	if runes := []rune(line); len(runes) > longestLine {
		return strings.TrimRight(string(runes[:longestLine-1]), " ") + "…"
	}
	return line
}

// JSON is the forecast for programs, in at most a number of bytes: names are left out where they do not fit.
func (p Preview) JSON(most int) string {
	encoded, err := json.Marshal(p)
	if err == nil && len(encoded) <= most {
		return string(encoded)
	}
	short := Preview{Left: p.Left}
	for _, change := range p.Changes {
		short.Changes = append(short.Changes, Change{Object: change.Object, End: change.End, IfNeverReady: change.IfNeverReady, KeptClaims: change.KeptClaims})
	}
	short.Left = strings.TrimSpace(short.Left + " names are left out")
	if encoded, err = json.Marshal(short); err != nil || len(encoded) > most {
		return `{"left":"too long"}`
	}
	return string(encoded)
}
