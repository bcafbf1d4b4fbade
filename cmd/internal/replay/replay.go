package replay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/stateward/stateward/cmd/internal/auditlog"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
	"github.com/stateward/stateward/webhook/decisionlog"
)

// Options are what a replay needs.
type Options struct {
	// Library evaluates; Guardrails too, or those of the log where they are nil.
	Library    *policies.Library
	Guardrails *v1alpha1.Guardrails
	// Export is the inventory of the requests of an audit log; nil for none.
	Export *Export
	// Verify wants the same decisions, byte for byte.
	Verify bool
	// Shard limits the replay to a part of the sources; nil for all.
	Shard *Shard
	// Progress, if set, is called with the number of bytes of the sources read, as stored.
	Progress func(read, total int64)
}

const (
	// batchLines and batchBytes bound what a worker takes at a time: one line is less than it takes to hand it over.
	batchLines = 64
	batchBytes = 1 << 20
)

// run is one replay.
type run struct {
	options  Options
	deciders *deciders
}

// worker evaluates one record after another.
type worker struct {
	*run
	objects *decisionlog.Objects
}

func (r *run) worker() *worker { return &worker{run: r, objects: decisionlog.NewObjects()} }

// job is a line to be evaluated, or a request that was read already.
type job struct {
	at     place
	text   []byte
	record *decisionlog.Record
	// whole is false for a last line without its end.
	whole bool
}

// Run evaluates all decisions of the sources again, as many at a time as there are processors. It holds no more than what is
// being evaluated. An error is of the Guardrails that were given, or of ctx; what is wrong with a line is in the summary.
func Run(ctx context.Context, sources []Source, options Options) (*Summary, error) {
	made, err := newDeciders(ctx, options)
	if err != nil {
		return nil, err
	}
	running := &run{options: options, deciders: made}
	jobs := make(chan []job)
	found := make([]Summary, runtime.GOMAXPROCS(0))
	var workers sync.WaitGroup
	for index := range found {
		workers.Go(func() {
			worker := running.worker()
			for batch := range jobs {
				for _, each := range batch {
					worker.take(ctx, each, &found[index])
				}
			}
		})
	}
	summary := &Summary{
		Version: Version, Library: options.Library.Revision(), Shard: options.Shard, Verify: options.Verify, Data: options.Export != nil,
	}
	if options.Guardrails != nil {
		summary.Guardrails = options.Guardrails.Revision()
	}
	if options.Shard != nil {
		sources = options.Shard.Of(sources)
	}
	running.read(ctx, sources, jobs, summary)
	close(jobs)
	workers.Wait()
	for index := range found {
		summary.merge(&found[index])
	}
	return summary, ctx.Err()
}

// read hands the lines to the workers. Guardrails come into force in their order.
func (r *run) read(ctx context.Context, sources []Source, jobs chan<- []job, summary *Summary) {
	var read atomic.Int64
	var total int64
	for _, source := range sources {
		total += source.Size
	}
	// What is in an audit log depends on the lines before.
	from := &feeder{own: r.worker(), events: auditlog.NewReader(r.options.Library), jobs: jobs, summary: summary}
	defer func() {
		summary.Events, summary.Refused, summary.Unended = from.events.Events, from.events.Refused, from.events.Unended
	}()
	defer from.hand()
	for index, source := range sources {
		source.lines(&read, func(line line) bool {
			from.take(ctx, line, place{index, line.number, source.Name})
			if r.options.Progress != nil {
				r.options.Progress(read.Load(), total)
			}
			return ctx.Err() == nil
		})
		if ctx.Err() != nil {
			return
		}
	}
}

// feeder makes batches of jobs of the lines.
type feeder struct {
	own     *worker
	events  *auditlog.Reader
	jobs    chan<- []job
	summary *Summary

	batch []job
	size  int
}

func (f *feeder) take(ctx context.Context, line line, at place) {
	if line.err != nil {
		f.summary.problem(at, line.err, false)
		return
	}
	records := parts(line.text)
	for index, text := range records {
		each := job{at: at, text: text, whole: line.whole || index < len(records)-1}
		switch {
		case auditlog.Is(text):
			f.takeEvents(each)
		case isGuardrails(text):
			f.own.take(ctx, each, f.summary)
		default:
			f.batch, f.size = append(f.batch, each), f.size+len(text)
		}
	}
	if len(f.batch) >= batchLines || f.size >= batchBytes {
		f.hand()
	}
}

func (f *feeder) takeEvents(line job) {
	requests, err := f.events.Read(line.text)
	if err != nil {
		f.summary.problem(line.at, err, line.isTorn())
	}
	for _, request := range requests {
		f.batch = append(f.batch, job{at: line.at, record: request})
	}
	f.size += len(line.text)
}

// hand gives a batch to a worker.
func (f *feeder) hand() {
	if len(f.batch) > 0 {
		f.jobs <- f.batch
	}
	f.batch, f.size = nil, 0
}

// isTorn reports whether the line is a last one that ends too early.
func (j job) isTorn() bool { return !j.whole && !json.Valid(j.text) }

// isGuardrails reports whether a line holds Guardrails, which later lines need. What collects logs may have sorted its fields.
func isGuardrails(line []byte) bool {
	return bytes.Contains(line, []byte(`"guardrails"`)) && !bytes.Contains(line, []byte(`"decision_id"`))
}

// parts are the records of a line. It has several where a process was killed before it ended its line: what writes next to the
// file continues it. What a collector puts before a record, such as the name of the pod, is left out.
func parts(text []byte) (records [][]byte) {
	start := []byte(`{"schema":"` + decisionlog.SchemaPrefix)
	begin := bytes.Index(text, start)
	if begin < 0 || bytes.LastIndex(text, start) == 0 || json.Valid(text) {
		return [][]byte{text}
	}
	if before := bytes.TrimSpace(text[:begin]); bytes.HasPrefix(before, []byte("{")) {
		records = append(records, before)
	}
	for {
		next := bytes.Index(text[begin+1:], start)
		if next < 0 {
			return append(records, text[begin:])
		}
		next += begin + 1
		records, begin = append(records, text[begin:next]), next
	}
}

// take evaluates a line.
func (w *worker) take(ctx context.Context, each job, into *Summary) {
	if each.record != nil {
		into.add(each.at, each.record, w.evaluateEvent(ctx, each.record))
		return
	}
	record, err := decisionlog.Parse(each.text)
	switch {
	case errors.Is(err, decisionlog.ErrOther):
		into.Foreign++
	case err != nil:
		into.problem(each.at, err, each.isTorn())
	case record.IsGuardrails():
		w.deciders.store(record)
		into.Sampled = into.Sampled || isSampling(record.Guardrails)
	default:
		into.add(each.at, record, w.evaluate(ctx, record, nil))
	}
}

// isSampling reports whether Guardrails have their log leave out allowed requests. Those that are of no known form are an error of
// the decisions under them.
func isSampling(document json.RawMessage) bool {
	var guardrails v1alpha1.Guardrails
	if err := json.Unmarshal(document, &guardrails); err != nil {
		return false
	}
	log := guardrails.Log()
	return log.Mode != v1alpha1.LogAll || log.AllowedPercent < 100
}
