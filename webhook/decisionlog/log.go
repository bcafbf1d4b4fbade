package decisionlog

import (
	"context"
	"crypto/rand"
	"hash/fnv"
	"io"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	admissionv1 "k8s.io/api/admission/v1"

	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
)

const (
	// longestQueue and largestQueue, in bytes of objects, bound what waits to be written.
	longestQueue = 1024
	largestQueue = 32 << 20
	// repeatGuardrails is how often Guardrails are written again: what collects standard output may keep a part of it.
	repeatGuardrails = time.Hour
)

// What becomes of a record, as the metric counts it.
const (
	Written = "written"
	// Dropped is of a record for which there was no room.
	Dropped = "dropped"
	// Failed is of a record that could not be written.
	Failed = "failed"
)

// Entry is a decision as the webhook made it. It belongs to the log from then on.
type Entry struct {
	// Path is PathValidate or PathMutate.
	Path string
	// Request is the admission request; its objects are not decoded.
	Request *admissionv1.AdmissionRequest
	Engine  *engine.Engine
	// Prepared is nil where the objects could not be read, Recording where nothing was looked up.
	Prepared  *engine.Prepared
	Recording *inventory.Recording
	Decision  engine.Decision
	// Err is the reason of a missing decision.
	Err error
	// Time is when the request arrived, Took how long the answer took.
	Time time.Time
	Took time.Duration
	// size is about how many bytes the objects have.
	size int64
}

// Options are what New needs.
type Options struct {
	// Out takes whole lines. A Rotator begins a new file before one is too large.
	Out io.Writer
	// Labels identify the process in each record.
	Labels map[string]string
	// Warn is what clients are warned of for these findings.
	Warn func([]engine.Finding) []string
	// Count counts what becomes of a record.
	Count func(result string)
	Log   logr.Logger
}

// Log writes records beside the requests. A nil Log records nothing.
type Log struct {
	options Options
	queue   chan Entry
	waiting atomic.Int64
	// key makes masked values comparable within this process.
	key []byte
	// told is when Guardrails of a revision were written to the current file.
	told map[string]time.Time
	// broken is true after a line that was not written whole, lost how many there were since it last worked.
	broken bool
	lost   int
	*formatter
}

// New makes a Log that writes nothing before Run.
func New(options Options) *Log {
	key := make([]byte, 32)
	// It never fails; see its documentation.
	_, _ = rand.Read(key)
	return &Log{
		options: options, queue: make(chan Entry, longestQueue), key: key, told: map[string]time.Time{},
		formatter: newFormatter(options),
	}
}

// Wants reports whether decisions of this engine are recorded at all.
func (l *Log) Wants(decider *engine.Engine) bool {
	return l != nil && decider.Guardrails().Log().Mode != v1alpha1.LogOff
}

// Offer queues an entry, unless the Guardrails leave it out or the queue is full. It never waits.
func (l *Log) Offer(entry Entry) {
	if !wanted(entry) {
		return
	}
	entry.size = int64(len(entry.Request.Object.Raw) + len(entry.Request.OldObject.Raw))
	asked := *entry.Request
	// The objects are in the buffer of the request, which is used again.
	asked.Object.Raw, asked.OldObject.Raw, asked.Options.Raw = nil, nil, nil
	entry.Request = &asked
	if l.waiting.Add(entry.size) <= largestQueue {
		select {
		case l.queue <- entry:
			return
		default:
		}
	}
	l.waiting.Add(-entry.size)
	l.options.Count(Dropped)
}

func wanted(entry Entry) bool {
	settings := entry.Engine.Guardrails().Log()
	switch {
	case settings.Mode == v1alpha1.LogOff:
		return false
	case entry.Err != nil || !entry.Decision.Allowed:
		return true
	default:
		return settings.Mode == v1alpha1.LogAll && isSampled(string(entry.Request.UID), settings.AllowedPercent)
	}
}

// isSampled takes a share of the requests, by what identifies them.
func isSampled(id string, percent int32) bool {
	sum := fnv.New32a()
	// A hash takes all that it is given.
	_, _ = sum.Write([]byte(id))
	return int32(sum.Sum32()%100) < percent
}

// Run writes until ctx ends, and then what is still waiting.
func (l *Log) Run(ctx context.Context) error {
	for {
		select {
		case entry := <-l.queue:
			l.take(entry)
		case <-ctx.Done():
			for {
				select {
				case entry := <-l.queue:
					l.take(entry)
				default:
					return nil
				}
			}
		}
	}
}

func (l *Log) take(entry Entry) {
	defer l.waiting.Add(-entry.size)
	record, err := l.record(entry, l.key)
	if err == nil {
		err = l.write(entry, record)
	}
	if err != nil {
		l.options.Count(Failed)
		if l.lost++; l.lost == 1 {
			l.options.Log.Error(err, "the decision log cannot be written: records are lost until this is mended")
		}
		return
	}
	if l.lost > 0 {
		l.options.Log.Info("the decision log is written again", "lost", l.lost)
		l.lost = 0
	}
	l.options.Count(Written)
}

// write puts the Guardrails before the first record under them in each file.
func (l *Log) write(entry Entry, record []byte) error {
	if rotator, rotates := l.options.Out.(Rotator); rotates && rotator.Due(len(record)) {
		if err := rotator.Rotate(); err != nil {
			return err
		}
		l.broken = false
		clear(l.told)
	}
	_, revision := entry.Engine.Revision()
	if told, ok := l.told[revision]; !ok || entry.Time.Sub(told) >= repeatGuardrails {
		document, err := guardrailsLine(entry)
		if err != nil {
			return err
		}
		if err := l.line(document); err != nil {
			return err
		}
		l.told[revision] = entry.Time
	}
	return l.line(record)
}

// line ends a line that was not written whole before it begins its own: only that one is lost.
func (l *Log) line(text []byte) error {
	if l.broken {
		text = append([]byte{'\n'}, text...)
	}
	if _, err := l.options.Out.Write(text); err != nil {
		l.broken = true
		return err
	}
	l.broken = false
	return nil
}
