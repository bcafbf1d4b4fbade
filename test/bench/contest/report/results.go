// Package report writes what the contest found, as Markdown and as a chart.
package report

import (
	"time"

	"github.com/stateward/stateward/test/bench/contest/measure"
)

// Results are all that the contest found.
type Results struct {
	Machine Machine
	// Reviews are in the corpus, and of them so many are to be Denied.
	Reviews, Denied int
	// Agreed are the names of those who answer all of them alike.
	Agreed []string
	Rounds int
	// Time is how long each measurement took, Took how long all did.
	Time, Took time.Duration
	// Contestants are the names of the webhooks; the first decides nothing, and is what the others are compared with.
	Contestants []string
	// Busy, Open and Kinds are measured over HTTPS: with connections that are always busy, in an open loop, and one kind of
	// review at a time.
	Busy, Open, Kinds []*Row
	// Inside has the engines in one process.
	Inside *Row
	// Through has requests to an API server by what judged them, with as many clients as connections. The first judge is none.
	Through []*Row
}

// Row is one thing that was measured of everybody.
type Row struct {
	What string
	// Connections and Rate are those of the load; Rate is 0 where they were always busy.
	Connections, Rate int
	// KiB is the size of the objects, and Chart says that the chart shows it.
	KiB   int
	Chart bool
	// Names are in the order in which they came first, and Samples those of each, one for each round.
	Names   []string
	Samples map[string][]measure.Sample
}

// Add keeps a sample.
func (r *Row) Add(name string, sample measure.Sample) {
	if r.Samples == nil {
		r.Samples = map[string][]measure.Sample{}
	}
	if r.Samples[name] == nil {
		r.Names = append(r.Names, name)
	}
	r.Samples[name] = append(r.Samples[name], sample)
}

func middle(sample measure.Sample) float64    { return sample.Middle }
func late(sample measure.Sample) float64      { return sample.Late }
func processor(sample measure.Sample) float64 { return sample.Processor }
func resident(sample measure.Sample) float64  { return sample.Resident }
func perSecond(sample measure.Sample) float64 { return float64(sample.Answered) / sample.Seconds }
func answered(sample measure.Sample) float64 {
	return float64(sample.Answered) / float64(sample.Asked)
}
