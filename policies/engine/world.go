package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies"
)

// World is the read-only view of everything else that a rule may look at. Resources are named as rules name them
// ("services"); the namespace is empty for resources of the whole cluster.
//
// A World may know only a part of the cluster, and says so: Knows tells for each resource whether its absence is
// evidence. Where it is not, a rule that misses an object stays silent, and the Verdict lists the rule as undecided.
// An error means that the World could not tell; it ends the evaluation and is never taken for absence.
type World interface {
	// Knows reports whether an object of this resource that Get does not return is known not to exist.
	Knows(resource string) bool
	// Get returns one object, or nil where there is none or nobody knows.
	Get(ctx context.Context, resource, namespace, name string) (ast.Value, error)
	// List returns the objects of a namespace (of the cluster, where it is empty) as one Rego object keyed by name.
	List(ctx context.Context, resource, namespace string) (ast.Value, error)
	// Governed returns the StatefulSets of a namespace that name this Service, as one Rego object keyed by name.
	Governed(ctx context.Context, namespace, service string) (ast.Value, error)
}

// Snapshot is a World of objects in memory: the other manifests in CI, a recorded cluster in a test or a replay.
type Snapshot struct {
	namespace string
	known     map[string]bool
	objects   map[string]map[string]ast.Object
}

// NewSnapshot makes an empty World that knows the resources in known: of others, absence proves nothing. Objects that
// name no namespace are put into namespace.
func NewSnapshot(namespace string, known []string) *Snapshot {
	snapshot := &Snapshot{namespace: namespace, known: map[string]bool{}, objects: map[string]map[string]ast.Object{}}
	for _, resource := range known {
		snapshot.known[resource] = true
	}
	return snapshot
}

// Knows reports whether the snapshot is complete for this resource.
func (s *Snapshot) Knows(resource string) bool { return s.known[resource] }

// Get returns the object of this name, or nil.
func (s *Snapshot) Get(_ context.Context, resource, namespace, name string) (ast.Value, error) {
	objects, ok := s.objects[resource][namespace]
	if !ok {
		return nil, nil
	}
	if found := objects.Get(ast.StringTerm(name)); found != nil {
		return found.Value, nil
	}
	return nil, nil
}

// List returns the objects of a namespace by name.
func (s *Snapshot) List(_ context.Context, resource, namespace string) (ast.Value, error) {
	if objects, ok := s.objects[resource][namespace]; ok {
		return objects, nil
	}
	return ast.NewObject(), nil
}

// Governed returns the StatefulSets that name this Service.
func (s *Snapshot) Governed(_ context.Context, namespace, service string) (ast.Value, error) {
	governed := ast.NewObject()
	if sets, ok := s.objects["statefulsets"][namespace]; ok {
		sets.Foreach(func(name, set *ast.Term) {
			if named, ok := find(set.Value, "spec", "serviceName").(ast.String); ok && string(named) == service {
				governed.Insert(name, set)
			}
		})
	}
	return governed, nil
}

// Add puts a Kubernetes object, given as JSON, into the snapshot. What no rule could read is left out; of two objects
// with one name the later counts.
func (s *Snapshot) Add(raw json.RawMessage) error {
	var meta struct {
		APIVersion, Kind string
		Metadata         struct{ Namespace, Name string }
	}
	if err := json.Unmarshal(raw, &meta); err != nil {
		return fmt.Errorf("read object for the World: %w", err)
	}
	resource, known := policies.ResourceOfKind(groupOf(meta.APIVersion), meta.Kind)
	if !known {
		return nil
	}
	value, err := parseJSON(raw)
	if err != nil {
		return err
	}
	namespace := meta.Metadata.Namespace
	if namespace == "" && resource.Namespaced {
		namespace = s.namespace
	}
	if s.objects[resource.Name] == nil {
		s.objects[resource.Name] = map[string]ast.Object{}
	}
	if s.objects[resource.Name][namespace] == nil {
		s.objects[resource.Name][namespace] = ast.NewObject()
	}
	s.objects[resource.Name][namespace].Insert(ast.StringTerm(meta.Metadata.Name), ast.NewTerm(value))
	return nil
}

func groupOf(apiVersion string) string {
	group, _, grouped := strings.Cut(apiVersion, "/")
	if !grouped {
		return ""
	}
	return group
}
