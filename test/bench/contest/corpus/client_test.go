package corpus_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/test/bench/contest/corpus"
)

func TestClientsShareNoObject(t *testing.T) {
	t.Parallel()
	names := map[string]int{corpus.Undeletable().Name: 1}
	for number := range 25 {
		client := corpus.ClientOf(number, 9)
		for _, set := range []*appsv1.StatefulSet{client.New, client.Existing, client.Idle} {
			names[set.Name]++
		}
	}
	if len(names) != 76 {
		t.Errorf("%d names of 76 objects", len(names))
	}
}

func TestClientsUpdateTheImage(t *testing.T) {
	t.Parallel()
	for number := range 25 {
		client := corpus.ClientOf(number, 9)
		if client.Existing.Name != client.Changed.Name || client.Existing.Name != client.Scaled.Name {
			t.Errorf("client %d changes another object than %s", number, client.Existing.Name)
		}
		want := client.Existing.DeepCopy()
		want.Spec.Template.Spec.Containers[0].Image = "registry.example/db:16.5"
		want.Spec.MinReadySeconds = 10
		if diff := cmp.Diff(want.Spec, client.Changed.Spec); diff != "" {
			t.Error(diff)
		}
	}
}

func TestClientsLeaveOutWhatTheServerWrites(t *testing.T) {
	t.Parallel()
	client := corpus.ClientOf(1, 9)
	for _, set := range []*appsv1.StatefulSet{client.New, client.Existing, client.Changed, client.Idle} {
		got := set.ObjectMeta
		if diff := cmp.Diff(metav1.ObjectMeta{Name: got.Name, Generation: got.Generation, Labels: got.Labels}, got); diff != "" {
			t.Error(diff)
		}
	}
}
