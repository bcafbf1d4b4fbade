package inventory

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
	"k8s.io/utils/lru"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine/lazy"
)

// decodedObjects is how many objects are cached as Rego values, besides their JSON: all of a small check.
const decodedObjects = 512

// Snapshot is an inventory of objects in memory: the manifests of a check, an export, a recorded cluster in a test. It holds JSON and
// decodes it on demand: Rego values take ten times the memory, and a check may have 100,000 manifests. Objects may be added
// concurrently; once all are there it is safe for concurrent use.
type Snapshot struct {
	namespace string
	known     map[string]bool
	adding    sync.Mutex
	added     int
	buckets   map[bucketKey]*bucket
	parse     func(json.RawMessage) (ast.Value, error)
	// decoded caches the objects that were read last.
	decoded *lru.Cache
}

// bucketKey identifies a bucket; the namespace is empty for cluster-scoped resources.
type bucketKey struct{ resource, namespace string }

// NewSnapshot makes an empty inventory that knows the resources in known: of others, absence proves nothing. Objects that
// name no namespace are put into namespace.
func NewSnapshot(namespace string, known []string) *Snapshot {
	return NewSnapshotParsedBy(lazy.ParseObject, namespace, known)
}

// NewSnapshotParsedBy is NewSnapshot of objects that are decoded as the rules in force need them.
func NewSnapshotParsedBy(parse func(json.RawMessage) (ast.Value, error), namespace string, known []string) *Snapshot {
	made := &Snapshot{namespace: namespace, parse: parse, known: map[string]bool{}, buckets: map[bucketKey]*bucket{}, decoded: lru.New(decodedObjects)}
	for _, resource := range known {
		made.known[resource] = true
	}
	return made
}

// Entry is an object of the inventory.
type Entry struct {
	bucketKey

	name string
	json json.RawMessage
	// order decides which of two objects with one name counts: the higher one.
	order int
}

// Identity is the kind and name of an object.
type Identity struct{ APIVersion, Kind, Namespace, Name string }

// Add adds a Kubernetes object, given as JSON. What no rule could read is left out; of two objects with one name the later counts.
func (s *Snapshot) Add(raw json.RawMessage) error {
	value, err := s.parse(raw)
	if err != nil {
		return fmt.Errorf("read object for the inventory: %w", err)
	}
	texts, err := textsOf(value, []string{"apiVersion"}, []string{"kind"}, []string{"metadata", "namespace"}, []string{"metadata", "name"})
	if err != nil {
		return fmt.Errorf("read object for the inventory: %w", err)
	}
	object := Identity{texts[0], texts[1], texts[2], texts[3]}
	if resource, known := object.resource(); known {
		s.adding.Lock()
		s.added++
		order := s.added
		s.adding.Unlock()
		s.put(order, resource, object, raw, value)
	}
	return nil
}

// AddAs is Add of an object whose identity is known. It returns nil if no rule can look it up. Of two with one name the one with the
// higher order counts, whichever is added first.
func (s *Snapshot) AddAs(order int, object Identity, raw json.RawMessage) (*Entry, error) {
	resource, known := object.resource()
	if !known {
		return nil, nil
	}
	value, err := s.parse(raw)
	if err != nil {
		return nil, fmt.Errorf("read the object: %w", err)
	}
	return s.put(order, resource, object, raw, value), nil
}

func (i Identity) resource() (policies.Resource, bool) {
	return policies.ResourceOfKind(policies.GroupOf(i.APIVersion), i.Kind)
}

// put gives an object its place in the indexes.
func (s *Snapshot) put(order int, resource policies.Resource, object Identity, raw json.RawMessage, value ast.Value) *Entry {
	kept := &Entry{bucketKey: bucketKey{resource.Name, object.Namespace}, name: object.Name, json: raw, order: order}
	if kept.namespace == "" && resource.Namespaced {
		kept.namespace = s.namespace
	}
	s.decoded.Add(kept, value)
	keys := indexKeysOf(resource.Name, value)
	s.adding.Lock()
	defer s.adding.Unlock()
	if s.buckets[kept.bucketKey] == nil {
		s.buckets[kept.bucketKey] = newBucket()
	}
	s.buckets[kept.bucketKey].add(kept, keys)
	return kept
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

// Value returns an object as a Rego value.
func (s *Snapshot) Value(object *Entry) (ast.Value, error) {
	if known, ok := s.decoded.Get(object); ok {
		value, _ := known.(ast.Value)
		return value, nil
	}
	value, err := s.parse(object.json)
	if err == nil {
		s.decoded.Add(object, value)
	}
	return value, err
}

// Knows reports whether the inventory is complete for this resource.
func (s *Snapshot) Knows(resource string) bool { return s.known[resource] }

// Get returns the object of this name, or nil.
func (s *Snapshot) Get(_ context.Context, resource, namespace, name string) (ast.Value, error) {
	object, found := s.bucket(resource, namespace).objects[name]
	if !found {
		return nil, nil
	}
	return s.Value(object)
}

// List returns the objects of a namespace by name.
func (s *Snapshot) List(_ context.Context, resource, namespace string) (ast.Value, error) {
	return s.listed(maps.Values(s.bucket(resource, namespace).objects), everything)
}

// Governed returns the StatefulSets that name this Service.
func (s *Snapshot) Governed(_ context.Context, namespace, service string) (ast.Value, error) {
	return s.listed(slices.Values(s.bucket("statefulsets", namespace).governed[service]), everything)
}

// Mounting returns the Pods that use this claim.
func (s *Snapshot) Mounting(_ context.Context, namespace, claim string) (ast.Value, error) {
	return s.listed(slices.Values(s.bucket("pods", namespace).mounting[claim]), everything)
}

// Owned returns the StatefulSets with an owner of this kind.
func (s *Snapshot) Owned(_ context.Context, group, kind string) (ast.Value, error) {
	return s.found("statefulsets", "", func(value ast.Value) bool {
		return slices.Contains(OwnersOf(value), OwnerKind{Group: group, Kind: kind})
	})
}

// Naming returns the objects of a resource that name this object of the whole cluster.
func (s *Snapshot) Naming(_ context.Context, resource, named string) (ast.Value, error) {
	return s.found(resource, "", func(value ast.Value) bool { return slices.Contains(Named(resource, value), named) })
}

// Matching returns the StatefulSets whose own labels match.
func (s *Snapshot) Matching(_ context.Context, namespace, selector string) (ast.Value, error) {
	wanted, err := ReadSelector(selector)
	if err != nil {
		return nil, err
	}
	return s.found("statefulsets", namespace, func(value ast.Value) bool { return Matches(value, wanted) })
}

// found returns the objects of a namespace, or of all where it is empty, that are wanted, by NAMESPACE/NAME.
func (s *Snapshot) found(resource, namespace string, wanted func(ast.Value) bool) (ast.Value, error) {
	found := ast.NewObject()
	for key, each := range s.buckets {
		if key.resource != resource || namespace != "" && key.namespace != namespace {
			continue
		}
		for _, object := range each.objects {
			value, err := s.Value(object)
			if err != nil {
				return nil, err
			}
			if wanted(value) {
				found.Insert(ast.StringTerm(strings.TrimPrefix(key.namespace+"/"+object.name, "/")), ast.NewTerm(value))
			}
		}
	}
	return found, nil
}

// Owner returns nothing: rules read it if an owner is added to a stored object, and manifests have no stored version.
func (*Snapshot) Owner(context.Context, string, string) (ast.Value, error) { return nil, nil }

// Selecting returns the objects whose selector labels are a subset of these.
func (s *Snapshot) Selecting(_ context.Context, resource, namespace string, labels Labels) (ast.Value, error) {
	return s.listed(s.bucket(resource, namespace).selectors.Subsets(labels), everything)
}

// Labelled returns the workloads whose pods have all these labels.
func (s *Snapshot) Labelled(ctx context.Context, resource, namespace string, labels Labels) (ast.Value, error) {
	if len(labels) == 0 {
		return s.List(ctx, resource, namespace)
	}
	having := func(value ast.Value) bool { return PodLabels(value).Has(labels) }
	return s.listed(slices.Values(s.bucket(resource, namespace).podLabels.Candidates(labels)), having)
}

func everything(ast.Value) bool { return true }

func (s *Snapshot) bucket(resource, namespace string) *bucket {
	if found, ok := s.buckets[bucketKey{resource, namespace}]; ok {
		return found
	}
	return &bucket{}
}

// listed returns by name the objects that are wanted, without those that a later one replaces.
func (s *Snapshot) listed(objects iter.Seq[*Entry], wanted func(ast.Value) bool) (ast.Value, error) {
	found := ast.NewObject()
	for each := range objects {
		if s.buckets[each.bucketKey].objects[each.name] != each {
			continue
		}
		value, err := s.Value(each)
		if err != nil {
			return nil, err
		}
		if wanted(value) {
			found.Insert(ast.StringTerm(each.name), ast.NewTerm(value))
		}
	}
	return found, nil
}
