// Package owners finds out which custom resources own the StatefulSets of a cluster: who deletes one of them deletes its sets.
package owners

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stateward/stateward/policies"
)

const (
	// page is how many objects are listed at a time.
	page = 500
	// levels is how far an owner of an owner is looked for.
	levels = 3
)

// Kind is a kind of custom resource whose objects own StatefulSets.
type Kind struct {
	// Name is that of its CustomResourceDefinition: rabbitmqclusters.rabbitmq.com.
	Name string `json:"name"`
	// Sets are the StatefulSets as NAMESPACE/NAME, sorted.
	Sets []string `json:"statefulSets"`
	// Deleting are those of Sets whose claims are deleted with them (whenDeleted: Delete).
	Deleting []string `json:"deleteClaims,omitempty"`
	// Guarded says that deletions of such an object are sent to the webhook.
	Guarded bool `json:"guarded"`

	parent policies.Parent
}

// Parent is the kind as the registration names it.
func (k *Kind) Parent() policies.Parent { return k.parent }

// Find returns the kinds that own StatefulSets, themselves or through other objects, by name. An owner that does not exist,
// or that the client may not read, has no owners here.
func Find(ctx context.Context, reader client.Client, guarded []policies.Parent) ([]Kind, error) {
	search := &search{reader: reader, guarded: guarded, kinds: map[string]*Kind{}, owners: map[object][]metav1.OwnerReference{}}
	sets := &appsv1.StatefulSetList{}
	for {
		if err := reader.List(ctx, sets, client.Limit(page), client.Continue(sets.Continue)); err != nil {
			return nil, fmt.Errorf("list StatefulSets: %w", err)
		}
		for index := range sets.Items {
			if err := search.climb(ctx, &sets.Items[index], sets.Items[index].OwnerReferences, levels); err != nil {
				return nil, err
			}
		}
		if sets.Continue == "" {
			return search.found(), nil
		}
	}
}

// object is one that may have owners.
type object struct {
	schema.GroupVersionKind
	client.ObjectKey
}

type search struct {
	reader  client.Client
	guarded []policies.Parent
	kinds   map[string]*Kind
	// owners of the objects that were read.
	owners map[object][]metav1.OwnerReference
}

// climb notes the owners of a set, and theirs.
func (s *search) climb(ctx context.Context, set *appsv1.StatefulSet, references []metav1.OwnerReference, left int) error {
	if left == 0 {
		return nil
	}
	for _, reference := range references {
		version, err := schema.ParseGroupVersion(reference.APIVersion)
		if err != nil || !isCustom(version.Group) {
			continue
		}
		kind := version.WithKind(reference.Kind)
		// What the cluster no longer serves owns nothing.
		mapping, err := s.reader.RESTMapper().RESTMapping(kind.GroupKind(), version.Version)
		if err != nil {
			continue
		}
		s.note(policies.Parent{Group: version.Group, Resource: mapping.Resource.Resource}, set)
		above, err := s.ownersOf(ctx, object{kind, client.ObjectKey{Namespace: set.Namespace, Name: reference.Name}})
		if err != nil {
			return err
		}
		if err := s.climb(ctx, set, above, left-1); err != nil {
			return err
		}
	}
	return nil
}

// isCustom is false for Kubernetes' own groups: they have no dot, or end in k8s.io.
func isCustom(group string) bool {
	return strings.Contains(group, ".") && !strings.HasSuffix(group, ".k8s.io")
}

func (s *search) ownersOf(ctx context.Context, of object) ([]metav1.OwnerReference, error) {
	if known, read := s.owners[of]; read {
		return known, nil
	}
	found := &metav1.PartialObjectMetadata{}
	found.SetGroupVersionKind(of.GroupVersionKind)
	err := s.reader.Get(ctx, of.ObjectKey, found)
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsForbidden(err) {
		return nil, fmt.Errorf("read %s %s: %w", of.Kind, of.ObjectKey, err)
	}
	s.owners[of] = found.OwnerReferences
	return found.OwnerReferences, nil
}

func (s *search) note(parent policies.Parent, set *appsv1.StatefulSet) {
	name := parent.Resource + "." + parent.Group
	kind, known := s.kinds[name]
	if !known {
		kind = &Kind{Name: name, Guarded: slices.Contains(s.guarded, parent), parent: parent}
		s.kinds[name] = kind
	}
	key := set.Namespace + "/" + set.Name
	if slices.Contains(kind.Sets, key) {
		return
	}
	kind.Sets = append(kind.Sets, key)
	if losesClaims(set) {
		kind.Deleting = append(kind.Deleting, key)
	}
}

func (s *search) found() (kinds []Kind) {
	for _, name := range slices.SortedFunc(maps.Keys(s.kinds), cmp.Compare) {
		kind := s.kinds[name]
		slices.Sort(kind.Sets)
		slices.Sort(kind.Deleting)
		kinds = append(kinds, *kind)
	}
	return kinds
}

func losesClaims(set *appsv1.StatefulSet) bool {
	policy := set.Spec.PersistentVolumeClaimRetentionPolicy
	return len(set.Spec.VolumeClaimTemplates) > 0 && policy != nil &&
		policy.WhenDeleted == appsv1.DeletePersistentVolumeClaimRetentionPolicyType
}
