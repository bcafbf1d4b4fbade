package inventory

import (
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// bucket holds the objects of one resource in one namespace by name, and finds them by labels and by their Service. Without
// the indexes, the time to evaluate the sets of a namespace would grow with the square of their number.
type bucket struct {
	objects  map[string]*Entry
	governed map[string][]*Entry
	// mounting are the pods by the claims that they use.
	mounting map[string][]*Entry
	// selectors finds objects by their selectors, podLabels workloads by the labels of their pods.
	selectors SelectorIndex[*Entry]
	podLabels PodLabelIndex[*Entry]
}

func newBucket() *bucket {
	return &bucket{objects: map[string]*Entry{}, governed: map[string][]*Entry{}, mounting: map[string][]*Entry{}}
}

// indexKeys are the keys of an object in the indexes.
type indexKeys struct {
	service             string
	governed            bool
	claims              []string
	selector, podLabels Labels
}

func indexKeysOf(resource string, value ast.Value) indexKeys {
	found := indexKeys{selector: SelectorLabels(resource, value), podLabels: PodLabels(value)}
	if resource == "statefulsets" {
		// A serviceName that is not a string names no Service.
		service, _ := value.Find(ast.Ref{ast.StringTerm("spec"), ast.StringTerm("serviceName")})
		name, ok := service.(ast.String)
		// The name is a part of the JSON: a copy lets that be freed.
		found.service, found.governed = strings.Clone(string(name)), ok
	}
	if resource == "pods" {
		for _, claim := range ClaimsOf(value) {
			found.claims = append(found.claims, strings.Clone(claim))
		}
	}
	return found
}

// add leaves an earlier object of the same name in the indexes: a search compares it with the latest one of its name.
func (s *bucket) add(object *Entry, found indexKeys) {
	if other, twice := s.objects[object.name]; !twice || other.order < object.order {
		s.objects[object.name] = object
	}
	if found.governed {
		s.governed[found.service] = append(s.governed[found.service], object)
	}
	for _, claim := range found.claims {
		s.mounting[claim] = append(s.mounting[claim], object)
	}
	s.selectors.Add(object, found.selector)
	s.podLabels.Add(object, found.podLabels)
}
