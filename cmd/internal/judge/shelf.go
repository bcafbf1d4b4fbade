package judge

import (
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine/inventory"
)

// shelf holds the objects of one resource in one namespace by name, and finds them by labels and by their Service. Without
// that, to judge all sets of a namespace would be to look at all of them for each.
type shelf struct {
	objects  map[string]*held
	governed map[string][]*held
	// wanted finds objects by the labels that they want, given workloads by those of their pods.
	wanted inventory.WantedIndex[*held]
	given  inventory.GivenIndex[*held]
}

func newShelf() *shelf {
	return &shelf{objects: map[string]*held{}, governed: map[string][]*held{}}
}

// keys are what an object is found by.
type keys struct {
	service       string
	governed      bool
	wanted, given inventory.Labels
}

func keysOf(resource string, value ast.Value) keys {
	found := keys{wanted: inventory.Wanted(resource, value), given: inventory.Given(value)}
	if resource == "statefulsets" {
		// What is no text names no Service.
		service, _ := value.Find(ast.Ref{ast.StringTerm("spec"), ast.StringTerm("serviceName")})
		name, ok := service.(ast.String)
		// What is read of the JSON is a part of it, which is not to be held for that.
		found.service, found.governed = strings.Clone(string(name)), ok
	}
	return found
}

// add leaves a former object of the same name where it is found by its labels: a search sees that it is not the
// one of its name.
func (s *shelf) add(object *held, found keys) {
	if other, twice := s.objects[object.name]; !twice || other.order < object.order {
		s.objects[object.name] = object
	}
	if found.governed {
		s.governed[found.service] = append(s.governed[found.service], object)
	}
	s.wanted.Add(object, found.wanted)
	s.given.Add(object, found.given)
}
