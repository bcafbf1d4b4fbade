package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/test/builders"
)

// byObject has the whole catalogue and objects of several sizes: large by what rules read, by what they do not, and by what
// the API server keeps for itself.
func byObject(ctx context.Context) (study, error) {
	decider, err := builtIn(ctx)
	if err != nil {
		return study{}, err
	}
	inv, err := cluster(1, 1)
	if err != nil {
		return study{}, err
	}
	grown := study{name: "object", title: "Time of an update by the size of the object", unit: " KiB"}
	for _, each := range []struct {
		name string
		grow func(set *builders.StatefulSet, number int)
	}{
		{"environment variables", addVariable},
		{"annotations", addAnnotation},
		{"managed fields", addManagedField},
	} {
		line := series{name: each.name}
		for _, kib := range []int{2, 9, 30, 100, 500, 1400} {
			set, old := grownSet(each.grow, kib), grownSet(each.grow, kib)
			line.points = append(line.points, &point{size: kib, engine: decider, request: updateOf(set.Image("nginx:1.27.5"), old), inv: inv})
		}
		grown.series = append(grown.series, line)
	}
	return grown, nil
}

// byCluster has the whole catalogue, and more and more StatefulSets, each with its Service, beside the one that changes: in
// its namespace, or in others.
func byCluster(ctx context.Context) (study, error) {
	decider, err := builtIn(ctx)
	if err != nil {
		return study{}, err
	}
	grown := study{name: "cluster", title: "Time of an update by the size of the cluster", unit: " StatefulSets"}
	for _, each := range []struct {
		name       string
		namespaces int
	}{{"all in one namespace", 1}, {"in 100 namespaces", 100}} {
		line := series{name: each.name}
		for _, count := range []int{1, 100, 1000, 10000, 100000} {
			inv, err := cluster(count, each.namespaces)
			if err != nil {
				return study{}, err
			}
			line.points = append(line.points, &point{size: count, engine: decider, request: update(), inv: inv})
		}
		grown.series = append(grown.series, line)
	}
	return grown, nil
}

func builtIn(ctx context.Context) (*engine.Engine, error) {
	library, err := policies.Embedded()
	if err != nil {
		return nil, err
	}
	return engine.New(ctx, library, nil)
}

// cluster is an inventory of so many StatefulSets with their Services, the one that is evaluated among them.
func cluster(count, namespaces int) (*inventory.Snapshot, error) {
	inv := inventory.NewSnapshot("default", []string{"services", "statefulsets"})
	objects := []json.RawMessage{builders.JSON(builders.HeadlessService()), builders.MakeStatefulSet().JSON()}
	for index := range count - 1 {
		name, namespace := fmt.Sprintf("web-%d", index), "default"
		if other := index % namespaces; other > 0 {
			namespace = fmt.Sprintf("other-%d", other)
		}
		set, service := builders.MakeStatefulSet().Name(name).Service(name), builders.HeadlessService()
		labels := map[string]string{"app": name}
		set.Namespace, set.Spec.Selector.MatchLabels, set.Spec.Template.Labels = namespace, labels, labels
		service.Name, service.Namespace, service.Spec.Selector = name, namespace, labels
		objects = append(objects, set.JSON(), builders.JSON(service))
	}
	for _, object := range objects {
		if err := inv.Add(object); err != nil {
			return nil, err
		}
	}
	return inv, nil
}

// update changes the image.
func update() engine.Request {
	return updateOf(builders.MakeStatefulSet().Image("nginx:1.27.5"), builders.MakeStatefulSet())
}

func updateOf(set, old *builders.StatefulSet) engine.Request {
	return engine.Request{
		Phase: engine.ValidatingPhase, Operation: "UPDATE", Group: "apps", Kind: "StatefulSet", Resource: "statefulsets",
		Namespace: "default", Name: "web", User: authenticationv1.UserInfo{Username: "alice"},
		Object: set.JSON(), OldObject: old.JSON(), Time: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC),
	}
}

// grownSet is a StatefulSet that takes so many KiB as JSON.
func grownSet(grow func(set *builders.StatefulSet, number int), kib int) *builders.StatefulSet {
	set := builders.MakeStatefulSet()
	for number := 0; len(set.JSON()) < kib<<10; number++ {
		// To write it down after each would take the square of the time.
		for range 1 + number/8 {
			grow(set, number)
			number++
		}
	}
	return set
}

func addVariable(set *builders.StatefulSet, number int) {
	container := &set.Spec.Template.Spec.Containers[0]
	container.Env = append(container.Env, corev1.EnvVar{Name: fmt.Sprintf("VARIABLE_%05d", number), Value: "a value of usual length"})
}

func addAnnotation(set *builders.StatefulSet, number int) {
	set.Annotate(fmt.Sprintf("example.com/annotation-%05d", number), strings.Repeat("some text ", 5))
}

func addManagedField(set *builders.StatefulSet, number int) {
	set.ManagedFields = append(set.ManagedFields, metav1.ManagedFieldsEntry{
		Manager: fmt.Sprintf("manager-%05d", number), Operation: metav1.ManagedFieldsOperationApply, APIVersion: "apps/v1", FieldsType: "FieldsV1",
		FieldsV1: metav1.NewFieldsV1(`{"f:spec":{"f:replicas":{},"f:template":{"f:spec":{"f:containers":{"k:{\"name\":\"nginx\"}":{"f:image":{}}}}}}}`),
	})
}
