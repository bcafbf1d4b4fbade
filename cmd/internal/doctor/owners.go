package doctor

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stateward/stateward/policies"
)

const (
	// setsPage is how many StatefulSets are listed at a time.
	setsPage = 500
	// namedSets is how many are named where there are more.
	namedSets = 3
)

// checkOwners looks for StatefulSets that the deletion of a custom resource takes along, without a question or with their
// claims.
func (e *examination) checkOwners(ctx context.Context) {
	unguarded, deleting := map[policies.Parent][]string{}, []string{}
	guarded := append(policies.Parents(), e.registeredParents(ctx)...)
	err := e.eachSet(ctx, func(set *appsv1.StatefulSet) {
		parents := e.parentsOf(set)
		for _, parent := range parents {
			if !slices.Contains(guarded, parent) {
				unguarded[parent] = append(unguarded[parent], set.Namespace+"/"+set.Name)
			}
		}
		if len(parents) > 0 && losesClaims(set) {
			deleting = append(deleting, set.Namespace+"/"+set.Name)
		}
	})
	if err != nil {
		e.unchecked("StatefulSets", "", err, "their owners cannot be read")
		return
	}
	for _, parent := range slices.SortedFunc(maps.Keys(unguarded), func(a, b policies.Parent) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Resource, b.Resource))
	}) {
		name := parent.Resource + "." + parent.Group
		e.note("CustomResourceDefinition/"+name, "it owns %s and is not guarded: deleting such an object deletes its StatefulSets; "+
			"register it with `stateward rules registration --parent %s`", someOf(unguarded[parent]), name)
	}
	if len(deleting) > 0 {
		e.note("StatefulSets", "%s has an owner and whenDeleted: Delete: deleting the owner deletes the claims too", someOf(deleting))
	}
}

// eachSet visits all StatefulSets of the cluster.
func (e *examination) eachSet(ctx context.Context, visit func(*appsv1.StatefulSet)) error {
	page := &appsv1.StatefulSetList{}
	for {
		if err := e.client.List(ctx, page, client.Limit(setsPage), client.Continue(page.Continue)); err != nil {
			return err
		}
		for index := range page.Items {
			visit(&page.Items[index])
		}
		if page.Continue == "" {
			return nil
		}
	}
}

// parentsOf are the custom resources that own a set. What the cluster no longer serves owns nothing.
func (e *examination) parentsOf(set *appsv1.StatefulSet) (parents []policies.Parent) {
	for _, owner := range set.OwnerReferences {
		version, err := schema.ParseGroupVersion(owner.APIVersion)
		// Kubernetes' own groups have no dot, or end in k8s.io.
		if err != nil || !strings.Contains(version.Group, ".") || strings.HasSuffix(version.Group, ".k8s.io") {
			continue
		}
		mapping, err := e.client.RESTMapper().RESTMapping(version.WithKind(owner.Kind).GroupKind(), version.Version)
		if err == nil {
			parents = append(parents, policies.Parent{Group: version.Group, Resource: mapping.Resource.Resource})
		}
	}
	return parents
}

func losesClaims(set *appsv1.StatefulSet) bool {
	policy := set.Spec.PersistentVolumeClaimRetentionPolicy
	return len(set.Spec.VolumeClaimTemplates) > 0 && policy != nil &&
		policy.WhenDeleted == appsv1.DeletePersistentVolumeClaimRetentionPolicyType
}

// someOf names the first of many.
func someOf(sets []string) string {
	if len(sets) <= namedSets {
		return "StatefulSet " + strings.Join(sets, ", ")
	}
	return fmt.Sprintf("StatefulSet %s and %d more", strings.Join(sets[:namedSets], ", "), len(sets)-namedSets)
}
