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
		source.lines(&read, func(line line) bool {
			each := job{at: place{index, line.number, source.Name}, text: line.text, whole: line.whole}
			torn, rest := glued(each.text)
			if torn {
				summary.problem(each.at, errGlued, false)
			}
			each.text = rest
			switch {
			case line.err != nil:
				summary.problem(each.at, line.err, false)
			case auditlog.Is(each.text):
				records, err := events.Read(each.text)
				if err != nil {
					summary.problem(each.at, err, each.isTorn())
				}
				for _, record := range records {
					batch = append(batch, job{at: each.at, record: record})
				}
				size += len(each.text)
			case isGuardrails(each.text):
				own.take(ctx, each, summary)
			default:
				batch, size = append(batch, each), size+len(each.text)
			}
			if len(batch) >= batchLines || size >= batchBytes {
				hand()
			}
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

// isTorn reports whether the line is a last one that ends too early.
func (j job) isTorn() bool { return !j.whole && !json.Valid(j.text) }

// isGuardrails reports whether a line holds Guardrails, which later lines need. What collects logs may have sorted its fields.
func isGuardrails(line []byte) bool {
	return bytes.Contains(line, []byte(`"guardrails"`)) && !bytes.Contains(line, []byte(`"decision_id"`))
}

// errGlued is of a line whose writer was killed: what writes next to the file continues the line.
var errGlued = errors.New("a record ends too early, and another one begins on its line: only the first is lost")

// glued finds a record behind something else on one line: behind a record that was not written whole, or behind what a collector
// puts before each line, such as the name of the pod. It reports whether a record is lost.
func glued(text []byte) (torn bool, rest []byte) {
	at := bytes.LastIndex(text, []byte(`{"schema":"`+decisionlog.SchemaPrefix))
	if at < 0 || len(bytes.TrimSpace(text[:at])) == 0 || json.Valid(text) {
		return false, text
	}
	return bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")), text[at:]
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
	default:
		into.add(each.at, record, w.evaluate(ctx, record, nil))
	}
}
