package recorder

import (
	"context"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/record/util"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// component is the name of Stateward in Events.
	component = "stateward"
	// maxMessage is what an API server takes as the message of an Event, in bytes. Source: maxMessage of
	// k8s.io/kubernetes/pkg/apis/core/validation.
	maxMessage = 1024
	// creation is how long the API server is given to store an object that is being created.
	creation = 2 * time.Second
)

// Event is one that is to be written.
type Event struct {
	// Object is what it is about.
	Object corev1.ObjectReference
	// Type is Normal or Warning, Reason a word in CamelCase.
	Type, Reason, Message string
	// Unproved says that the object may not exist, as one that is only about to be created. Then no Event is written.
	Unproved bool
	// due is when it is to be written.
	due time.Time
}

// Event takes an Event for writing. It never waits.
func (r *Recorder) Event(event Event) {
	if r == nil {
		return
	}
	event.due = r.Now()
	if event.Unproved {
		event.due = event.due.Add(creation)
	}
	offer(r, ofEvent, r.events, event)
}

// writeEvents writes those that are due, in the end all.
func (r *Recorder) writeEvents(ctx context.Context, end bool) {
	waiting := r.later
	r.later = nil
	for range len(r.events) {
		waiting = append(waiting, <-r.events)
	}
	for _, event := range waiting {
		switch {
		case end || !event.due.After(r.Now()):
			r.writeEvent(ctx, event)
		case len(r.later) < longestQueue:
			r.later = append(r.later, event)
		default:
			r.Count(ofEvent, Dropped)
		}
	}
}

// writeEvent counts what is the same in one Event and leaves out what is too much about one object, as kubelets do. The
// correlator holds a few thousand Events.
func (r *Recorder) writeEvent(ctx context.Context, event Event) {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	if event.Unproved {
		uid, err := r.stored(ctx, event.Object)
		switch {
		case err != nil:
			r.done(ofEvent, Failed, err)
			return
		case uid == "" || event.Object.UID != "" && event.Object.UID != uid:
			r.done(ofEvent, Gone, nil)
			return
		}
		event.Object.UID = uid
	}
	correlated, err := r.correlator.EventCorrelate(r.made(event))
	switch {
	case err != nil:
		r.done(ofEvent, Failed, err)
		return
	case correlated.Skip:
		r.done(ofEvent, Limited, nil)
		return
	}
	err = r.store(ctx, correlated.Event, correlated.Patch)
	switch {
	case apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause), apierrors.IsNotFound(err):
		r.done(ofEvent, Gone, nil)
	case err != nil:
		r.done(ofEvent, Failed, err)
	default:
		r.correlator.UpdateState(correlated.Event)
		r.done(ofEvent, Written, nil)
	}
}

// store counts one more of an Event that it has written before, unless that has expired in the meantime.
func (r *Recorder) store(ctx context.Context, event *corev1.Event, patch []byte) error {
	if event.Count > 1 {
		err := r.Client.Patch(ctx, event, client.RawPatch(types.StrategicMergePatchType, patch))
		if !apierrors.IsNotFound(err) {
			return err
		}
	}
	event.ResourceVersion = ""
	return r.Client.Create(ctx, event)
}

// stored returns the UID of the object of this kind and name, "" if there is none.
func (r *Recorder) stored(ctx context.Context, object corev1.ObjectReference) (types.UID, error) {
	stored := &metav1.PartialObjectMetadata{}
	stored.SetGroupVersionKind(object.GroupVersionKind())
	err := r.Client.Get(ctx, client.ObjectKey{Namespace: object.Namespace, Name: object.Name}, stored)
	return stored.UID, client.IgnoreNotFound(err)
}

func (r *Recorder) made(event Event) *corev1.Event {
	now := metav1.NewTime(r.Now())
	namespace := event.Object.Namespace
	if namespace == "" {
		// Where Events about objects without a namespace are.
		namespace = metav1.NamespaceDefault
	}
	return &corev1.Event{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace,
			Name:      util.GenerateEventName(event.Object.Name, now.UnixNano()),
		},
		InvolvedObject: event.Object,
		Type:           event.Type, Reason: event.Reason, Message: bounded(event.Message),
		FirstTimestamp: now, LastTimestamp: now, Count: 1,
		Source:              corev1.EventSource{Component: component, Host: r.Instance},
		ReportingController: component, ReportingInstance: r.Instance,
	}
}

// bounded cuts a message to what an API server takes.
func bounded(message string) string {
	if len(message) <= maxMessage {
		return message
	}
	return strings.ToValidUTF8(message[:maxMessage-len("…")], "") + "…"
}
