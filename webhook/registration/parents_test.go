package registration_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/webhook/registration"
)

func TestParentsAreReadFromTheirRegistration(t *testing.T) {
	t.Parallel()
	library := *embedded(t)
	if found := registration.MoreParents(registration.Validating(&library, registration.Target{})); found != nil {
		t.Errorf("without any: %v", found)
	}
	library.MoreParents = []policies.Parent{{Group: "example.com", Resource: "clusters"}, {Group: "rabbitmq.com", Resource: "queues"}}
	found := registration.MoreParents(registration.Validating(&library, registration.Target{}))
	if diff := cmp.Diff(library.MoreParents, found); diff != "" {
		t.Errorf("parents (-want +got):\n%s", diff)
	}
}

func TestOptInRulesAreReadFromTheirRegistration(t *testing.T) {
	t.Parallel()
	library := *embedded(t)
	if found := registration.OptedIn(&library, registration.Validating(&library, registration.Target{})); found != nil {
		t.Errorf("without any: %v", found)
	}
	library.OptedIn = []string{"pods-at-once"}
	configuration := registration.Validating(&library, registration.Target{})
	if diff := cmp.Diff(library.OptedIn, registration.OptedIn(&library, configuration)); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	added := registration.OptIn(&library, "pods-at-once")
	if len(added) != 1 || added[0].Name != "members.stateward.dev" {
		t.Errorf("added: %v", added)
	}
}

func TestParentIsNamedAsItsDefinition(t *testing.T) {
	t.Parallel()
	parent, err := policies.ParseParent("rabbitmqclusters.rabbitmq.com")
	if err != nil || !policies.IsParent(parent) {
		t.Errorf("%v, %v", parent, err)
	}
	for _, wrong := range []string{"", "rabbitmqclusters", "Foo.example.com", "a.", ".example.com", "a b.example.com"} {
		if _, err := policies.ParseParent(wrong); err == nil {
			t.Errorf("%q is taken", wrong)
		}
	}
}
