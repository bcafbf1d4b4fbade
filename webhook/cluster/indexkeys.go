package cluster

import (
	"maps"
	"slices"
	"strings"
	"unique"

	"github.com/open-policy-agent/opa/v1/ast"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	toolscache "k8s.io/client-go/tools/cache"

	"github.com/stateward/stateward/policies/engine/inventory"
)

// The indexes of an informer, beside that of client-go by namespace.
const (
	// byService finds StatefulSets by their spec.serviceName.
	byService = "service"
	// bySelectorLabel finds objects by the first label of their selector, or by none.
	bySelectorLabel = "selector-label"
	// byPodLabel finds workloads by each label of their pods.
	byPodLabel = "pod-label"
	// byClaim finds pods by each claim that they mount.
	byClaim = "claim"
	// byOwner finds StatefulSets by the kind of each of their owners.
	byOwner = "owner"
	// byNamed finds objects by each cluster-scoped object that they name.
	byNamed = "named"
)

// indexKeys are the keys of an object in the indexes.
type indexKeys struct {
	// service is the spec.serviceName of a StatefulSet, empty for none.
	service string
	// selector is nil for objects that are not found by labels.
	selector  labels
	podLabels labels
	// claims are those of a pod.
	claims []string
	// owners are the kinds of a StatefulSet's owners.
	owners []inventory.OwnerKind
	// named are the cluster-scoped objects that it names.
	named []string
}

// hasLabelIndexes reports whether a resource has selectors or pod templates. Pods and claims, which are many, are not indexed
// by labels.
func hasLabelIndexes(resource string) bool {
	switch resource {
	case "statefulsets", "deployments", "services", "poddisruptionbudgets":
		return true
	default:
		return false
	}
}

func newIndexKeys(resource string, stored *unstructured.Unstructured, value ast.Value) *indexKeys {
	made := &indexKeys{selector: newLabels(inventory.SelectorLabels(resource, value)), podLabels: newLabels(inventory.PodLabels(value))}
	if slices.Equal(made.selector, made.podLabels) {
		made.selector = made.podLabels
	}
	if resource == "statefulsets" {
		made.service, made.owners, made.named = serviceOf(stored), inventory.OwnersOf(value), inventory.Named(resource, value)
	}
	return made
}

// claimsOf returns the claims that a pod mounts.
func claimsOf(pod *unstructured.Unstructured) (claims []string) {
	volumes, _, _ := unstructured.NestedSlice(pod.Object, "spec", "volumes")
	for _, volume := range volumes {
		fields, _ := volume.(map[string]any)
		if claim, found, _ := unstructured.NestedString(fields, "persistentVolumeClaim", "claimName"); found {
			claims = append(claims, claim)
		}
	}
	return claims
}

// serviceOf returns the spec.serviceName of a StatefulSet, empty if it is not a string.
func serviceOf(set *unstructured.Unstructured) string {
	service, _, _ := unstructured.NestedString(set.Object, "spec", "serviceName")
	return service
}

// indexers returns the indexes of cached objects.
func indexers() toolscache.Indexers {
	all := toolscache.Indexers{}
	for name, keys := range map[string]func(*cachedObject) []string{byService: serviceKeys, bySelectorLabel: selectorKeys, byPodLabel: podLabelKeys, byClaim: claimKeys, byOwner: ownerKeys, byNamed: namedKeys} {
		all[name] = func(object any) ([]string, error) {
			kept, err := cachedObjectOf(object)
			if err != nil || kept.keys == nil {
				return nil, err
			}
			return keys(kept), nil
		}
	}
	all[byOrdinal] = func(object any) ([]string, error) {
		kept, err := cachedObjectOf(object)
		if err != nil {
			return nil, err
		}
		return ordinalKeys(kept), nil
	}
	return all
}

func serviceKeys(kept *cachedObject) []string {
	if kept.keys.service == "" {
		return nil
	}
	return []string{nameKey(kept.namespace.Value(), kept.keys.service)}
}

func claimKeys(kept *cachedObject) (keys []string) {
	for _, claim := range kept.keys.claims {
		keys = append(keys, nameKey(kept.namespace.Value(), claim))
	}
	return keys
}

func ownerKeys(kept *cachedObject) (keys []string) {
	for _, owner := range kept.keys.owners {
		keys = append(keys, nameKey(owner.Group, owner.Kind))
	}
	return keys
}

func namedKeys(kept *cachedObject) []string { return kept.keys.named }

func selectorKeys(kept *cachedObject) []string {
	if kept.keys.selector == nil {
		return nil
	}
	if len(kept.keys.selector) == 0 {
		return []string{labelKey(kept.namespace.Value(), "", "")}
	}
	first := kept.keys.selector[0]
	return []string{labelKey(kept.namespace.Value(), first.name.Value(), first.value)}
}

func podLabelKeys(kept *cachedObject) (keys []string) {
	for _, each := range kept.keys.podLabels {
		keys = append(keys, labelKey(kept.namespace.Value(), each.name.Value(), each.value))
	}
	return keys
}

func labelKey(namespace, name, value string) string { return namespace + "/" + name + "=" + value }

func nameKey(namespace, name string) string { return namespace + "/" + name }

// labels are inventory.Labels sorted by name: maps would take several times the memory.
type labels []label

type label struct {
	name  unique.Handle[string]
	value string
}

func newLabels(from inventory.Labels) labels {
	made := make(labels, 0, len(from))
	for _, name := range slices.Sorted(maps.Keys(from)) {
		// A value is a part of the object's text: a copy lets that be freed.
		made = append(made, label{unique.Make(name), strings.Clone(from[name])})
	}
	return made
}

// subsetOf reports whether the others include all of these.
func (l labels) subsetOf(others inventory.Labels) bool {
	return !slices.ContainsFunc(l, func(each label) bool {
		value, has := others[each.name.Value()]
		return !has || value != each.value
	})
}

// haveAll reports whether these include all of the others.
func (l labels) haveAll(others inventory.Labels) bool {
	for name, value := range others {
		if !slices.ContainsFunc(l, func(each label) bool { return each.value == value && each.name.Value() == name }) {
			return false
		}
	}
	return true
}
