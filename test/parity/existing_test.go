package parity_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/stateward/stateward/policies/forecast"
	"github.com/stateward/stateward/webhook/preview"
)

// existing is what exists according to an example. Pods and claims that it leaves out are as the controller makes them: Ready at
// the current revision, with the owners that the retention policy asks for.
type existing struct {
	sets    []preview.Stored
	pods    []corev1.Pod
	claims  []corev1.PersistentVolumeClaim
	volumes []corev1.PersistentVolume
	now     time.Time
	// neverReady makes pods that are not Ready ones that never get Ready.
	neverReady bool
}

func newExisting(t *testing.T, request admissionv1.AdmissionRequest, documents []unstructured.Unstructured, now time.Time) *existing {
	t.Helper()
	e := &existing{now: now}
	if request.Resource.Resource == "statefulsets" && request.SubResource == "" && len(request.OldObject.Raw) > 0 {
		set, err := preview.Read(request.OldObject.Raw)
		if err != nil {
			t.Fatal(err)
		}
		e.addSet(set)
	}
	for _, document := range documents {
		e.add(t, document.GetKind(), encode(t, document.Object))
	}
	if raw := request.OldObject.Raw; request.Operation == admissionv1.Delete && request.Resource.Resource != "statefulsets" {
		e.add(t, request.Kind.Kind, raw)
	}
	for _, pod := range e.pods {
		e.addOwner(pod)
	}
	// What a scale says of the time before it counts more than a manifest beside it.
	var scale struct{ Spec struct{ Replicas int } }
	if request.SubResource == "scale" && json.Unmarshal(request.OldObject.Raw, &scale) == nil && len(e.sets) > 0 {
		e.sets[0].Replicas = scale.Spec.Replicas
	}
	return e
}

// addOwner adds a StatefulSet that an example knows from its pod alone.
func (e *existing) addOwner(pod corev1.Pod) {
	owner := metav1.GetControllerOf(&pod)
	if rest, ordinal, is := forecast.CutOrdinal(pod.Name); is && owner != nil && owner.Kind == "StatefulSet" && rest == owner.Name {
		e.addSet(preview.Stored{Set: forecast.Set{Name: owner.Name, UID: string(owner.UID), Replicas: ordinal + 1, Strategy: forecast.RollingUpdate}})
	}
}

func (e *existing) add(t *testing.T, kind string, raw []byte) {
	t.Helper()
	var err error
	switch kind {
	case "StatefulSet":
		var set preview.Stored
		if set, err = preview.Read(raw); err == nil {
			e.addSet(set)
		}
	case "Pod":
		err = read(raw, &e.pods)
	case "PersistentVolumeClaim":
		err = read(raw, &e.claims)
	case "PersistentVolume":
		err = read(raw, &e.volumes)
	}
	if err != nil {
		t.Fatalf("read %s: %v", kind, err)
	}
}

func read[T any](raw []byte, list *[]T) error {
	var object T
	if err := json.Unmarshal(raw, &object); err != nil {
		return err
	}
	*list = append(*list, object)
	return nil
}

func (e *existing) addSet(set preview.Stored) {
	if set.Namespace == "" {
		set.Namespace = "default"
	}
	set.Template = "stored"
	if set.Status.Update == "" {
		set.Status = forecast.Status{Observed: true, Current: set.Name + "-now", Update: set.Name + "-now"}
		set.CurrentRevision, set.CurrentReplicas = set.Status.Current, set.Replicas
	}
	if _, known := e.StatefulSet(set.Namespace, set.Name); !known {
		e.sets = append(e.sets, set)
	}
}

func (e *existing) StatefulSet(namespace, name string) (preview.Stored, bool) {
	index := slices.IndexFunc(e.sets, func(set preview.Stored) bool { return set.Namespace == namespace && set.Name == name })
	if index < 0 {
		return preview.Stored{}, false
	}
	return e.sets[index], true
}

func (e *existing) StatefulSets(namespace string) (sets []preview.Stored) {
	for _, set := range e.sets {
		if set.Namespace == namespace {
			sets = append(sets, set)
		}
	}
	return sets
}

// Pods are none of a set that does not exist.
func (e *existing) Pods(set forecast.Set) (pods []forecast.Pod, known bool) {
	stored, exists := e.StatefulSet(set.Namespace, set.Name)
	listed := map[int]bool{}
	for index := range e.pods {
		if rest, ordinal, is := forecast.CutOrdinal(e.pods[index].Name); is && rest == set.Name {
			listed[ordinal] = true
			pod := forecast.FromPod(&e.pods[index], ordinal, e.now)
			pod.Broken = pod.Broken || e.neverReady && !pod.Ready
			pods = append(pods, pod)
		}
	}
	for index := range stored.Replicas {
		if ordinal := stored.Start + index; exists && !listed[ordinal] {
			pods = append(pods, forecast.Pod{
				Ordinal: ordinal, UID: set.PodName(ordinal), Revision: stored.Status.Current, Phase: forecast.Running, Ready: true, ReadySince: -1 << 20,
			})
		}
	}
	return pods, true
}

func (e *existing) Claims(set forecast.Set) (claims []forecast.Claim, known bool) {
	for index := range e.claims {
		if claim := &e.claims[index]; set.HasClaim(claim.Name) {
			claims = append(claims, e.claim(set, claim))
		}
	}
	if len(claims) > 0 {
		return claims, true
	}
	pods, _ := e.Pods(set)
	for _, pod := range pods {
		for _, template := range set.Claims {
			claim := &corev1.PersistentVolumeClaim{}
			claim.Name = set.ClaimName(template, pod.Ordinal)
			claims = append(claims, e.claim(set, claim))
		}
	}
	return claims, true
}

// Names are those of Ready pods, as all Services of examples have it.
func (e *existing) Names(forecast.Set) forecast.Naming { return forecast.NamesOfReady }

func (e *existing) claim(set forecast.Set, claim *corev1.PersistentVolumeClaim) forecast.Claim {
	read := forecast.FromClaim(claim)
	if len(read.Owners) == 0 && set.DeleteWhenDeleted {
		read.Owners = []forecast.Owner{{Kind: "StatefulSet", Name: set.Name, UID: set.UID, Controller: true}}
	}
	for _, volume := range e.volumes {
		if volume.Name == read.Volume {
			read.Reclaim = forecast.Reclaim(volume.Spec.PersistentVolumeReclaimPolicy)
		}
	}
	return read
}
