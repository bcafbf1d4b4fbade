package inventory

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine/lazy"
)

// Snapshot is an inventory of objects in memory: the other manifests in CI, a recorded cluster in a test or a replay. Once
// all is added it is safe for concurrent use.
type Snapshot struct {
	namespace string
	known     map[string]bool
	buckets   map[bucketKey]*bucket
}

// bucketKey identifies a bucket; the namespace is empty for cluster-scoped resources.
type bucketKey struct{ resource, namespace string }

// NewSnapshot makes an empty inventory that knows the resources in known: of others, absence proves nothing. Objects that
// name no namespace are put into namespace.
func NewSnapshot(namespace string, known []string) *Snapshot {
	snapshot := &Snapshot{namespace: namespace, known: map[string]bool{}, buckets: map[bucketKey]*bucket{}}
	for _, resource := range known {
		snapshot.known[resource] = true
	}
	return snapshot
}

// Knows reports whether the snapshot is complete for this resource.
func (s *Snapshot) Knows(resource string) bool { return s.known[resource] }

// Get returns the object of this name, or nil.
func (s *Snapshot) Get(_ context.Context, resource, namespace, name string) (ast.Value, error) {
	if found := s.bucket(resource, namespace).objects.Get(ast.StringTerm(name)); found != nil {
		return found.Value, nil
	}
	return nil, nil
}

// List returns the objects of a namespace by name.
func (s *Snapshot) List(_ context.Context, resource, namespace string) (ast.Value, error) {
	return s.bucket(resource, namespace).objects, nil
}

// Governed returns the StatefulSets that name this Service.
func (s *Snapshot) Governed(_ context.Context, namespace, service string) (ast.Value, error) {
	governed := ast.NewObject()
	s.bucket("statefulsets", namespace).objects.Foreach(func(name, set *ast.Term) {
		if named, ok := find(set.Value, "spec", "serviceName").(ast.String); ok && string(named) == service {
			governed.Insert(name, set)
		}
	})
	return governed, nil
}

// Mounting returns the Pods that use this claim.
func (s *Snapshot) Mounting(_ context.Context, namespace, claim string) (ast.Value, error) {
	mounting := ast.NewObject()
	s.bucket("pods", namespace).objects.Foreach(func(name, pod *ast.Term) {
		if slices.Contains(ClaimsOf(pod.Value), claim) {
			mounting.Insert(name, pod)
		}
	})
	return mounting, nil
}

// Owned returns the StatefulSets with an owner of this kind.
func (s *Snapshot) Owned(_ context.Context, group, kind string) (ast.Value, error) {
	owned := ast.NewObject()
	for at, shelf := range s.buckets {
		if at.resource != "statefulsets" {
			continue
		}
		shelf.objects.Foreach(func(name, set *ast.Term) {
			if slices.Contains(OwnersOf(set.Value), OwnerKind{group, kind}) {
				owned.Insert(ast.StringTerm(at.namespace+"/"+string(name.Value.(ast.String))), set)
			}
		})
	}
	return owned, nil
}

// Naming returns the objects of a resource that name this object of the whole cluster.
func (s *Snapshot) Naming(_ context.Context, resource, named string) (ast.Value, error) {
	naming := ast.NewObject()
	for at, shelf := range s.buckets {
		if at.resource != resource {
			continue
		}
		shelf.objects.Foreach(func(name, object *ast.Term) {
			if slices.Contains(Named(resource, object.Value), named) {
				naming.Insert(ast.StringTerm(strings.TrimPrefix(at.namespace+"/"+string(name.Value.(ast.String)), "/")), object)
			}
		})
	}
	return naming, nil
}

// Matching returns the StatefulSets whose own labels match.
func (s *Snapshot) Matching(_ context.Context, namespace, selector string) (ast.Value, error) {
	wanted, err := ReadSelector(selector)
	if err != nil {
		return nil, err
	}
	matching := ast.NewObject()
	for at, shelf := range s.buckets {
		if at.resource != "statefulsets" || namespace != "" && at.namespace != namespace {
			continue
		}
		shelf.objects.Foreach(func(name, set *ast.Term) {
			if Matches(set.Value, wanted) {
				matching.Insert(ast.StringTerm(at.namespace+"/"+string(name.Value.(ast.String))), set)
			}
		})
	}
	return matching, nil
}

// Owner returns nothing: a snapshot holds objects of the kinds that rules check, and owners are of any kind.
func (*Snapshot) Owner(context.Context, string, string) (ast.Value, error) { return nil, nil }

// Selecting returns the objects whose selector labels are a subset of these.
func (s *Snapshot) Selecting(_ context.Context, resource, namespace string, labels Labels) (ast.Value, error) {
	shelf := s.bucket(resource, namespace)
	return shelf.pick(shelf.selectors.Subsets(labels)), nil
}

// Labelled returns the workloads whose pods have all these labels.
func (s *Snapshot) Labelled(_ context.Context, resource, namespace string, labels Labels) (ast.Value, error) {
	shelf := s.bucket(resource, namespace)
	if len(labels) == 0 {
		return shelf.objects, nil
	}
	others := func(name string) bool { return !PodLabels(shelf.objects.Get(ast.StringTerm(name)).Value).Has(labels) }
	return shelf.pick(slices.Values(slices.DeleteFunc(slices.Clone(shelf.podLabels.Candidates(labels)), others))), nil
}

// Add puts a Kubernetes object, given as JSON, into the snapshot. What no rule could read is left out; of two objects
// with one name the later counts.
func (s *Snapshot) Add(raw json.RawMessage) error {
	value, err := lazy.ParseObject(raw)
	if err != nil {
		return fmt.Errorf("read object for the inventory: %w", err)
	}
	return s.AddValue(value)
}

// AddValue is Add for an object that ParseObject has read.
func (s *Snapshot) AddValue(value ast.Value) error {
	texts, err := textsOf(value, []string{"apiVersion"}, []string{"kind"}, []string{"metadata", "namespace"}, []string{"metadata", "name"})
	if err != nil {
		return fmt.Errorf("read object for the inventory: %w", err)
	}
	apiVersion, kind, namespace, name := texts[0], texts[1], texts[2], texts[3]
	resource, known := policies.ResourceOfKind(policies.GroupOf(apiVersion), kind)
	if !known {
		return nil
	}
	if namespace == "" && resource.Namespaced {
		namespace = s.namespace
	}
	at := bucketKey{resource.Name, namespace}
	if s.buckets[at] == nil {
		s.buckets[at] = newBucket()
	}
	s.buckets[at].add(name, resource.Name, value)
	return nil
}

// textsOf returns the strings at these paths, empty for a missing one.
func textsOf(value ast.Value, paths ...[]string) (texts []string, err error) {
	for _, path := range paths {
		switch text := find(value, path...).(type) {
		case ast.String:
			texts = append(texts, string(text))
		case nil, ast.Null:
			texts = append(texts, "")
		default:
			return nil, fmt.Errorf("%s is %v and must be text", strings.Join(path, "."), text)
		}
	}
	return texts, nil
}

func (s *Snapshot) bucket(resource, namespace string) *bucket {
	if found, ok := s.buckets[bucketKey{resource, namespace}]; ok {
		return found
	}
	return newBucket()
}

// bucket holds the objects of one resource in one namespace by name, and the names by labels. Without the indexes, the time to
// evaluate the sets of a namespace would grow with the square of their number.
type bucket struct {
	objects   ast.Object
	selectors SelectorIndex[string]
	podLabels PodLabelIndex[string]
}

func newBucket() *bucket { return &bucket{objects: ast.NewObject()} }

// add leaves an earlier object of the same name in the indexes, through which pick finds the later one: that may be one
// candidate too many.
func (s *bucket) add(name, resource string, value ast.Value) {
	s.objects.Insert(ast.StringTerm(name), ast.NewTerm(value))
	s.selectors.Add(name, SelectorLabels(resource, value))
	s.podLabels.Add(name, PodLabels(value))
}

// pick returns the objects of these names.
func (s *bucket) pick(names iter.Seq[string]) ast.Object {
	picked := ast.NewObject()
	for name := range names {
		key := ast.StringTerm(name)
		picked.Insert(key, s.objects.Get(key))
	}
	return picked
}
