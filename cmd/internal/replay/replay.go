package replay

import (
	"bytes"
	"context"
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
	events := auditlog.NewReader(r.options.Library)
	defer func() { summary.Events, summary.Refused = events.Events, events.Refused }()
	own := r.worker()
	var batch []job
	size := 0
	hand := func() {
		if len(batch) > 0 {
			jobs <- batch
		}
		batch, size = nil, 0
	}
	defer hand()
	for index, source := range sources {
		line, err := source.lines(&read, func(text []byte, number int, whole bool) {
			if ctx.Err() != nil {
				return
			}
			each := job{at: place{index, number, source.Name}, text: text, whole: whole}
			switch {
			case isGuardrails(text):
				own.take(ctx, each, summary)
			case auditlog.Is(text):
				records, err := events.Read(text)
				if err != nil {
					summary.problem(each.at, err, !whole)
				}
				for _, record := range records {
					batch = append(batch, job{at: each.at, record: record})
				}
				size += len(text)
			default:
				batch, size = append(batch, each), size+len(text)
			}
			if len(batch) >= batchLines || size >= batchBytes {
				hand()
			}
			if r.options.Progress != nil {
				r.options.Progress(read.Load(), total)
			}
		})
		if err != nil {
			summary.problem(place{index, line, source.Name}, err, false)
		}
	}
}

// isGuardrails reports whether a line begins as Guardrails, which later lines need.
func isGuardrails(line []byte) bool {
	return bytes.Contains(line[:min(len(line), 200)], []byte(`"guardrails"`)) && !bytes.Contains(line[:min(len(line), 200)], []byte(`"decision_id"`))
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
		into.problem(each.at, err, !each.whole)
	case record.IsGuardrails():
		w.deciders.store(record)
	default:
		into.add(each.at, record, w.evaluate(ctx, record, nil))
	}
}
