package evaluate

import (
	"fmt"
	"math"
	"regexp"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/stateward/stateward/cmd/internal/manifest"
	"github.com/stateward/stateward/policies/engine/inventory"
)

// Surroundings are what is there already, besides the documents: seen, not evaluated. The zero value is nothing.
type Surroundings struct {
	objects map[string][]unstructured.Unstructured
}

// Add puts objects of a resource in; from then on all that there are of it are known.
func (s *Surroundings) Add(resource string, objects ...unstructured.Unstructured) {
	if s.objects == nil {
		s.objects = map[string][]unstructured.Unstructured{}
	}
	s.objects[resource] = append(s.objects[resource], objects...)
}

// known adds the resources that are here to those that are known anyway.
func (s *Surroundings) known(anyway []string) []string {
	all := slices.Clone(anyway)
	for resource := range s.objects {
		all = append(all, resource)
	}
	return all
}

// addTo puts all into the inventory. A StatefulSet that is among the documents and here too has claims by right: they are
// left out, or they would look like left-overs.
func (s *Surroundings) addTo(inv *inventory.Snapshot, documents []manifest.Document, namespace string) error {
	// Whatever the documents say counts more, and of two that are there the later.
	before := math.MinInt
	own := s.claimsOf(documents, namespace)
	for resource, objects := range s.objects {
		for _, object := range objects {
			if resource == "persistentvolumeclaims" && own(object) {
				continue
			}
			before++
			raw, err := object.MarshalJSON()
			if err != nil {
				return fmt.Errorf("take %s/%s into the inventory: %w", object.GetNamespace(), object.GetName(), err)
			}
			called := inventory.Identity{APIVersion: object.GetAPIVersion(), Kind: object.GetKind(), Namespace: object.GetNamespace(), Name: object.GetName()}
			if _, err := inv.AddAs(before, called, raw); err != nil {
				return fmt.Errorf("take %s/%s into the inventory: %w", object.GetNamespace(), object.GetName(), err)
			}
		}
	}
	return nil
}

// claimsOf returns the claims of StatefulSets that are in both.
func (s *Surroundings) claimsOf(documents []manifest.Document, namespace string) func(unstructured.Unstructured) bool {
	patterns := map[string][]*regexp.Regexp{}
	for _, set := range s.objects["statefulsets"] {
		if !slices.ContainsFunc(documents, func(document manifest.Document) bool {
			in := document.Namespace
			if in == "" {
				in = namespace
			}
			return document.Kind == "StatefulSet" && document.Name == set.GetName() && in == set.GetNamespace()
		}) {
			continue
		}
		templates, _, _ := unstructured.NestedSlice(set.Object, "spec", "volumeClaimTemplates")
		for _, each := range templates {
			template, _ := each.(map[string]any)
			name, _, _ := unstructured.NestedString(template, "metadata", "name")
			claim := regexp.MustCompile("^" + regexp.QuoteMeta(name+"-"+set.GetName()+"-") + "[0-9]+$")
			patterns[set.GetNamespace()] = append(patterns[set.GetNamespace()], claim)
		}
	}
	return func(claim unstructured.Unstructured) bool {
		return slices.ContainsFunc(patterns[claim.GetNamespace()], func(pattern *regexp.Regexp) bool {
			return pattern.MatchString(claim.GetName())
		})
	}
}
