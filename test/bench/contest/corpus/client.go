package corpus

import (
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
)

// Client has what one client sends to an API server. All of it keeps to the common rules and to Stateward's own.
type Client struct {
	// New does not exist.
	New *appsv1.StatefulSet
	// Existing exists; Changed and Scaled are an update of it with another image, and a Scale of it with one more replica.
	Existing, Changed *appsv1.StatefulSet
	Scaled            *autoscalingv1.Scale
	// Idle exists and has 0 replicas, so that it can be deleted.
	Idle *appsv1.StatefulSet
}

const (
	// variants is after how many numbers objects keep to the rules in the same way again.
	variants = 12
	// variant is one whose update changes the image within its major version.
	variant = 4
	// unused is the variant of the object that no client has.
	unused = 8
)

// ClientOf returns the requests of the client of this number, about StatefulSets of this size. Clients differ in names only.
func ClientOf(client, kib int) Client {
	number := func(object int) int { return (3*client+object)*variants + variant }
	sent := Client{
		New: fresh(number(0), kib), Existing: fresh(number(1), kib), Changed: fresh(number(1), kib), Idle: fresh(number(2), kib),
	}
	changing(sent.Changed, number(1))
	*sent.Idle.Spec.Replicas = 0
	sent.Scaled = ScaleOf(sent.Existing, *sent.Existing.Spec.Replicas+1)
	for _, set := range []*appsv1.StatefulSet{sent.New, sent.Existing, sent.Changed, sent.Idle} {
		// It is that of the request.
		set.Namespace = ""
	}
	return sent
}

// ScaleOf returns the Scale of a StatefulSet with so many replicas, as people send it.
func ScaleOf(set *appsv1.StatefulSet, replicas int32) *autoscalingv1.Scale {
	scale := &autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: replicas}}
	scale.Name = set.Name
	return scale
}

// Undeletable returns a StatefulSet whose deletion breaks a common rule.
func Undeletable() *appsv1.StatefulSet {
	set := fresh(unused, 0)
	set.Namespace = ""
	breaking(set, deleting, 0)
	return set
}

// Broken returns the StatefulSet as an update that breaks a common rule.
func Broken(set *appsv1.StatefulSet) *appsv1.StatefulSet {
	broken := set.DeepCopy()
	breaking(broken, "image-tag", 0)
	return broken
}
