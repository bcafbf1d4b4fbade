package recorder

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

const (
	// firstLook and lastLook are how long after its creation a StatefulSet is looked at.
	firstLook = time.Minute
	lastLook  = 10 * time.Minute
	// reasonNoService is the reason of the Event about a StatefulSet without its Service: the rule's id.
	reasonNoService = "HeadlessService"
)

// What a later look at a StatefulSet finds, as the metric counts it, beside Gone (there is nothing to look for), Dropped and
// Failed.
const (
	// Found is of a StatefulSet that got its Service.
	Found = "found"
	// Missing is of a StatefulSet whose pods have no Service.
	Missing = "missing"
	// Idle is of a StatefulSet without Service and without pods.
	Idle = "idle"
)

// look is a later look at a StatefulSet.
type look struct {
	key types.NamespacedName
	uid types.UID
	due time.Time
	// last is false for the first of two.
	last bool
}

// CheckService takes a StatefulSet that is created without its Service, and looks later whether it got it. It never waits.
func (r *Recorder) CheckService(key types.NamespacedName, uid types.UID) {
	if r == nil {
		return
	}
	select {
	case r.created <- look{key: key, uid: uid, due: r.Now().Add(firstLook)}:
	default:
		r.Checked(Dropped)
	}
}

// checkServices looks at what is due. Those that wait are forgotten when the process ends: `stateward doctor` and
// `stateward audit` find the StatefulSets too.
func (r *Recorder) checkServices(ctx context.Context) {
	waiting := r.looks
	r.looks = nil
	for range len(r.created) {
		waiting = append(waiting, <-r.created)
	}
	for _, each := range waiting {
		if each.due.After(r.Now()) {
			r.lookLater(each)
			continue
		}
		result := r.look(ctx, each)
		r.Checked(result)
		if !each.last && (result == Missing || result == Idle || result == Failed) {
			each.due, each.last = each.due.Add(lastLook-firstLook), true
			r.lookLater(each)
		}
	}
}

func (r *Recorder) lookLater(each look) {
	if len(r.looks) == longestQueue {
		r.Checked(Dropped)
		return
	}
	r.looks = append(r.looks, each)
}

// look reports a StatefulSet whose pods have no Service.
func (r *Recorder) look(ctx context.Context, each look) (result string) {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	var set appsv1.StatefulSet
	err := r.Client.Get(ctx, each.key, &set)
	switch {
	case apierrors.IsNotFound(err), err == nil && (set.UID != each.uid || set.Spec.ServiceName == ""):
		return Gone
	case err != nil:
		return r.unknown(err)
	}
	service := &metav1.PartialObjectMetadata{}
	service.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Service"))
	err = r.Client.Get(ctx, types.NamespacedName{Namespace: set.Namespace, Name: set.Spec.ServiceName}, service)
	switch {
	case err == nil:
		return Found
	case !apierrors.IsNotFound(err):
		return r.unknown(err)
	case set.Status.Replicas == 0:
		return Idle
	}
	r.Event(Event{
		Object: corev1.ObjectReference{
			APIVersion: appsv1.SchemeGroupVersion.String(), Kind: "StatefulSet", Namespace: set.Namespace, Name: set.Name, UID: set.UID,
		},
		Type: corev1.EventTypeWarning, Reason: reasonNoService,
		Message: fmt.Sprintf("[headless-service] spec.serviceName: Service %q does not exist in namespace %s, so the DNS names of %d pods do not resolve. "+
			"Fix: create a Service %q with `clusterIP: None`.", set.Spec.ServiceName, set.Namespace, set.Status.Replicas, set.Spec.ServiceName),
	})
	return Missing
}

func (r *Recorder) unknown(err error) (result string) {
	r.Log.Error(err, "whether a StatefulSet got its Service is not known")
	return Failed
}
