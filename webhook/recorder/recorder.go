// Package recorder writes into the cluster what follows from decisions: the uses of Confirmations into their status, and
// Events, some of them after a later look at what was created. It works beside the requests, and no decision reads what it
// writes. What it has no room for is dropped and counted; what waits when the process ends is written within a few seconds
// or lost.
package recorder

import (
	"context"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/util/flowcontrol"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stateward/stateward/policies/confirmations"
)

const (
	// longestQueue bounds what waits, for each kind of write.
	longestQueue = 1024
	// interval is how often it writes. Uses of one Confirmation that come together take one write.
	interval = time.Second
	// writeTimeout bounds one write with its retries, and lastWrites all that are left in the end.
	writeTimeout = 5 * time.Second
	lastWrites   = 5 * time.Second
	// writesPerSecond and writesAtOnce bound what the API server gets, whatever the number of requests.
	writesPerSecond = 10
	writesAtOnce    = 50
)

// Kinds of writes, as the metric counts them.
const (
	ofEvent        = "event"
	ofConfirmation = "confirmation"
)

// What becomes of a write, as the metric counts it.
const (
	Written = "written"
	// Limited is of an Event about an object that had too many of them.
	Limited = "limited"
	// Gone is of a write about an object that does not exist any more, or was not created after all.
	Gone = "gone"
	// Dropped is of a write for which there was no room.
	Dropped = "dropped"
	// Failed is of a write that the API server did not take.
	Failed = "failed"
)

// Options are what New needs.
type Options struct {
	// Client writes, and reads what is stored.
	Client client.Client
	// Instance is the name of the pod, as Events have it.
	Instance string
	// Count counts what becomes of a write of a kind, Checked what a later look at a StatefulSet finds.
	Count   func(kind, result string)
	Checked func(result string)
	Now     func() time.Time
	Log     logr.Logger
}

// Recorder writes what it is given. A nil Recorder writes nothing.
type Recorder struct {
	Options

	uses    chan Used
	events  chan Event
	created chan look
	// looks are those that are not due yet.
	looks []look
	// later are Events that are not due yet.
	later []Event
	// used are the uses that were not written yet.
	used       map[types.NamespacedName][]confirmations.Use
	correlator *record.EventCorrelator
	// failed is true since the last write failed.
	failed bool
}

// NewClient returns a client that reads the API server, and leaves it room for others.
func NewClient(config *rest.Config, options client.Options) (client.Client, error) {
	limited := rest.CopyConfig(config)
	limited.RateLimiter = flowcontrol.NewTokenBucketRateLimiter(writesPerSecond, writesAtOnce)
	return client.New(limited, options)
}

// New makes a Recorder that writes nothing before Run.
func New(options Options) *Recorder {
	return &Recorder{
		Options: options,
		uses:    make(chan Used, longestQueue), events: make(chan Event, longestQueue), created: make(chan look, longestQueue),
		used:       map[types.NamespacedName][]confirmations.Use{},
		correlator: record.NewEventCorrelatorWithOptions(record.CorrelatorOptions{}),
	}
}

// offer queues a write, unless the queue is full. It never waits.
func offer[T any](r *Recorder, kind string, queue chan T, what T) {
	select {
	case queue <- what:
	default:
		r.Count(kind, Dropped)
	}
}

// Run writes until ctx ends, and then what is still waiting.
func (r *Recorder) Run(ctx context.Context) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			r.write(ctx, false)
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWrites)
			defer cancel()
			r.write(last, true)
			return nil
		}
	}
}

// write writes what waits now: what comes in the meantime is for the next time.
func (r *Recorder) write(ctx context.Context, end bool) {
	for range len(r.uses) {
		r.collect(<-r.uses)
	}
	r.writeUses(ctx)
	if !end {
		r.checkServices(ctx)
	}
	r.writeEvents(ctx, end)
}

// done counts what became of a write. Of failures in a row the first is logged.
func (r *Recorder) done(kind, result string, err error) {
	r.Count(kind, result)
	if err != nil && !r.failed {
		r.Log.Error(err, "Events or uses of Confirmations cannot be written: they are lost until this is mended")
	}
	r.failed = err != nil
}
