package judge

import (
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine"
)

// shelf holds the objects of one resource in one namespace by name, and finds them by labels and by their Service. Without
// that, to judge all sets of a namespace would be to look at all of them for each.
type shelf struct {
	objects  map[string]*held
	governed map[string][]*held
	// wanted finds objects by the labels that they want. Those that want labels of the same names are kept together, by
	// the values: there are few such sets of names, however many objects there are.
	wanted map[string]*wantedSet
	// given finds workloads by each label of their pods.
	given map[string][]*held
}

// wantedSet are the objects that want labels of these names.
type wantedSet struct {
	names    []string
	byValues map[string][]*held
}

func newShelf() *shelf {
	return &shelf{objects: map[string]*held{}, governed: map[string][]*held{}, wanted: map[string]*wantedSet{}, given: map[string][]*held{}}
}

// keys are what an object is found by.
type keys struct {
	service       string
	governed      bool
	wanted, given engine.Labels
}

func keysOf(resource string, value ast.Value) keys {
	found := keys{wanted: engine.Wanted(resource, value), given: engine.Given(value)}
	if resource == "statefulsets" {
		// What is no text names no Service.
		service, _ := value.Find(ast.Ref{ast.StringTerm("spec"), ast.StringTerm("serviceName")})
		name, ok := service.(ast.String)
		// What is read of the JSON is a part of it, which is not to be held for that.
		found.service, found.governed = strings.Clone(string(name)), ok
	}
	return found
}

// add leaves a former object of the same name where it is found by its labels: whoever finds it sees that it is not the
// one of its name.
func (s *shelf) add(object *held, found keys) {
	if other, twice := s.objects[object.name]; !twice || other.order < object.order {
		s.objects[object.name] = object
	}
	if found.governed {
		s.governed[found.service] = append(s.governed[found.service], object)
	}
	names := slices.Sorted(maps.Keys(found.wanted))
	id := joined(names)
	if s.wanted[id] == nil {
		for index, name := range names {
			names[index] = strings.Clone(name)
		}
		s.wanted[id] = &wantedSet{names: names, byValues: map[string][]*held{}}
	}
	values, _ := valuesOf(found.wanted, names)
	s.wanted[id].byValues[values] = append(s.wanted[id].byValues[values], object)
	for name, value := range found.given {
		pair := joined([]string{name, value})
		s.given[pair] = append(s.given[pair], object)
	}
}

// within returns the objects that want no other label than these.
func (s *shelf) within(labels engine.Labels) iter.Seq[*held] {
	return func(yield func(*held) bool) {
		for _, set := range s.wanted {
			values, all := valuesOf(labels, set.names)
			if !all {
				continue
			}
			for _, each := range set.byValues[values] {
				if !yield(each) {
					return
				}
			}
		}
	}
}

// near returns the objects that give their pods one of these labels: that which the fewest give.
func (s *shelf) near(labels engine.Labels) (fewest []*held) {
	first := true
	for name, value := range labels {
		if found := s.given[joined([]string{name, value})]; first || len(found) < len(fewest) {
			fewest, first = found, false
		}
	}
	return fewest
}

// valuesOf joins the values of labels of these names; all is false where one is missing.
func valuesOf(labels engine.Labels, names []string) (values string, all bool) {
	found := make([]string, 0, len(names))
	for _, name := range names {
		value, has := labels[name]
		if !has {
			return "", false
		}
		found = append(found, value)
	}
	return joined(found), true
}

// joined tells ["a", "b"] from ["ab"], whatever stands in them.
func joined(parts []string) string {
	var text []byte
	for _, part := range parts {
		text = strconv.AppendQuote(text, part)
	}
	return string(text)
}
