package cluster

import (
	"cmp"
	"slices"
	"time"
	"unique"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	toolscache "k8s.io/client-go/tools/cache"

	"github.com/stateward/stateward/policies/forecast"
	"github.com/stateward/stateward/webhook/preview"
)

// byOrdinal finds pods by the name of their StatefulSet, and claims by that with the name of the claim template before it.
const byOrdinal = "ordinal"

// factsOf is what forecasts read of an object, ready to be used: to unpack ten pods would take longer than their forecast. It is
// nil for objects that no forecast reads. Times of pods are in seconds since 1970.
func factsOf(resource string, stored *unstructured.Unstructured, encoded []byte) any {
	switch resource {
	case "statefulsets":
		if read, err := preview.Read(encoded); err == nil {
			set := read.WithoutTemplate()
			return &set
		}
	case "pods":
		if _, isOfSet := stored.GetLabels()["statefulset.kubernetes.io/pod-name"]; isOfSet {
			return podFacts(stored)
		}
	case "persistentvolumeclaims":
		var claim corev1.PersistentVolumeClaim
		if _, _, is := forecast.CutOrdinal(stored.GetName()); is && convert(stored.Object, &claim) {
			read := forecast.FromClaim(&claim)
			return &read
		}
	case "persistentvolumes":
		policy, _, _ := unstructured.NestedString(stored.Object, "spec", "persistentVolumeReclaimPolicy")
		return forecast.Reclaim(unique.Make(policy).Value())
	case "services":
		if all, _, _ := unstructured.NestedBool(stored.Object, "spec", "publishNotReadyAddresses"); all {
			return forecast.NamesOfAll
		}
		return forecast.NamesOfReady
	}
	return nil
}

// podFacts converts the status alone, which is all that is read beside a few metadata.
func podFacts(stored *unstructured.Unstructured) any {
	_, ordinal, is := forecast.CutOrdinal(stored.GetName())
	var pod corev1.Pod
	if !is || !convert(map[string]any{"status": stored.Object["status"]}, &pod) {
		return nil
	}
	pod.UID, pod.Labels, pod.DeletionTimestamp = stored.GetUID(), stored.GetLabels(), stored.GetDeletionTimestamp()
	read := forecast.FromPod(&pod, ordinal, time.Unix(0, 0))
	// Names of revisions and phases are few.
	read.Revision = unique.Make(read.Revision).Value()
	read.Phase = forecast.Phase(unique.Make(string(read.Phase)).Value())
	return &read
}

func convert(object map[string]any, into any) bool {
	return runtime.DefaultUnstructuredConverter.FromUnstructured(object, into) == nil
}

func ordinalKeys(kept *cachedObject) []string {
	switch kept.facts.(type) {
	case *forecast.Pod, *forecast.Claim:
		rest, _, _ := forecast.CutOrdinal(kept.name)
		return []string{nameKey(kept.namespace.Value(), rest)}
	default:
		return nil
	}
}

// AtTime returns what forecasts look up, as it is at a time. It never asks the API server.
func (i *Inventory) AtTime(now time.Time) preview.Inventory { return atTime{i, now} }

// HoldsObjects reports whether objects of the cluster are cached.
func (i *Inventory) HoldsObjects() bool {
	for _, each := range i.resources {
		if !each.Live {
			return true
		}
	}
	return false
}

type atTime struct {
	inv *Inventory
	now time.Time
}

var _ preview.Source = &Inventory{}

func (i atTime) StatefulSet(namespace, name string) (preview.Stored, bool) {
	facts, known := i.fact("statefulsets", namespace, name).(*preview.Stored)
	if !known {
		return preview.Stored{}, false
	}
	return *facts, true
}

func (i atTime) StatefulSets(namespace string) (sets []preview.Stored) {
	found, _ := i.facts("statefulsets", inNamespace(namespace))
	for _, each := range found {
		if set, is := each.(*preview.Stored); is {
			sets = append(sets, *set)
		}
	}
	slices.SortFunc(sets, func(a, b preview.Stored) int { return cmp.Compare(a.Name, b.Name) })
	return sets
}

func (i atTime) Pods(set forecast.Set) (pods []forecast.Pod, known bool) {
	found, known := i.facts("pods", under(byOrdinal, nameKey(set.Namespace, set.Name)))
	pods = make([]forecast.Pod, 0, len(found))
	for _, each := range found {
		if facts, is := each.(*forecast.Pod); is {
			pod := *facts
			if pod.Ready {
				pod.ReadySince -= int(i.now.Unix())
			}
			pods = append(pods, pod)
		}
	}
	return pods, known
}

func (i atTime) Claims(set forecast.Set) (claims []forecast.Claim, known bool) {
	keys := make([]string, 0, len(set.Claims))
	for _, template := range set.Claims {
		keys = append(keys, nameKey(set.Namespace, template+"-"+set.Name))
	}
	found, known := i.facts("persistentvolumeclaims", under(byOrdinal, keys...))
	claims = make([]forecast.Claim, 0, len(found))
	for _, each := range found {
		if facts, is := each.(*forecast.Claim); is {
			claim := *facts
			claim.Reclaim, _ = i.fact("persistentvolumes", "", claim.Volume).(forecast.Reclaim)
			claims = append(claims, claim)
		}
	}
	return claims, known
}

func (i atTime) Names(set forecast.Set) forecast.Naming {
	if from, watched := i.inv.resources["services"]; !watched || from.Live {
		return forecast.NamesOfReady
	}
	if naming, known := i.fact("services", set.Namespace, set.Service).(forecast.Naming); known {
		return naming
	}
	return forecast.NoNames
}

// fact is what a cache holds of one object for forecasts, nil for nothing.
func (i atTime) fact(resource, namespace, name string) any {
	from, watched := i.inv.resources[resource]
	if !watched || from.Live || name == "" {
		return nil
	}
	stored, found, err := from.objects.GetByKey(toolscache.NewObjectName(namespace, name).String())
	if err != nil || !found {
		return nil
	}
	kept, is := stored.(*cachedObject)
	if !is {
		return nil
	}
	return kept.facts
}

// facts are those of all objects that are found; known is false where the resource is not watched.
func (i atTime) facts(resource string, look func(toolscache.Indexer) ([]any, error)) (facts []any, known bool) {
	from, watched := i.inv.resources[resource]
	if !watched || from.Live {
		return nil, false
	}
	found, err := look(from.objects)
	if err != nil {
		return nil, false
	}
	facts = make([]any, 0, len(found))
	for _, each := range found {
		if kept, is := each.(*cachedObject); is && kept.facts != nil {
			facts = append(facts, kept.facts)
		}
	}
	return facts, true
}
