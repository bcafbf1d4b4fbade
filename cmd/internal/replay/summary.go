package replay

import (
	"cmp"
	"slices"
	"strings"

	"github.com/stateward/stateward/webhook/decisionlog"
)

const (
	// mostKeys bounds a count by name, mostExamples the examples of a class, mostProblems the lines that are named.
	mostKeys     = 10_000
	mostExamples = 5
	mostProblems = 20
	// others is where names are counted beyond mostKeys.
	others = "(others)"
)

// Summary is what a replay found.
type Summary struct {
	// Version is that of this structure.
	Version int `json:"version"`
	// Library is the revision that evaluated, Guardrails too; "" are those of the log.
	Library    string `json:"library"`
	Guardrails string `json:"guardrails,omitempty"`
	// Shard is the part of the files that was read; nil for all.
	Shard *Shard `json:"shard,omitempty"`
	// Verify says that decisions were to be the same.
	Verify bool `json:"verify"`
	// Data says that an export was the inventory of the requests of an audit log.
	Data bool `json:"data,omitempty"`
	// Requests is how many decisions the log holds, ReadMasked how many of them read a masked field when evaluated again. Mutating
	// are those of the mutating webhook: an API server asks the validating one about the same requests.
	Requests   int `json:"requests"`
	Mutating   int `json:"mutating,omitempty"`
	ReadMasked int `json:"readMasked"`
	// Sampled says that Guardrails of the log had it leave out allowed requests, or a part of them.
	Sampled bool `json:"sampled,omitempty"`
	// Classes are the decisions by what becomes of them.
	Classes map[Class]*Group `json:"classes"`
	// Damaged counts what cannot be read, Torn last lines that are not complete, Foreign lines of other programs.
	Damaged  int       `json:"damaged"`
	Torn     int       `json:"torn"`
	Foreign  int       `json:"foreign"`
	Problems []Problem `json:"problems,omitempty"`
	// Events counts those of an API server's audit log, Refused the requests among them that the API server refused.
	Events  int `json:"events,omitempty"`
	Refused int `json:"refused,omitempty"`
	// Unended counts events of earlier stages, which a later event repeats.
	Unended int `json:"unended,omitempty"`
	// Denials are what exceptions for the class Denied need.
	Denials Denials `json:"denials,omitzero"`
}

// Group are the decisions of a class.
type Group struct {
	Count      int            `json:"count"`
	Rules      map[string]int `json:"rules,omitempty"`
	Users      map[string]int `json:"users,omitempty"`
	Namespaces map[string]int `json:"namespaces,omitempty"`
	// Examples are the first of the log.
	Examples []Example `json:"examples,omitempty"`
	places   []place
}

// Problem is a line that cannot be read.
type Problem struct {
	File  string `json:"file"`
	Line  int    `json:"line"`
	Text  string `json:"text"`
	place place
}

// place is where something is, in the order of the sources.
type place struct {
	source, line int
	file         string
}

func (p place) compare(other place) int {
	return cmp.Or(cmp.Compare(p.source, other.source), strings.Compare(p.file, other.file), cmp.Compare(p.line, other.line))
}

// Group is one of these classes, which may be empty.
func (s *Summary) Group(class Class) *Group {
	if group, ok := s.Classes[class]; ok {
		return group
	}
	return &Group{}
}

// Count is how many decisions are of these classes.
func (s *Summary) Count(classes ...Class) (count int) {
	for _, class := range classes {
		count += s.Group(class).Count
	}
	return count
}

// add counts a decision.
func (s *Summary) add(at place, record *decisionlog.Record, evaluated evaluation) {
	s.Requests++
	if record.Path == decisionlog.PathMutate {
		s.Mutating++
	}
	if evaluated.readMask {
		s.ReadMasked++
	}
	group := s.class(evaluated.class)
	group.Count++
	if evaluated.class == Same {
		return
	}
	if evaluated.class == Denied {
		s.Denials.deny(record, evaluated.rules)
	}
	for _, rule := range evaluated.rules {
		tally(&group.Rules, rule, 1)
	}
	tally(&group.Users, record.Request.UserInfo.Username, 1)
	if record.Request.Namespace != "" {
		tally(&group.Namespaces, record.Request.Namespace, 1)
	}
	if len(group.places) < mostExamples || at.compare(group.places[len(group.places)-1]) < 0 {
		group.keep([]place{at}, []Example{exampleOf(at, record, evaluated)})
	}
}

func (s *Summary) class(class Class) *Group {
	if s.Classes == nil {
		s.Classes = map[Class]*Group{}
	}
	if s.Classes[class] == nil {
		s.Classes[class] = &Group{}
	}
	return s.Classes[class]
}

func tally(counts *map[string]int, name string, count int) {
	if *counts == nil {
		*counts = map[string]int{}
	}
	if _, known := (*counts)[name]; !known && len(*counts) >= mostKeys {
		name = others
	}
	(*counts)[name] += count
}

// keep keeps the first examples of the log.
func (g *Group) keep(places []place, examples []Example) {
	for index, at := range places {
		before, _ := slices.BinarySearchFunc(g.places, at, place.compare)
		g.places, g.Examples = slices.Insert(g.places, before, at), slices.Insert(g.Examples, before, examples[index])
	}
	count := min(len(g.places), mostExamples)
	g.places, g.Examples = g.places[:count], g.Examples[:count]
}

// merge adds what another worker found.
func (s *Summary) merge(other *Summary) {
	s.Requests += other.Requests
	s.Mutating += other.Mutating
	s.Sampled = s.Sampled || other.Sampled
	s.ReadMasked += other.ReadMasked
	for class, from := range other.Classes {
		into := s.class(class)
		into.Count += from.Count
		for _, counts := range []struct {
			into *map[string]int
			from map[string]int
		}{{&into.Rules, from.Rules}, {&into.Users, from.Users}, {&into.Namespaces, from.Namespaces}} {
			for name, count := range counts.from {
				tally(counts.into, name, count)
			}
		}
		into.keep(from.places, from.Examples)
	}
	s.Damaged += other.Damaged
	s.Torn += other.Torn
	s.Foreign += other.Foreign
	s.Events += other.Events
	s.Refused += other.Refused
	s.Unended += other.Unended
	s.Denials.merge(&other.Denials)
	for _, problem := range other.Problems {
		s.keepProblem(problem)
	}
}

// problem counts a line that cannot be read.
func (s *Summary) problem(at place, err error, torn bool) {
	if torn {
		s.Torn++
	} else {
		s.Damaged++
	}
	s.keepProblem(Problem{File: at.file, Line: at.line, Text: shortened(err.Error()), place: at})
}

func (s *Summary) keepProblem(problem Problem) {
	before, _ := slices.BinarySearchFunc(s.Problems, problem.place, func(each Problem, at place) int { return each.place.compare(at) })
	s.Problems = slices.Insert(s.Problems, before, problem)
	s.Problems = s.Problems[:min(len(s.Problems), mostProblems)]
}

// names are the keys of a count, the highest first.
func names(counts map[string]int) []string {
	sorted := make([]string, 0, len(counts))
	for name := range counts {
		sorted = append(sorted, name)
	}
	slices.SortFunc(sorted, func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	return sorted
}
