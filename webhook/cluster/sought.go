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
	// byService finds StatefulSets by the Service that they name.
	byService = "service"
	// byWanted finds objects by the first of the labels that they want, or by none.
	byWanted = "wanted"
	// byGiven finds workloads by each of the labels that they give their pods.
	byGiven = "given"
	// byClaim finds pods by each of the claims that they use.
	byClaim = "claim"
	// byOwner finds StatefulSets by the kind of each of their owners.
	byOwner = "owner"
	// byNamed finds objects by each of the objects of the whole cluster that they name.
	byNamed = "named"
)

// sought is what the indexes ask for of an object.
type sought struct {
	// service is the one that a StatefulSet names, empty for none.
	service string
	// wanted is nil for what is not looked for by labels.
	wanted labels
	given  labels
	// claims are those that a pod uses.
	claims []string
	// owners are the kinds of a StatefulSet's owners.
	owners []inventory.OwnerKind
	// named are the objects of the whole cluster that it names.
	named []string
}

// isFoundByLabels tells the resources with selectors or pod templates; the many pods and claims are not looked for so.
func isFoundByLabels(resource string) bool {
	switch resource {
	case "statefulsets", "deployments", "services", "poddisruptionbudgets":
		return true
	default:
		return false
	}
}

func newSought(resource string, stored *unstructured.Unstructured, value ast.Value) *sought {
	made := &sought{wanted: newLabels(inventory.Wanted(resource, value)), given: newLabels(inventory.Given(value))}
	if slices.Equal(made.wanted, made.given) {
		made.wanted = made.given
	}
	if resource == "statefulsets" {
		made.service, made.owners, made.named = serviceOf(stored), inventory.OwnersOf(value), inventory.Named(resource, value)
	}
	return made
}

// claimsOf are the claims that a pod uses.
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

// serviceOf is the Service that a StatefulSet names; what is no text names none.
func serviceOf(set *unstructured.Unstructured) string {
	service, _, _ := unstructured.NestedString(set.Object, "spec", "serviceName")
	return service
}

// indexers are those of held objects.
func indexers() toolscache.Indexers {
	all := toolscache.Indexers{}
	for name, keys := range map[string]func(*held) []string{byService: serviceKeys, byWanted: wantedKeys, byGiven: givenKeys, byClaim: claimKeys, byOwner: ownerKeys, byNamed: namedKeys} {
		all[name] = func(object any) ([]string, error) {
			kept, err := heldBy(object)
			if err != nil || kept.sought == nil {
				return nil, err
			}
			return keys(kept), nil
		}
	}
	all[byOrdinal] = func(object any) ([]string, error) {
		kept, err := heldBy(object)
		if err != nil {
			return nil, err
		}
		return ordinalKeys(kept), nil
	}
	return all
}

func serviceKeys(kept *held) []string {
	if kept.sought.service == "" {
		return nil
	}
	return []string{nameKey(kept.namespace.Value(), kept.sought.service)}
}

func claimKeys(kept *held) (keys []string) {
	for _, claim := range kept.sought.claims {
		keys = append(keys, nameKey(kept.namespace.Value(), claim))
	}
	return keys
}

func ownerKeys(kept *held) (keys []string) {
	for _, owner := range kept.sought.owners {
		keys = append(keys, nameKey(owner.Group, owner.Kind))
	}
	return keys
}

func namedKeys(kept *held) []string { return kept.sought.named }

func wantedKeys(kept *held) []string {
	if kept.sought.wanted == nil {
		return nil
	}
	if len(kept.sought.wanted) == 0 {
		return []string{labelKey(kept.namespace.Value(), "", "")}
	}
	first := kept.sought.wanted[0]
	return []string{labelKey(kept.namespace.Value(), first.name.Value(), first.value)}
}

func givenKeys(kept *held) (keys []string) {
	for _, each := range kept.sought.given {
		keys = append(keys, labelKey(kept.namespace.Value(), each.name.Value(), each.value))
	}
	return keys
}

func labelKey(namespace, name, value string) string { return namespace + "/" + name + "=" + value }

func nameKey(namespace, name string) string { return namespace + "/" + name }

// labels are inventory.Labels as they are held, by their names: maps would take several times the memory.
type labels []label

type label struct {
	name  unique.Handle[string]
	value string
}

func newLabels(from inventory.Labels) labels {
	made := make(labels, 0, len(from))
	for _, name := range slices.Sorted(maps.Keys(from)) {
		// A label that was read is a part of the object's text, which is not to be held for that.
		made = append(made, label{unique.Make(name), strings.Clone(from[name])})
	}
	return made
}

// within reports whether all these are among the others.
func (l labels) within(others inventory.Labels) bool {
	return !slices.ContainsFunc(l, func(each label) bool {
		value, has := others[each.name.Value()]
		return !has || value != each.value
	})
}

// have reports whether all the others are among these.
func (l labels) have(others inventory.Labels) bool {
	for name, value := range others {
		if !slices.ContainsFunc(l, func(each label) bool { return each.value == value && each.name.Value() == name }) {
			return false
		}
	}
	return true
}
