package entrypoints_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/webhook/registration"
)

// entry is one resource or subresource that the API server offers.
type entry struct {
	// resource is "group/resource".
	resource, subresource string
	version               string
	namespaced            bool
	verbs                 []string
}

func (e entry) gvr() schema.GroupVersionResource {
	group, resource, _ := strings.Cut(e.resource, "/")
	return schema.GroupVersionResource{Group: group, Version: e.version, Resource: resource}
}

// name is as rules write it: "pods/eviction".
func (e entry) name() string {
	_, resource, _ := strings.Cut(e.resource, "/")
	return strings.TrimSuffix(resource+"/"+e.subresource, "/")
}

// writing are the verbs of an entry that can change something.
func (e entry) writing() []string {
	return slices.DeleteFunc(slices.Clone(e.verbs), func(verb string) bool {
		return slices.Contains([]string{"get", "list", "watch"}, verb)
	})
}

// entries are what the API server offers of these resources.
func entries(api discovery.DiscoveryInterface, resources map[string]bool) ([]entry, error) {
	_, lists, err := api.ServerGroupsAndResources()
	if err != nil {
		return nil, err
	}
	var all []entry
	for _, list := range lists {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			return nil, err
		}
		for _, each := range list.APIResources {
			resource, subresource, _ := strings.Cut(each.Name, "/")
			resource = version.Group + "/" + resource
			if resources[resource] {
				all = append(all, entry{resource, subresource, version.Version, each.Namespaced, each.Verbs})
			}
		}
	}
	return all, nil
}

// registered are the resources of the registration, as "group/resource" without subresources.
func registered(library *policies.Library) map[string]bool {
	resources := map[string]bool{}
	for _, webhook := range registration.Validating(library, registration.Target{}).Webhooks {
		for _, rule := range webhook.Rules {
			for _, group := range rule.APIGroups {
				for _, name := range rule.Resources {
					resource, _, _ := strings.Cut(name, "/")
					resources[group+"/"+resource] = true
				}
			}
		}
	}
	return resources
}

// coverage holds what was asked for against what the API server offers.
type coverage struct {
	mu    sync.Mutex
	asked map[string]bool
}

func (c *coverage) add(offered entry, verb string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked[offered.name()+" "+verb] = true
}

// missing are the entry points that no kind came through and that no reason leaves out.
func (c *coverage) missing(all []entry) (problems []string) {
	unused := evaluated()
	for _, offered := range all {
		if _, is := evaluated()[offered.name()]; is {
			delete(unused, offered.name())
			continue
		}
		for _, verb := range offered.writing() {
			if !c.asked[offered.name()+" "+verb] {
				problems = append(problems, fmt.Sprintf(
					"%s has verb %s, and no kind of loss came through it: add a entry point and a kind, or a reason to evaluated()", offered.name(), verb))
			}
		}
	}
	for name := range unused {
		problems = append(problems, fmt.Sprintf("the API server does not offer %s: take it out of evaluated()", name))
	}
	return problems
}
