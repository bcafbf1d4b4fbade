package forecast

import (
	"maps"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/stateward/stateward/policies/forecast"
)

// state reads the cluster as `stateward plan` reads one.
func (c *cluster) state(scenario Scenario) (forecast.State, error) {
	objects := forecast.Objects{Set: c.set}
	for _, pod := range c.podList() {
		objects.Pods = append(objects.Pods, *pod)
	}
	for _, claim := range c.sortedClaims() {
		claim = claim.DeepCopy()
		claim.Namespace = namespace
		objects.Claims = append(objects.Claims, *claim)
	}
	for _, key := range slices.Sorted(maps.Keys(c.revisions)) {
		revision := c.revisions[key].DeepCopy()
		// The controller adopts revisions of a set that was deleted before the sync that is compared.
		revision.OwnerReferences = nil
		objects.Revisions = append(objects.Revisions, *revision)
	}
	gates := forecast.Gates{MaxUnavailable: scenario.MaxUnavailable, Recreate: scenario.Recreate, Before137: before137}
	return forecast.FromObjects(objects, gates, c.time().Time)
}

func (c *cluster) sortedClaims() (claims []*corev1.PersistentVolumeClaim) {
	for _, key := range slices.Sorted(maps.Keys(c.claims)) {
		claims = append(claims, c.claims[key])
	}
	return claims
}

func isUID(uid types.UID) func(metav1.OwnerReference) bool {
	return func(owner metav1.OwnerReference) bool { return owner.UID == uid }
}

// badTemplates are those whose pods never get Ready.
var badTemplates = sync.OnceValue(func() (list []string) {
	for _, image := range []string{"bad-1", "bad-2"} {
		set, err := forecast.FromSet(Settings{Image: image}.object())
		if err != nil {
			panic(err)
		}
		list = append(list, set.Template)
	}
	return list
})
