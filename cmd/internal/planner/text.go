package planner

import (
	"fmt"
	"io"
	"strings"

	"github.com/stateward/stateward/policies/forecast"
)

// noChange is what is said of a comparison in which no StatefulSet differs.
const noChange = "nothing happens: no StatefulSet changes"

// longest is how many steps the text lists; the JSON output lists all.
const longest = 60

// textOf is a step as a sentence.
func textOf(step forecast.Step) string {
	switch step.Kind {
	case forecast.PodStops:
		return step.Object + " stops"
	case forecast.PodGone:
		return step.Object + " is gone"
	case forecast.PodStarts:
		return step.Object + " starts with " + revisionName(step.Revision)
	case forecast.PodReady:
		return step.Object + " is Ready"
	case forecast.Waits:
		return fmt.Sprintf("wait %d s until Ready pods are available (minReadySeconds)", step.Seconds)
	case forecast.ClaimCreated:
		return "claim " + step.Object + " is created"
	case forecast.ClaimOwned:
		return "claim " + step.Object + " gets " + ownersText(step.Owners)
	case forecast.ClaimDeleted:
		return "claim " + step.Object + " is deleted once no pod uses it"
	case forecast.ClaimGone:
		return "claim " + step.Object + " is gone"
	case forecast.VolumeKept:
		return "volume " + step.Object + " of claim " + step.Claim + " is kept (reclaim policy Retain)"
	case forecast.VolumeDeleted:
		return "volume " + step.Object + " of claim " + step.Claim + " is DELETED with its data (reclaim policy Delete)"
	case forecast.VolumeUnknown:
		return "volume " + step.Object + ": it is not known whether its data are kept"
	case forecast.VolumeMarked:
		return "volume " + step.Object + " is deleted once its claim is"
	case forecast.RevisionCreated:
		return "a new revision of the template is made"
	case forecast.RevisionReused:
		return "the earlier revision " + step.Object + " is used again"
	case forecast.RevisionDeleted:
		return "revision " + step.Object + " is deleted (revisionHistoryLimit)"
	case forecast.SetDeleted:
		return "StatefulSet " + step.Object + " is deleted"
	case forecast.ServiceDeleted:
		return "Service " + step.Object + " is deleted"
	case forecast.NameGone:
		return "the DNS name " + step.Object + " vanishes"
	case forecast.NamespaceDeleted:
		return "namespace " + step.Object + " is deleted"
	default:
		return string(step.Kind) + " " + step.Object
	}
}

func revisionName(revision string) string {
	if revision == "new revision" {
		return "the new revision"
	}
	return "revision " + revision
}

func ownersText(owners []forecast.Owner) string {
	if len(owners) == 0 {
		return "no owner"
	}
	var names []string
	for _, owner := range owners {
		names = append(names, owner.Kind+" "+owner.Name)
	}
	return "the owner " + strings.Join(names, " and ") + ", and is deleted with it"
}

// Text writes a plan for people.
func (p Plan) Text(out io.Writer, colored bool) error {
	w := &lines{out: out}
	if len(p.Changes) == 0 {
		w.line(noChange)
	}
	for index, change := range p.Changes {
		if index > 0 {
			w.line("")
		}
		change.text(w, colored)
	}
	if note := p.note(); note != "" {
		w.line("\n%s", note)
	}
	return w.err
}

// lines remembers the first error of many writes.
type lines struct {
	out io.Writer
	err error
}

func (l *lines) line(format string, arguments ...any) {
	if l.err == nil {
		_, l.err = fmt.Fprintf(l.out, format+"\n", arguments...)
	}
}

func (c Change) text(w *lines, colored bool) {
	w.line("%s: %s", c.Object, c.Action)
	if len(c.Steps) == 0 && c.End.Kind != string(forecast.Unmodelled) {
		w.line("  nothing happens")
	}
	for index, step := range c.Steps {
		if index == longest {
			w.line("  ... %d more steps: -o json lists all", len(c.Steps)-longest)
			break
		}
		w.line("  %3d. %s", index+1, step.Text)
	}
	if c.draws() {
		w.line("")
		for _, line := range c.drawing.inColumns().lines(painter(colored)) {
			w.line("  %s", line)
		}
		w.line("")
	}
	for _, line := range c.results() {
		w.line("  %s", line)
	}
}

// results are the lines after the steps, which the Markdown output has, too.
func (c Change) results() (list []string) {
	list = append(list, c.End.lines("end")...)
	if c.NeverReady != nil && c.End.Kind != string(forecast.Unmodelled) {
		list = append(list, c.NeverReady.lines("if the new template never gets Ready")...)
	}
	if c.Summary.Seconds > 0 {
		list = append(list, fmt.Sprintf("time: at least %d s, from minReadySeconds alone", c.Summary.Seconds))
	}
	list = append(list, outcome(c.Summary)...)
	for _, snapshot := range c.Snapshots {
		list = append(list, "snapshot brings back: "+snapshot.String())
	}
	list = append(list, c.Budgets...)
	for _, each := range []struct {
		name  string
		texts []string
	}{{"assumed", c.Assumed}, {"not known", c.Unknown}} {
		for _, text := range each.texts {
			list = append(list, each.name+": "+text)
		}
	}
	for _, finding := range c.Findings {
		list = append(list, "stateward "+finding.Level+": "+finding.Message)
	}
	return list
}

// toGoOn begins a line with a command.
const toGoOn = "  to go on: "

func (e End) lines(name string) (list []string) {
	line := name + ": " + map[string]string{"waits": "waits for a person"}[e.Kind]
	if e.Kind != "waits" {
		line = name + ": " + e.Kind
	}
	if e.Reason != "" {
		line += ": " + e.Reason
	}
	list = append(list, line)
	if e.Command != "" {
		list = append(list, toGoOn+e.Command)
	}
	return list
}

// outcome are the lines of a summary.
func outcome(s forecast.Summary) (list []string) {
	for _, each := range []struct {
		name  string
		names []string
	}{
		{"restarts", s.Restarts}, {"stops for good", s.Stops}, {"starts", s.Starts}, {"deletes claims", s.Claims},
		{"LOSES volumes", s.Lost}, {"volumes that may be lost", s.Unclear}, {"keeps volumes", s.Kept},
		{"DNS names that vanish", s.NamesGone}, {"DNS names that appear", s.NewNames},
	} {
		if len(each.names) > 0 {
			list = append(list, each.name+": "+listed(each.names))
		}
	}
	return list
}

// listed writes names, and how many there are beyond the first.
func listed(names []string) string {
	const most = 8
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

// painter colours characters of a drawing.
func painter(colored bool) func(rune) string {
	colors := map[rune]string{newest: "32", older: "34", starting: "33", stopping: "31", broken: "31;1", absent: "2"}
	return func(moment rune) string {
		if color := colors[moment]; colored && color != "" {
			return "\x1b[" + color + "m" + string(moment) + "\x1b[0m"
		}
		return string(moment)
	}
}
