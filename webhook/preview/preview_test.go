package preview_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/stateward/stateward/policies/forecast"
	"github.com/stateward/stateward/webhook/preview"
)

// inventory has one StatefulSet db in namespace data.
type inventory struct {
	set    preview.Stored
	pods   []forecast.Pod
	claims []forecast.Claim
	naming forecast.Naming
	blind  bool
}

func (i inventory) StatefulSet(namespace, name string) (preview.Stored, bool) {
	return i.set, namespace == i.set.Namespace && name == i.set.Name
}

func (i inventory) StatefulSets(namespace string) []preview.Stored {
	if namespace != i.set.Namespace {
		return nil
	}
	return []preview.Stored{i.set}
}

func (i inventory) Pods(forecast.Set) ([]forecast.Pod, bool) { return i.pods, !i.blind }

func (i inventory) Claims(forecast.Set) ([]forecast.Claim, bool) { return i.claims, !i.blind }

func (i inventory) Names(forecast.Set) forecast.Naming { return i.naming }

// spec is a StatefulSet as an API server writes it.
func spec(image string, replicas int, fields string) []byte {
	return fmt.Appendf(nil, `{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"db","namespace":"data","uid":"set","generation":2},
"spec":{"replicas":%d,"serviceName":"db","podManagementPolicy":"OrderedReady","updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":0}},
"volumeClaimTemplates":[{"metadata":{"name":"data"}}],"template":{"spec":{"containers":[{"image":%q}]}}%s},
"status":{"observedGeneration":2,"currentRevision":"db-1","updateRevision":"db-1","currentReplicas":%[1]d}}`, replicas, image, fields)
}

func newInventory(t testing.TB, replicas int) inventory {
	t.Helper()
	set, err := preview.Read(spec("db:1", replicas, ""))
	if err != nil {
		t.Fatal(err)
	}
	made := inventory{set: set}
	for ordinal := range replicas {
		made.pods = append(made.pods, forecast.Pod{
			Ordinal: ordinal, UID: strconv.Itoa(ordinal), Revision: "db-1", Phase: forecast.Running, Ready: true, ReadySince: -100,
		})
		made.claims = append(made.claims, forecast.Claim{
			Name: set.ClaimName("data", ordinal), Volume: fmt.Sprint("pv-", ordinal), Reclaim: forecast.ReclaimDelete,
		})
	}
	return made
}

// request is on an object of namespace data.
func request(operation admissionv1.Operation, resource, name string, objects ...[]byte) *admissionv1.AdmissionRequest {
	resource, subresource, _ := strings.Cut(resource, "/")
	made := &admissionv1.AdmissionRequest{
		Operation: operation, Resource: metav1.GroupVersionResource{Resource: resource}, SubResource: subresource, Namespace: "data", Name: name,
	}
	for index, into := range []*runtime.RawExtension{&made.OldObject, &made.Object, &made.Options} {
		if index < len(objects) {
			into.Raw = objects[index]
		}
	}
	return made
}

func scale(replicas int) []byte {
	return fmt.Appendf(nil, `{"kind":"Scale","spec":{"replicas":%d}}`, replicas)
}

func TestMakeDescribesTheForecast(t *testing.T) {
	t.Parallel()
	const deleteClaims = `,"persistentVolumeClaimRetentionPolicy":{"whenScaled":"Delete","whenDeleted":"Retain"}`
	newImage := request("UPDATE", "statefulsets", "db", spec("db:1", 3, ""), spec("db:2", 3, ""))
	for name, test := range map[string]struct {
		request *admissionv1.AdmissionRequest
		prepare func(*inventory)
		want    []string
	}{
		"a new image": {request: newImage, want: []string{
			"forecast: replaces db-2, db-1, db-0 one by one; keeps 3 claims",
			"forecast: if the new template never gets Ready: stuck at db-2",
		}},
		"a new image while a pod is not Ready": {
			request: newImage, prepare: func(i *inventory) { i.pods[1].Ready = false },
			want: []string{
				"forecast: replaces db-2, db-1, db-0 one by one; keeps 3 claims",
				"forecast: if db-1, which is not Ready now, never gets Ready: stuck until it is deleted",
			},
		},
		"a new image while a pod is broken": {
			request: newImage, prepare: func(i *inventory) { i.pods[2].Ready, i.pods[2].Broken = false, true },
			want: []string{
				"forecast: no pod stops or starts",
				"forecast: stuck: db-2 of an old revision is not Ready, and an OrderedReady set waits for it before it replaces any pod…",
			},
		},
		"a new image during a rollout": {
			request: newImage, prepare: func(i *inventory) { i.pods[0].Revision = "db-0" },
			want: []string{
				"forecast: replaces db-2, db-1, db-0 one by one; keeps 3 claims",
				"forecast: if the new template never gets Ready: stuck at db-2",
			},
		},
		"nothing": {
			request: request("UPDATE", "statefulsets", "db", spec("db:1", 3, ""), spec("db:1", 3, "")),
			want:    []string{"forecast: no pod stops or starts"},
		},
		"less pods whose claims go": {
			request: request("UPDATE", "statefulsets", "db", spec("db:1", 3, deleteClaims), spec("db:1", 1, deleteClaims)),
			want:    []string{"forecast: stops db-2, db-1 one by one; deletes claims data-db-2, data-db-1; keeps 1 claim", "forecast: LOSES the data of volumes pv-2, pv-1"},
		},
		"a scale-down": {
			request: request("UPDATE", "statefulsets/scale", "db", scale(3), scale(1)),
			want:    []string{"forecast: stops db-2, db-1 one by one; keeps 3 claims"},
		},
		"a scale-up": {
			request: request("UPDATE", "statefulsets/scale", "db", scale(3), scale(9)),
			want:    []string{"forecast: starts db-3, db-4, db-5 and 3 more"},
		},
		"a creation": {
			request: request("CREATE", "statefulsets", "db", nil, spec("db:1", 3, "")), prepare: func(i *inventory) { i.pods, i.claims = nil, nil },
			want: []string{"forecast: starts db-0, db-1, db-2"},
		},
		"creation over pods that a former set left": {
			request: request("CREATE", "statefulsets", "db", nil, spec("db:1", 1, deleteClaims)), prepare: func(i *inventory) { i.pods[0].Ready = false },
			want: []string{
				"forecast: replaces db-0 one by one; stops db-2, db-1 one by one; deletes claims data-db-2, data-db-1; keeps 1 claim",
				"forecast: LOSES the data of volumes pv-2, pv-1",
				"forecast: if db-0, which is not Ready now, never gets Ready: stuck until it is deleted",
			},
		},
		"a deletion": {
			request: request("DELETE", "statefulsets", "db", spec("db:1", 3, "")),
			want:    []string{"forecast: stops db-0, db-1, db-2 at once; keeps 3 claims"},
		},
		"a deletion that leaves pods": {
			request: request("DELETE", "statefulsets", "db", spec("db:1", 3, ""), nil, []byte(`{"propagationPolicy":"Orphan"}`)),
			want:    []string{"forecast: no pod stops or starts"},
		},
		"a namespace": {
			request: request("DELETE", "namespaces", "data", []byte(`{}`)),
			want: []string{
				"forecast: stops db-0, db-1, db-2 at once; deletes claims data-db-0, data-db-1, data-db-2",
				"forecast: LOSES the data of volumes pv-0, pv-1, pv-2",
			},
		},
		"one of several claims, by its object alone": {
			request: request("DELETE", "persistentvolumeclaims", "", []byte(`{"metadata":{"name":"data-db-1"}}`)),
			want: []string{
				"forecast: deletes claim data-db-1", "forecast: LOSES the data of volume pv-1",
				"forecast: claim data-db-1 is deleted when db-1 stops the next time (kubernetes.io/pvc-protection)",
			},
		},
		"its Service": {
			request: request("DELETE", "services", "db", []byte(`{}`)),
			want:    []string{"forecast: removes from DNS db-0.db.data.svc, db-1.db.data.svc, db-2.db.data.svc"},
		},
		"its Service while a pod is not Ready": {
			request: request("DELETE", "services", "db", []byte(`{}`)), prepare: func(i *inventory) { i.pods[1].Broken, i.pods[1].Ready = true, false },
			want: []string{
				"forecast: removes from DNS db-0.db.data.svc, db-2.db.data.svc",
				"forecast: stuck: db-1 of the newest revision does not get Ready: apply a template that works, then delete the pod: an O…",
			},
		},
		"its Service that has names for all pods": {
			request: request("DELETE", "services", "db", []byte(`{}`)), prepare: func(i *inventory) {
				i.naming, i.pods[1].Broken, i.pods[1].Ready = forecast.NamesOfAll, true, false
			},
			want: []string{
				"forecast: removes from DNS db-0.db.data.svc, db-1.db.data.svc, db-2.db.data.svc",
				"forecast: stuck: db-1 of the newest revision does not get Ready: apply a template that works, then delete the pod: an O…",
			},
		},
		"a pod": {
			request: request("DELETE", "pods", "db-1", []byte(`{}`)), want: []string{"forecast: replaces db-1; keeps 3 claims"},
		},
		"an eviction": {
			request: request("CREATE", "pods/eviction", "db-1"), want: []string{"forecast: replaces db-1; keeps 3 claims"},
		},
		"too many pods": {
			request: request("UPDATE", "statefulsets", "db", spec("db:1", 300, ""), spec("db:2", 300, "")),
			want:    []string{"forecast: not made for 1 StatefulSet with too many pods for a forecast here (more than 100): use `stateward plan`"},
		},
		"an unknown strategy": {
			request: request("UPDATE", "statefulsets", "db", spec("db:1", 3, ""), []byte(strings.Replace(string(spec("db:1", 3, "")), "RollingUpdate", "Sideways", 1))),
			want:    []string{"forecast: none: the update strategy Sideways is not modelled"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			existing := newInventory(t, 3)
			if test.prepare != nil {
				test.prepare(&existing)
			}
			made, err := preview.Make(test.request, existing, forecast.Gates{MaxUnavailable: true})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, made.Lines()); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMakeExplainsAMissingForecast(t *testing.T) {
	t.Parallel()
	blind := newInventory(t, 3)
	blind.blind = true
	ending := strings.Replace(string(spec("db:1", 3, "")), `"generation":2`, `"deletionTimestamp":"2026-11-23T05:00:00Z"`, 1)
	for name, test := range map[string]struct {
		request   *admissionv1.AdmissionRequest
		inventory inventory
		want      string
	}{
		"another kind":          {request: request("UPDATE", "deployments", "db"), want: preview.ErrNoStatefulSet.Error()},
		"another claim":         {request: request("DELETE", "persistentvolumeclaims", "data-web-0"), want: preview.ErrNoStatefulSet.Error()},
		"another Service":       {request: request("DELETE", "services", "web"), want: preview.ErrNoStatefulSet.Error()},
		"a set that is ending":  {request: request("DELETE", "statefulsets", "db", []byte(ending)), want: preview.ErrNoStatefulSet.Error()},
		"an unknown set":        {request: request("UPDATE", "statefulsets/scale", "web", scale(1), scale(2)), want: "StatefulSet web is not known yet"},
		"pods are not watched":  {request: request("DELETE", "statefulsets", "db", spec("db:1", 3, "")), inventory: blind, want: "no rule in force reads pods"},
		"an object is no set":   {request: request("CREATE", "statefulsets", "db", nil, []byte(`{"spec":[]}`)), want: "the StatefulSet cannot be read behind byte"},
		"a Scale is a list":     {request: request("UPDATE", "statefulsets/scale", "db", []byte(`[]`), scale(2)), want: "read Scale"},
		"an object is cut off":  {request: request("CREATE", "statefulsets", "db", nil, spec("db:1", 3, "")[:200]), want: "the StatefulSet cannot be read behind byte"},
		"an object is no JSON":  {request: request("CREATE", "statefulsets", "db", nil, []byte(`kind: StatefulSet`)), want: "the StatefulSet cannot be read behind byte 0"},
		"a claim without a set": {request: request("DELETE", "persistentvolumeclaims", "", []byte(`{`)), want: preview.ErrNoStatefulSet.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if test.inventory.set.Name == "" {
				test.inventory = newInventory(t, 3)
			}
			if _, err := preview.Make(test.request, test.inventory, forecast.Gates{}); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestJSONKeepsItsLimit(t *testing.T) {
	t.Parallel()
	made, err := preview.Make(request("DELETE", "namespaces", "data", []byte(`{}`)), newInventory(t, 50), forecast.Gates{})
	if err != nil {
		t.Fatal(err)
	}
	for _, limit := range []int{10000, 1000, 10} {
		encoded := made.JSON(limit)
		var read preview.Preview
		if err := json.Unmarshal([]byte(encoded), &read); err != nil || len(encoded) > max(limit, len(`{"left":"too long"}`)) {
			t.Errorf("limit %d: %d bytes, %v", limit, len(encoded), err)
		}
	}
}

// TestReadEqualsTheDecoder compares with the decoder of Kubernetes, on all StatefulSets of the recorded requests.
func TestReadEqualsTheDecoder(t *testing.T) {
	t.Parallel()
	count := 0
	for _, raw := range recorded(t) {
		var object appsv1.StatefulSet
		if err := json.Unmarshal(raw, &object); err != nil {
			t.Fatal(err)
		}
		want, err := forecast.FromSet(&object)
		if err != nil {
			t.Fatal(err)
		}
		got, err := preview.Read(raw)
		if err != nil {
			t.Fatal(err)
		}
		want.Template = ""
		// A foreground deletion is what Deleting means at admission; the mark alone is Ending.
		want.Deleting = false
		if diff := cmp.Diff(want, got.Set); diff != "" || got.Ending != (object.DeletionTimestamp != nil) {
			t.Errorf("(-decoder +Read):\n%s", diff)
		}
		if diff := cmp.Diff(forecast.StatusOf(&object), got.Status); diff != "" {
			t.Errorf("status (-decoder +Read):\n%s", diff)
		}
		count++
	}
	if count < 10 {
		t.Errorf("only %d StatefulSets", count)
	}
}

func recorded(t testing.TB) (sets [][]byte) {
	t.Helper()
	files, err := filepath.Glob("../../test/testdata/reviews/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var review admissionv1.AdmissionReview
		if err := json.Unmarshal(raw, &review); err != nil {
			t.Fatal(err)
		}
		for _, object := range [][]byte{review.Request.Object.Raw, review.Request.OldObject.Raw} {
			if review.Request.Kind.Kind == "StatefulSet" && len(object) > 0 {
				sets = append(sets, object)
			}
		}
	}
	return append(sets, spec("db:1", 3, `,"minReadySeconds":5,"ordinals":{"start":2},"revisionHistoryLimit":3`), []byte(
		`{"metadata":{"name":"a","finalizers":["orphan"]},"spec":{"podManagementPolicy":"Parallel","updateStrategy":{"type":"RollingUpdate",
"rollingUpdate":{"maxUnavailable":"30%","partition":1}},"persistentVolumeClaimRetentionPolicy":{"whenDeleted":"Delete","whenScaled":"Delete"}}}`))
}

// FuzzMake holds that a forecast of any object is made or refused, and keeps to its limits.
func FuzzMake(f *testing.F) {
	for _, raw := range recorded(f) {
		f.Add(raw, raw)
	}
	f.Add(spec("db:1", 3, ""), spec("db:2", 5, `,"minReadySeconds":10`))
	existing := newInventory(f, 3)
	f.Fuzz(func(t *testing.T, before, after []byte) {
		for _, each := range []*admissionv1.AdmissionRequest{
			request("UPDATE", "statefulsets", "db", before, after), request("CREATE", "statefulsets", "db", nil, after), request("DELETE", "statefulsets", "db", before),
			request("UPDATE", "statefulsets/scale", "db", before, after),
		} {
			made, err := preview.Make(each, existing, forecast.Gates{MaxUnavailable: true, Recreate: true})
			if err != nil {
				continue
			}
			lines := made.Lines()
			for _, line := range lines {
				if len([]rune(line)) > 120 {
					t.Errorf("a line of %d characters: %s", len([]rune(line)), line)
				}
			}
			if len(lines) > 3 {
				t.Errorf("%d lines", len(lines))
			}
		}
	})
}
