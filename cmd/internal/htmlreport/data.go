package htmlreport

import (
	"cmp"
	"maps"
	"slices"

	"github.com/stateward/stateward/cmd/internal/topology"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
)

// mostDrawings is how many sets are drawn: a drawing takes as much room as ten findings.
const mostDrawings = 100

// mostAtOnce is how many findings a browser lays out at once; of a larger page it lays out what is on the screen. 20,000
// findings took it 14 s at once, and less than 2 s that way; but it then describes only that part to screen readers.
const mostAtOnce = 1_000

// data is what the page shows.
type data struct {
	Page
	Tally      tally
	Namespaces []*namespace
	// Rows are the rules that have findings.
	Rows []*ruleRow
	// Undrawn is how many sets with findings have no drawing.
	Undrawn int
	States  []topology.State
}

// tally counts findings by level.
type tally struct{ Denied, Warned, Recorded, New int }

func (t *tally) add(finding Finding) {
	switch finding.Level {
	case policies.Deny:
		t.Denied++
	case policies.Warn:
		t.Warned++
	case policies.Event, policies.Audit, policies.Off:
		t.Recorded++
	}
	if finding.Since == "new" {
		t.New++
	}
}

// Total is the number of findings.
func (t tally) Total() int { return t.Denied + t.Warned + t.Recorded }

// IsMany reports whether the page is laid out in parts.
func (d data) IsMany() bool { return d.Tally.Total() > mostAtOnce }

// compare puts what hurts most first.
func (t tally) compare(other tally) int {
	return cmp.Or(other.Denied-t.Denied, other.Warned-t.Warned, other.Recorded-t.Recorded)
}

// namespace has the objects of a namespace, or of the cluster.
type namespace struct {
	Tally   tally
	Index   int
	Name    string
	Objects []*object
}

// object is an object with its findings; of a StatefulSet also those of its parts.
type object struct {
	Tally     tally
	Index     int
	Reference engine.ObjectReference
	Findings  []*listed
	Drawing   *drawing

	file string
	set  *topology.Set
}

// listed is a finding with its number in the list of its object.
type listed struct {
	Finding

	Number int
	Row    int
	// About names the object if it is a part of the set.
	About string
}

// ruleRow is a line of the table of rules.
type ruleRow struct {
	Tally      tally
	Index      int
	ID, Title  string
	Objects    int
	Namespaces int

	inObjects    map[*object]bool
	inNamespaces map[string]bool
}

func dataOf(page Page) data {
	made := data{Page: page}
	rules := rulesOf(page)
	spaces := map[string]*namespace{}
	homes := newHomes(page.Sets)
	objects := map[home]*object{}
	for _, finding := range page.Findings {
		at := homes.of(finding)
		space := spaces[at.Namespace]
		if space == nil {
			space = &namespace{Name: at.Namespace}
			spaces[at.Namespace] = space
		}
		one := objects[at]
		if one == nil {
			one = &object{Reference: at.ObjectReference, file: at.file, set: homes.sets[at]}
			objects[at] = one
			space.Objects = append(space.Objects, one)
		}
		row := &listed{Finding: finding}
		if finding.Object != at.ObjectReference {
			row.About = finding.Object.Kind + " " + finding.Object.Name
		}
		one.Findings = append(one.Findings, row)
		for _, count := range []*tally{&made.Tally, &space.Tally, &one.Tally} {
			count.add(finding)
		}
		rules[finding.Rule].add(one, at.Namespace, finding)
	}
	made.Rows = sortedRules(rules)
	made.Namespaces = slices.SortedFunc(maps.Values(spaces), func(a, b *namespace) int {
		return cmp.Or(a.Tally.compare(b.Tally), cmp.Compare(a.Name, b.Name))
	})
	made.number(rules)
	made.draw()
	return made
}

// number sorts objects and findings, and numbers all that can be chosen or referred to.
func (d *data) number(rules map[string]*ruleRow) {
	objects := 0
	for index, space := range d.Namespaces {
		space.Index = index
		slices.SortStableFunc(space.Objects, func(a, b *object) int {
			return cmp.Or(a.Tally.compare(b.Tally), cmp.Compare(a.Reference.Kind, b.Reference.Kind), cmp.Compare(a.Reference.Name, b.Reference.Name), cmp.Compare(a.file, b.file))
		})
		for _, one := range space.Objects {
			one.Index = objects
			objects++
			slices.SortStableFunc(one.Findings, func(a, b *listed) int {
				return cmp.Or(rank(a.Level)-rank(b.Level), cmp.Compare(a.Rule, b.Rule))
			})
			for number, each := range one.Findings {
				each.Number, each.Row = number+1, rules[each.Rule].Index
			}
		}
	}
}

// draw draws the sets that hurt most.
func (d *data) draw() {
	var sets []*object
	for _, space := range d.Namespaces {
		for _, one := range space.Objects {
			if one.set != nil {
				sets = append(sets, one)
			}
		}
	}
	slices.SortStableFunc(sets, func(a, b *object) int { return a.Tally.compare(b.Tally) })
	d.Undrawn = max(len(sets)-mostDrawings, 0)
	states := map[topology.State]bool{}
	for _, one := range sets[:min(len(sets), mostDrawings)] {
		one.Drawing = draw(one)
		for _, each := range one.Drawing.Boxes {
			states[each.State] = true
		}
	}
	for _, state := range []topology.State{topology.Exists, topology.Planned, topology.Unready, topology.Missing, topology.Unknown} {
		if states[state] {
			d.States = append(d.States, state)
		}
	}
}

func rank(level policies.Level) int { return slices.Index(policies.Levels(), level) }

func rulesOf(page Page) map[string]*ruleRow {
	titles := map[string]string{}
	for _, rule := range page.Rules {
		titles[rule.ID] = rule.Title
	}
	rows := map[string]*ruleRow{}
	for _, finding := range page.Findings {
		if rows[finding.Rule] == nil {
			rows[finding.Rule] = &ruleRow{ID: finding.Rule, Title: titles[finding.Rule], inObjects: map[*object]bool{}, inNamespaces: map[string]bool{}}
		}
	}
	return rows
}

func (r *ruleRow) add(one *object, space string, finding Finding) {
	r.Tally.add(finding)
	r.inObjects[one], r.inNamespaces[space] = true, true
	r.Objects, r.Namespaces = len(r.inObjects), len(r.inNamespaces)
}

func sortedRules(rows map[string]*ruleRow) []*ruleRow {
	sorted := slices.SortedFunc(maps.Values(rows), func(a, b *ruleRow) int {
		return cmp.Or(a.Tally.compare(b.Tally), cmp.Compare(a.ID, b.ID))
	})
	for index, row := range sorted {
		row.Index = index
	}
	return sorted
}
