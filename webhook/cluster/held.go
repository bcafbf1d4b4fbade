package cluster

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	toolscache "k8s.io/client-go/tools/cache"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
)

// The indexes of an informer, beside that of client-go by namespace.
const (
	// byService finds StatefulSets by the Service that they name.
	byService = "service"
	// byWanted finds objects by the first of the labels that they want, or by none.
	byWanted = "wanted"
	// byGiven finds workloads by each of the labels that they give their pods.
	byGiven = "given"
)

// held is an object as the caches keep it: its name, what the indexes ask for, and all of it as JSON. The maps of an
// unstructured object would take several times the memory, and most objects are never looked at.
type held struct {
	metav1.ObjectMeta
	json   []byte
	found  map[string][]string
	wanted engine.Labels
	given  engine.Labels
}

// hold is the transform of the informers. What they tell of a deletion that they missed passes as it is.
func hold(object any) (any, error) {
	stored, ok := object.(*unstructured.Unstructured)
	if !ok {
		return object, nil
	}
	kind := stored.GroupVersionKind()
	resource, _ := policies.ResourceOfKind(kind.Group, kind.Kind)
	unstructured.RemoveNestedField(stored.Object, "metadata", "managedFields")
	encoded, err := json.Marshal(stored.Object)
	if err != nil {
		return nil, fmt.Errorf("hold %s %s/%s: %w", kind.Kind, stored.GetNamespace(), stored.GetName(), err)
	}
	kept := &held{
		ObjectMeta: metav1.ObjectMeta{Namespace: stored.GetNamespace(), Name: stored.GetName(), ResourceVersion: stored.GetResourceVersion()},
		json:       encoded,
	}
	if isFoundByLabels(resource.Name) {
		value, err := kept.value()
		if err != nil {
			return nil, fmt.Errorf("hold %s %s/%s: %w", kind.Kind, stored.GetNamespace(), stored.GetName(), err)
		}
		kept.wanted, kept.given = engine.Wanted(resource.Name, value), engine.Given(value)
	}
	kept.found = kept.keys(resource.Name, stored)
	return kept, nil
}

// isFoundByLabels tells the resources with selectors or pod templates; of the many pods and claims nobody asks that.
func isFoundByLabels(resource string) bool {
	switch resource {
	case "statefulsets", "deployments", "services", "poddisruptionbudgets":
		return true
	default:
		return false
	}
}

// keys are those under which the indexes find the object.
func (h *held) keys(resource string, stored *unstructured.Unstructured) map[string][]string {
	if !isFoundByLabels(resource) {
		return nil
	}
	keys := map[string][]string{byWanted: {labelKey(h.Namespace, "", "")}}
	if names := slices.Sorted(maps.Keys(h.wanted)); len(names) > 0 {
		keys[byWanted] = []string{labelKey(h.Namespace, names[0], h.wanted[names[0]])}
	}
	for name, value := range h.given {
		keys[byGiven] = append(keys[byGiven], labelKey(h.Namespace, name, value))
	}
	if resource == "statefulsets" {
		keys[byService] = []string{serviceKey(h.Namespace, serviceOf(stored))}
	}
	return keys
}

// serviceOf is the Service that a StatefulSet names; what is no text names none.
func serviceOf(set *unstructured.Unstructured) string {
	service, _, _ := unstructured.NestedString(set.Object, "spec", "serviceName")
	return service
}

func labelKey(namespace, name, value string) string { return namespace + "/" + name + "=" + value }

func serviceKey(namespace, service string) string { return namespace + "/" + service }

// value is the object as Rego sees it.
func (h *held) value() (ast.Value, error) { return engine.ParseObject(h.json) }

// indexers are those of held objects.
func indexers() toolscache.Indexers {
	all := toolscache.Indexers{}
	for _, name := range []string{byService, byWanted, byGiven} {
		all[name] = func(object any) ([]string, error) {
			kept, ok := object.(*held)
			if !ok {
				return nil, fmt.Errorf("the cache holds a %T", object)
			}
			return kept.found[name], nil
		}
	}
	return all
}
