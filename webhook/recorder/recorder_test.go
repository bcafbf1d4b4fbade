package recorder_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/stateward/stateward/policies/confirmations"
	"github.com/stateward/stateward/webhook/recorder"
)

var (
	noon = time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)
	key  = types.NamespacedName{Namespace: "shop", Name: "delete-x"}
)

// results are what became of writes, as the metric counts them.
type results struct {
	mutex sync.Mutex
	count map[string]int
}

func (r *results) add(kind, result string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.count[kind+" "+result]++
}

func newRecorder(api client.Client) (*recorder.Recorder, *results) {
	got := &results{count: map[string]int{}}
	// Events are named after the time.
	var ticks atomic.Int64
	now := func() time.Time { return noon.Add(time.Duration(ticks.Add(1))) }
	return recorder.New(recorder.Options{
		Client: api, Instance: "stateward-0", Count: got.add, Checked: func(string) {}, Now: now, Log: logr.Discard(),
	}), got
}

// flush writes what waits: a Recorder that ends leaves nothing.
func flush(t *testing.T, writes *recorder.Recorder) {
	t.Helper()
	ended, end := context.WithCancel(t.Context())
	end()
	if err := writes.Run(ended); err != nil {
		t.Fatal(err)
	}
}

func confirmation() *confirmations.Confirmation {
	return &confirmations.Confirmation{
		ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name, UID: "c1"},
		Spec:       confirmations.Spec{Operations: []string{"delete"}, Until: "2026-11-23T12:10:00Z", ConfirmedBy: "alice"},
	}
}

func cluster(t *testing.T, objects ...client.Object) client.WithWatch {
	t.Helper()
	kinds := runtime.NewScheme()
	if err := errors.Join(scheme.AddToScheme(kinds), confirmations.AddToScheme(kinds)); err != nil {
		t.Fatal(err)
	}
	return fake.NewClientBuilder().WithScheme(kinds).WithStatusSubresource(confirmation()).WithObjects(objects...).Build()
}

func used(user, name string) recorder.Used {
	return recorder.Used{Confirmation: key, Use: confirmations.Use{
		Time: metav1.NewTime(noon), User: user, Operation: "DELETE", Resource: "statefulsets", Name: name,
	}}
}

func statusOf(t *testing.T, api client.Client) *confirmations.Status {
	t.Helper()
	stored := confirmation()
	if err := api.Get(t.Context(), key, stored); err != nil {
		t.Fatal(err)
	}
	return stored.Status
}

// told are the Events of a cluster, as "Kind/name Type Reason: message (count)".
func told(t *testing.T, api client.Client) (lines []string) {
	t.Helper()
	var events corev1.EventList
	if err := api.List(t.Context(), &events); err != nil {
		t.Fatal(err)
	}
	for _, event := range events.Items {
		about := event.InvolvedObject
		lines = append(lines, fmt.Sprintf("%s %s/%s %s %s: %s (%d)", event.Namespace, about.Kind, about.Name, event.Type, event.Reason, event.Message, event.Count))
	}
	slices.Sort(lines)
	return lines
}

func TestRecorderCountsUsesOfAConfirmation(t *testing.T) {
	t.Parallel()
	api := cluster(t, confirmation())
	writes, got := newRecorder(api)
	for _, each := range []recorder.Used{used("alice", "db"), used("alice", "db"), used("alice", "web"), used("bob", "web")} {
		writes.Use(each)
	}
	flush(t, writes)
	want := &confirmations.Status{Uses: 3, LastUsed: new(metav1.NewTime(noon)), Recent: []confirmations.Use{
		used("bob", "web").Use, used("alice", "web").Use, used("alice", "db").Use,
	}}
	if diff := cmp.Diff(want, statusOf(t, api)); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
	wantEvents := []string{
		"shop Confirmation/delete-x Normal ConfirmationUsed: used by alice: DELETE statefulsets db (1)",
		"shop Confirmation/delete-x Normal ConfirmationUsed: used by alice: DELETE statefulsets web (1)",
		"shop Confirmation/delete-x Normal ConfirmationUsed: used by bob: DELETE statefulsets web (1)",
	}
	if diff := cmp.Diff(wantEvents, told(t, api)); diff != "" {
		t.Errorf("Events (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"confirmation written": 1, "event written": 3}, got.count); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
}

func TestRecorderAddsToWhatAnotherReplicaWrote(t *testing.T) {
	t.Parallel()
	api := cluster(t, confirmation())
	var conflicts int
	writes, got := newRecorder(interceptor.NewClient(api, interceptor.Funcs{
		SubResourcePatch: func(ctx context.Context, to client.Client, name string, object client.Object, patch client.Patch, options ...client.SubResourcePatchOption) error {
			if conflicts++; conflicts == 1 {
				other, _ := newRecorder(api)
				other.Use(used("bob", "web"))
				flush(t, other)
				return apierrors.NewConflict(schema.GroupResource{Resource: "confirmations"}, object.GetName(), nil)
			}
			return to.SubResource(name).Patch(ctx, object, patch, options...)
		},
	}))
	writes.Use(used("alice", "db"))
	flush(t, writes)
	want := &confirmations.Status{Uses: 2, LastUsed: new(metav1.NewTime(noon)), Recent: []confirmations.Use{used("alice", "db").Use, used("bob", "web").Use}}
	if diff := cmp.Diff(want, statusOf(t, api)); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
	if got.count["confirmation written"] != 1 || conflicts != 2 {
		t.Errorf("%d tries: %v", conflicts, got.count)
	}
}

func TestRecorderDropsUsesWhenItIsFull(t *testing.T) {
	t.Parallel()
	writes, got := newRecorder(cluster(t))
	for name := range 1030 {
		writes.Use(used("alice", fmt.Sprintf("db-%d", name)))
	}
	if diff := cmp.Diff(map[string]int{"confirmation dropped": 6}, got.count); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	// The Confirmation is gone.
	flush(t, writes)
	if diff := cmp.Diff(map[string]int{"confirmation dropped": 6, "confirmation gone": 1}, got.count); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
}

func TestRecorderCountsEqualEvents(t *testing.T) {
	t.Parallel()
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "db-0", UID: "p1"}}
	event := func(change func(*recorder.Event)) recorder.Event {
		event := recorder.Event{
			Object: corev1.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: "shop", Name: "db-0", UID: "p1"},
			Type:   corev1.EventTypeWarning, Reason: "ImageTag", Message: "a tag that moves",
		}
		change(&event)
		return event
	}
	same := func(*recorder.Event) {}
	for name, test := range map[string]struct {
		events  []recorder.Event
		want    []string
		results map[string]int
	}{
		"the same three times": {
			[]recorder.Event{event(same), event(same), event(same)},
			[]string{"shop Pod/db-0 Warning ImageTag: a tag that moves (3)"}, map[string]int{"event written": 3},
		},
		"an object without a namespace": {
			[]recorder.Event{event(func(e *recorder.Event) { e.Object.Namespace = "" })},
			[]string{"default Pod/db-0 Warning ImageTag: a tag that moves (1)"}, map[string]int{"event written": 1},
		},
		"an object that was created": {
			[]recorder.Event{event(func(e *recorder.Event) { e.Unproved = true })},
			[]string{"shop Pod/db-0 Warning ImageTag: a tag that moves (1)"}, map[string]int{"event written": 1},
		},
		"an object without a UID in the request": {
			[]recorder.Event{event(func(e *recorder.Event) { e.Unproved, e.Object.UID = true, "" })},
			[]string{"shop Pod/db-0 Warning ImageTag: a tag that moves (1)"}, map[string]int{"event written": 1},
		},
		"an object that was not created": {
			[]recorder.Event{event(func(e *recorder.Event) { e.Unproved, e.Object.Name = true, "db-1" })}, nil, map[string]int{"event gone": 1},
		},
		"another object of the same name": {
			[]recorder.Event{event(func(e *recorder.Event) { e.Unproved, e.Object.UID = true, "p0" })}, nil, map[string]int{"event gone": 1},
		},
		"a long message": {
			[]recorder.Event{event(func(e *recorder.Event) { e.Message = strings.Repeat("é", 600) })},
			[]string{"shop Pod/db-0 Warning ImageTag: " + strings.Repeat("é", 510) + "… (1)"}, map[string]int{"event written": 1},
		},
		"too many about one object": {
			slices.Repeat([]recorder.Event{event(same)}, 30),
			[]string{"shop Pod/db-0 Warning ImageTag: a tag that moves (25)"}, map[string]int{"event written": 25, "event limited": 5},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := cluster(t, pod)
			writes, got := newRecorder(api)
			for _, each := range test.events {
				writes.Event(each)
			}
			flush(t, writes)
			if diff := cmp.Diff(test.want, told(t, api)); diff != "" {
				t.Errorf("Events (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.results, got.count); diff != "" {
				t.Errorf("results (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNilRecorderWritesNothing(t *testing.T) {
	t.Parallel()
	var writes *recorder.Recorder
	writes.Use(used("alice", "db"))
	writes.Event(recorder.Event{})
}
