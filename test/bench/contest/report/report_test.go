package report_test

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/test/bench/contest/measure"
	"github.com/stateward/stateward/test/bench/contest/report"
)

func TestReportShowsTheResults(t *testing.T) {
	t.Parallel()
	want := `# Admission engines side by side

Written by ` + "`make bench`" + ` in 14m0s; [README.md](README.md) explains how to read it. Only ratios within this run count.

2026-11-23, 2 x a processor, go1.26, **not idle: other programs used 50 % of it meanwhile**. 2 rounds of 2s for each measurement; a number is the median of the rounds, and the least and the most of them stand behind it in brackets.

**Equality:** all 600 reviews of the corpus, of which 240 are denied (40 %), got the same answers from a, b.

![Time for one review by the size of its object](chart.svg)

## As many as they can

All reviews in turn, over connections that ask again as soon as they are answered. The processor's time is that of the contestant's process; its memory is what it holds after the last round of 100 connections.

| contestant | answers/s, 100 connections | CPU ms per answer, 100 connections | times null | MiB resident |
|---|---:|---:|---:|---:|
| null | 500 (500-500) | 0.100 (0.100-0.100) | 1.00 | 40.0 |
| slow | 200 (150-250) | 0.400 (0.300-0.500) | 4.00 | 200 |

## At a rate

All reviews in turn, in an open loop: each is due at its time, and waits from then on, also for a connection. Milliseconds: the median, then the 99th percentile. Where not all that was due was answered, the table says how much was.

| contestant | 100/s, 1 connection |
|---|---:|
| null | 1.00 (1.00-1.00); 2.00 (2.00-2.00) |
| slow | 40 % answered |

## One review at a time

One connection, one kind of review, each about an object of its own unless it says otherwise. Milliseconds: the median of the answers, then the 99th percentile, and how many times the null webhook's median that is.

| review | null | slow |
|---|---:|---:|
| create | 1.00 (1.00-1.00); 2.00 | 12.0 (10.0-14.0); 150; x 12.0 |

## Engines alone

All reviews in turn, in one process, from the bytes of the AdmissionReview to the answer; nothing else. Milliseconds.

| engine | median | 99th percentile | times a |
|---|---:|---:|---:|
| a | 1.00 (1.00-1.00) | 2.00 (2.00-2.00) | 1.00 (1.00-1.00) |

## Through an API server

StatefulSets that keep to the rules are created, updated, scaled and deleted as dry runs. Each judge has a namespace of its own. The row "none" is the median latency of the API server alone, in milliseconds. The other rows are the microseconds that a judge adds to it, and the ratio of the whole latency to that with the null.

### 1 client

| judged by | update | scale |
|---|---:|---:|
| none | 1.00 (1.00-1.00) ms | 2.00 (2.00-2.00) ms |
| quick | -200 (-500 to +100); x 0.533 | -1200 (-1500 to -900); x 0.533 |
| null | +500 (+500 to +500); x 1.00 | -500 (-500 to -500); x 1.00 |

### 25 clients

Each client sends its next request as soon as the last one is answered; at the end is how many per second that makes.

| judged by | update |
|---|---:|
| none | 1.00 (1.00-1.00) ms; 500/s |
| quick | -200 (-500 to +100); x 0.533; 400/s |
| null | +500 (+500 to +500); x 1.00; 500/s |

### 99th percentile

The whole latency in milliseconds.

| judged by | update, 1 client | scale, 1 client | update, 25 clients |
|---|---:|---:|---:|
| none | 10.0 | 10.0 | 10.0 |
| quick | 8.00 | 8.00 | 8.00 |
| null | 10.0 | 10.0 | 10.0 |
`
	if diff := cmp.Diff(want, string(report.Markdown(results()))); diff != "" {
		t.Error(diff)
	}
}

func TestReportChartHasALineForEachContestant(t *testing.T) {
	t.Parallel()
	decoder := xml.NewDecoder(strings.NewReader(string(report.Chart(results()))))
	count := map[string]int{}
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if element, ok := token.(xml.StartElement); ok {
			count[element.Name.Local]++
		}
	}
	if diff := cmp.Diff([]int{1, 2, 2}, []int{count["svg"], count["polyline"], count["circle"]}); diff != "" {
		t.Error(diff)
	}
}

func results() report.Results {
	quick := measure.Sample{Asked: 1000, Answered: 1000, Seconds: 2, Middle: 1, Late: 2, Last: 3, Processor: 100, Resident: 40}
	slow := measure.Sample{Asked: 300, Answered: 300, Seconds: 2, Middle: 10, Late: 100, Last: 200, Processor: 300, Resident: 100}
	slower := measure.Sample{Asked: 500, Answered: 500, Seconds: 2, Middle: 14, Late: 200, Last: 300, Processor: 500, Resident: 200}
	late := measure.Sample{Asked: 100, Answered: 40, Seconds: 2, Middle: math.Inf(1), Late: math.Inf(1), Last: math.Inf(1)}
	row := func(row report.Row, ofSlow ...measure.Sample) *report.Row {
		for _, sample := range ofSlow {
			row.Add("null", quick)
			row.Add("slow", sample)
		}
		return &row
	}
	through := func(what string, clients int, none float64) *report.Row {
		row := &report.Row{What: what, Connections: clients}
		for _, quick := range []float64{0.5, 1.1} {
			row.Add("none", measure.Sample{Answered: 1000, Seconds: 2, Middle: none, Late: 10})
			row.Add("quick", measure.Sample{Answered: 800, Seconds: 2, Middle: quick, Late: 8})
			row.Add("null", measure.Sample{Answered: 1000, Seconds: 2, Middle: 1.5, Late: 10})
		}
		return row
	}
	inside := &report.Row{}
	inside.Add("a", quick)
	return report.Results{
		Machine: report.Machine{Processor: "a processor", Count: 2, Go: "go1.26", Day: "2026-11-23", Others: 0.5},
		Reviews: 600, Denied: 240, Agreed: []string{"a", "b"}, Rounds: 2, Time: 2 * time.Second, Took: 14 * time.Minute,
		Contestants: []string{"null", "slow"},
		Busy:        []*report.Row{row(report.Row{Connections: 100}, slow, slower)},
		Open:        []*report.Row{row(report.Row{Connections: 1, Rate: 100}, late, late)},
		Kinds:       []*report.Row{row(report.Row{What: "create", KiB: 9, Chart: true}, slow, slower)},
		Inside:      inside,
		Through:     []*report.Row{through("update", 1, 1), through("scale", 1, 2), through("update", 25, 1)},
	}
}
