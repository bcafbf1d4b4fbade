package cluster

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	goruntime "runtime"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/lru"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/forecast"
	"github.com/stateward/stateward/webhook/preview"
)

// now is when forecasts are made here.
var now = time.Date(2026, time.November, 23, 5, 0, 0, 0, time.UTC)

// recorded is the change of an image, as an API server sent it, of a StatefulSet with this many pods.
func recorded(t testing.TB, replicas int32) (request *admissionv1.AdmissionRequest, set *appsv1.StatefulSet) {
	t.Helper()
	raw, err := os.ReadFile("../../test/testdata/reviews/04-image-patch.json")
	if err != nil {
		t.Fatal(err)
	}
	var review admissionv1.AdmissionReview
	if err := json.Unmarshal(raw, &review); err != nil {
		t.Fatal(err)
	}
	for _, object := range []*runtime.RawExtension{&review.Request.OldObject, &review.Request.Object} {
		set = &appsv1.StatefulSet{}
		if err := json.Unmarshal(object.Raw, set); err != nil {
			t.Fatal(err)
		}
		set.Spec.Replicas = &replicas
		set.Spec.UpdateStrategy.RollingUpdate.Partition = new(int32)
		set.Status.CurrentRevision, set.Status.UpdateRevision, set.Status.CurrentReplicas = "web-1", "web-1", replicas
		set.Status.ObservedGeneration = set.Generation
		if object.Raw, err = json.Marshal(set); err != nil {
			t.Fatal(err)
		}
	}
	if err := json.Unmarshal(review.Request.OldObject.Raw, set); err != nil {
		t.Fatal(err)
	}
	return review.Request, set
}

// objectsOf are those of a StatefulSet: a pod, a claim and a volume for each replica, and one of each that is another's.
func objectsOf(set *appsv1.StatefulSet) (objects forecast.Objects) {
	objects.Set = set
	for ordinal := range int(*set.Spec.Replicas) {
		pod := corev1.Pod{ObjectMeta: *set.Spec.Template.ObjectMeta.DeepCopy(), Spec: *set.Spec.Template.Spec.DeepCopy()}
		pod.Name, pod.Namespace, pod.UID = fmt.Sprintf("%s-%d", set.Name, ordinal), set.Namespace, types.UID(fmt.Sprint("pod ", ordinal))
		pod.Labels["statefulset.kubernetes.io/pod-name"], pod.Labels[appsv1.StatefulSetRevisionLabel] = pod.Name, "web-1"
		pod.Status = corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{{
			Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(now.Add(-time.Minute)),
		}}}
		objects.Pods = append(objects.Pods, pod)
		claim := corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: set.Namespace, Name: set.Spec.VolumeClaimTemplates[0].Name + "-" + pod.Name}}
		claim.Spec.VolumeName = fmt.Sprint("pv-", ordinal)
		objects.Claims = append(objects.Claims, claim)
		volume := corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: claim.Spec.VolumeName}}
		volume.Spec.PersistentVolumeReclaimPolicy = corev1.PersistentVolumeReclaimDelete
		objects.Volumes = append(objects.Volumes, volume)
	}
	return objects
}

// inventoryWith holds objects as the caches hold them.
func inventoryWith(t testing.TB, objects forecast.Objects) *Inventory {
	t.Helper()
	inv := &Inventory{resources: map[string]watched{}, decoded: lru.New(decodedObjects)}
	add := func(resource string, list ...runtime.Object) {
		known, _ := policies.LookupResource(resource)
		var objects []*unstructured.Unstructured
		for _, object := range list {
			objects = append(objects, toUnstructured(t, object))
		}
		inv.resources[resource] = watched{Resource: known, objects: indexerOf(t, known, objects)}
	}
	var pods, claims, volumes []runtime.Object
	for index := range objects.Pods {
		pods = append(pods, &objects.Pods[index])
	}
	for index := range objects.Claims {
		claims = append(claims, &objects.Claims[index])
	}
	for index := range objects.Volumes {
		volumes = append(volumes, &objects.Volumes[index])
	}
	add("statefulsets", objects.Set)
	add("pods", pods...)
	add("persistentvolumeclaims", claims...)
	add("persistentvolumes", volumes...)
	add("services", &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: objects.Set.Namespace, Name: objects.Set.Spec.ServiceName},
		Spec:       corev1.ServiceSpec{ClusterIP: corev1.ClusterIPNone, Selector: objects.Set.Spec.Selector.MatchLabels},
	})
	for _, resource := range []string{"poddisruptionbudgets", "namespaces", "storageclasses", "nodes", "deployments"} {
		add(resource)
	}
	return inv
}

func TestInventoryEqualsObjects(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*forecast.Objects){
		"as it is": func(*forecast.Objects) {},
		"pods in all states": func(objects *forecast.Objects) {
			objects.Pods[0].Status.Conditions[0].Status = corev1.ConditionFalse
			objects.Pods[0].Status.ContainerStatuses = []corev1.ContainerStatus{{State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff"}}}}
			objects.Pods[1].DeletionTimestamp = &metav1.Time{Time: now}
			objects.Pods[2].Status = corev1.PodStatus{}
		},
		"claims in all states": func(objects *forecast.Objects) {
			objects.Claims[0].DeletionTimestamp = &metav1.Time{Time: now}
			objects.Claims[0].Finalizers = []string{"kubernetes.io/pvc-protection", "example.com/keep"}
			objects.Claims[1].OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "StatefulSet", Name: "web", UID: "1", Controller: new(bool)}}
			objects.Volumes = objects.Volumes[1:]
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, set := recorded(t, 3)
			objects := objectsOf(set)
			change(&objects)
			want, err := forecast.FromObjects(objects, forecast.Gates{}, now)
			if err != nil {
				t.Fatal(err)
			}
			inv := inventoryWith(t, objects).AtTime(now)
			stored, found := inv.StatefulSet(set.Namespace, set.Name)
			got := forecast.State{Set: stored.Set}
			var knownPods, knownClaims bool
			got.Pods, knownPods = inv.Pods(stored.Set)
			got.Claims, knownClaims = inv.Claims(stored.Set)
			want.Set.Template, want.Revisions = "", nil
			slices.SortFunc(got.Pods, func(a, b forecast.Pod) int { return cmp.Compare(a.Ordinal, b.Ordinal) })
			slices.SortFunc(got.Claims, func(a, b forecast.Claim) int { return cmp.Compare(a.Name, b.Name) })
			if diff := gocmp.Diff(want, got, cmpopts.IgnoreUnexported(forecast.Pod{}, forecast.Claim{})); diff != "" || !found || !knownPods || !knownClaims {
				t.Errorf("found %v %v %v (-objects +inventory):\n%s", found, knownPods, knownClaims, diff)
			}
		})
	}
}

func TestInventoryHasOnlyWatchedResources(t *testing.T) {
	t.Parallel()
	_, set := recorded(t, 3)
	inv := inventoryWith(t, objectsOf(set))
	delete(inv.resources, "pods")
	delete(inv.resources, "persistentvolumeclaims")
	read := inv.AtTime(now)
	stored, _ := read.StatefulSet(set.Namespace, set.Name)
	_, knownPods := read.Pods(stored.Set)
	_, knownClaims := read.Claims(stored.Set)
	_, other := read.StatefulSet(set.Namespace, "other")
	if knownPods || knownClaims || other || len(read.StatefulSets("other")) > 0 {
		t.Errorf("pods %v, claims %v, another set %v", knownPods, knownClaims, other)
	}
}

func TestInventoryNamesPodsAsServicesDo(t *testing.T) {
	t.Parallel()
	_, set := recorded(t, 1)
	service := func(name string, all bool) *corev1.Service {
		return &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "data", Name: name}, Spec: corev1.ServiceSpec{PublishNotReadyAddresses: all}}
	}
	inv := inventoryWith(t, objectsOf(set))
	unwatched := inventoryWith(t, objectsOf(set))
	delete(unwatched.resources, "services")
	services := inv.resources["services"]
	services.objects = indexerOf(t, services.Resource, []*unstructured.Unstructured{
		toUnstructured(t, service("ready", false)), toUnstructured(t, service("all", true)),
	})
	inv.resources["services"] = services
	for name, test := range map[string]struct {
		inv     *Inventory
		service string
		want    forecast.Naming
	}{
		"Ready pods":             {inv: inv, service: "ready", want: forecast.NamesOfReady},
		"all pods":               {inv: inv, service: "all", want: forecast.NamesOfAll},
		"no Service":             {inv: inv, service: "other", want: forecast.NoNames},
		"Services not looked at": {inv: unwatched, service: "all", want: forecast.NamesOfReady},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := test.inv.AtTime(now).Names(forecast.Set{Namespace: "data", Service: test.service}); got != test.want {
				t.Errorf("naming %d, want %d", got, test.want)
			}
		})
	}
}

// BenchmarkForecast measures the forecast of a change of the image beside its decision, both from the same caches.
func BenchmarkForecast(b *testing.B) {
	library, err := policies.Embedded()
	if err != nil {
		b.Fatal(err)
	}
	decider, err := engine.New(b.Context(), library, nil)
	if err != nil {
		b.Fatal(err)
	}
	for _, replicas := range []int32{3, 10, 100} {
		request, set := recorded(b, replicas)
		inv := inventoryWith(b, objectsOf(set))
		review := engine.FromAdmission(request, now)
		review.Phase = engine.ValidatingPhase
		b.Run(fmt.Sprintf("%d pods", replicas), func(b *testing.B) {
			b.ReportAllocs()
			// Both in turn, so that whatever else the machine does slows both.
			var decision, foreseen time.Duration
			var all []time.Duration
			var lines []string
			for b.Loop() {
				started := time.Now()
				if _, err := decider.Decide(b.Context(), review, inv); err != nil {
					b.Fatal(err)
				}
				decided := time.Now()
				made, err := preview.Make(request, inv.AtTime(now), forecast.Gates{MaxUnavailable: true})
				if err != nil {
					b.Fatal(err)
				}
				lines = made.Lines()
				took := time.Since(decided)
				foreseen, all = foreseen+took, append(all, took)
				decision += decided.Sub(started)
			}
			b.ReportMetric(float64(decision.Nanoseconds())/1000/float64(b.N), "decision-us")
			b.ReportMetric(float64(foreseen.Nanoseconds())/1000/float64(b.N), "forecast-us")
			// Half of the forecasts take at most this long: it says more than the mean where other programs interrupt some of them.
			slices.Sort(all)
			b.ReportMetric(float64(all[len(all)/2].Nanoseconds())/1000, "median-forecast-us")
			b.ReportMetric(float64(all[0].Nanoseconds())/1000, "fastest-forecast-us")
			if len(lines) == 0 {
				b.Error("no line")
			}
		})
	}
}

func toUnstructured(t testing.TB, object runtime.Object) *unstructured.Unstructured {
	t.Helper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		t.Fatal(err)
	}
	return &unstructured.Unstructured{Object: content}
}

// TestCachedFactsDoNotKeepTheJSON: the cache compresses the JSON of each object, which anything that is a part of it would keep
// beside that.
func TestCachedFactsDoNotKeepTheJSON(t *testing.T) {
	t.Parallel()
	_, set := recorded(t, 3)
	others := objectsOf(set)
	objects := map[string]runtime.Object{
		"statefulsets":           set,
		"pods":                   &others.Pods[0],
		"persistentvolumeclaims": &others.Claims[0],
		"services":               &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "nginx"}, Spec: corev1.ServiceSpec{Selector: map[string]string{"app": "nginx"}}},
	}
	for resource, object := range objects {
		t.Run(resource, func(t *testing.T) {
			t.Parallel()
			stored := toUnstructured(t, object)
			encoded, err := json.Marshal(stored.Object)
			if err != nil {
				t.Fatal(err)
			}
			freed := make(chan struct{})
			goruntime.AddCleanup(&encoded[0], func(freed chan struct{}) { close(freed) }, freed)
			facts := factsOf(resource, stored, encoded)
			keys, err := indexKeysOf(resource, stored, encoded)
			if err != nil {
				t.Fatal(err)
			}
			goruntime.GC()
			select {
			case <-freed:
			case <-time.After(10 * time.Second):
				t.Errorf("the JSON stays in memory with %#v and %#v", facts, keys)
			}
			goruntime.KeepAlive(facts)
			goruntime.KeepAlive(keys)
		})
	}
}
