package report

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/stateward/stateward/test/bench/contest/measure"
)

// page is Markdown that grows.
type page struct{ strings.Builder }

func (p *page) paragraph(format string, values ...any) { fmt.Fprintf(p, format+"\n\n", values...) }

// table writes rows, the first of which is the head. All columns but the first are numbers.
func (p *page) table(rows [][]string) {
	for index, row := range rows {
		fmt.Fprintf(p, "| %s |\n", strings.Join(row, " | "))
		if index == 0 {
			fmt.Fprintf(p, "|---|%s\n", strings.Repeat("---:|", len(row)-1))
		}
	}
	p.WriteByte('\n')
}

// Markdown is the whole report.
func Markdown(results Results) []byte {
	var page page
	page.paragraph("# Admission engines side by side")
	page.paragraph("Written by `make bench` in %s; [README.md](README.md) explains how to read it. Only ratios within this run count.", results.Took.Round(time.Minute))
	page.paragraph("%s. %d rounds of %s for each measurement; a number is the median of the rounds, and the least and the most of them stand behind it in brackets.",
		results.Machine, results.Rounds, results.Time)
	page.paragraph("**Equality:** all %d reviews of the corpus, of which %d are denied (%.0f %%), got the same answers from %s.",
		results.Reviews, results.Denied, 100*float64(results.Denied)/float64(results.Reviews), strings.Join(results.Agreed, ", "))
	page.paragraph("![Time for one review by the size of its object](chart.svg)")
	busy(&page, results)
	open(&page, results)
	kinds(&page, results)
	inside(&page, results)
	through(&page, results)
	return []byte(strings.TrimRight(page.String(), "\n") + "\n")
}

// busy writes the throughput of each.
func busy(page *page, results Results) {
	page.paragraph("## As many as they can")
	page.paragraph("All reviews in turn, over connections that ask again as soon as they are answered. " +
		"The processor's time is that of the contestant's process; its memory is what it holds after the last round of 100 connections.")
	head := []string{"contestant"}
	for _, row := range results.Busy {
		head = append(head, "answers/s, "+connections(row.Connections))
	}
	last := results.Busy[len(results.Busy)-1]
	head = append(head, "CPU ms per answer, "+connections(last.Connections), "times null", "MiB resident")
	rows := [][]string{head}
	for _, name := range results.Contestants {
		row := []string{name}
		for _, each := range results.Busy {
			row = append(row, withSpread(measure.Of(each.Samples[name], perSecond)))
		}
		samples, null := last.Samples[name], last.Samples[results.Contestants[0]]
		row = append(row, withSpread(measure.Of(samples, milliseconds)), number(measure.Ratio(samples, null, processor).Median),
			number(resident(samples[len(samples)-1])))
		rows = append(rows, row)
	}
	page.table(rows)
}

func milliseconds(sample measure.Sample) float64 { return sample.Processor / 1000 }

// open writes the waiting time at a rate.
func open(page *page, results Results) {
	page.paragraph("## At a rate")
	page.paragraph("All reviews in turn, in an open loop: each is due at its time, and waits from then on, also for a connection. " +
		"Milliseconds: the median, then the 99th percentile. Where not all that was due was answered, the table says how much was.")
	head := []string{"contestant"}
	for _, row := range results.Open {
		head = append(head, fmt.Sprintf("%d/s, %s", row.Rate, connections(row.Connections)))
	}
	rows := [][]string{head}
	for _, name := range results.Contestants {
		row := []string{name}
		for _, each := range results.Open {
			samples := each.Samples[name]
			if part := measure.Of(samples, answered).Median; part < 0.999 {
				row = append(row, fmt.Sprintf("%.0f %% answered", 100*part))
				continue
			}
			row = append(row, withSpread(measure.Of(samples, middle))+"; "+withSpread(measure.Of(samples, late)))
		}
		rows = append(rows, row)
	}
	page.table(rows)
}

// kinds writes the time of one review of each kind.
func kinds(page *page, results Results) {
	page.paragraph("## One review at a time")
	page.paragraph("One connection, one kind of review, each about an object of its own unless it says otherwise. " +
		"Milliseconds: the median of the answers, then the 99th percentile, and how many times the null webhook's median that is.")
	rows := [][]string{append([]string{"review"}, results.Contestants...)}
	for _, each := range results.Kinds {
		row := []string{each.What}
		null := each.Samples[results.Contestants[0]]
		for index, name := range results.Contestants {
			samples := each.Samples[name]
			text := withSpread(measure.Of(samples, middle)) + "; " + number(measure.Of(samples, late).Median)
			if index > 0 {
				text += "; x " + number(measure.Ratio(samples, null, middle).Median)
			}
			row = append(row, text)
		}
		rows = append(rows, row)
	}
	page.table(rows)
}

// inside writes the times of the engines without HTTP.
func inside(page *page, results Results) {
	if results.Inside == nil || len(results.Inside.Names) == 0 {
		return
	}
	page.paragraph("## Engines alone")
	page.paragraph("All reviews in turn, in one process, from the bytes of the AdmissionReview to the answer; nothing else. Milliseconds.")
	from := results.Inside
	rows := [][]string{{"engine", "median", "99th percentile", "times " + from.Names[0]}}
	for _, name := range from.Names {
		samples := from.Samples[name]
		rows = append(rows, []string{
			name, withSpread(measure.Of(samples, middle)), withSpread(measure.Of(samples, late)),
			withSpread(measure.Ratio(samples, from.Samples[from.Names[0]], middle)),
		})
	}
	page.table(rows)
}

func connections(count int) string {
	if count == 1 {
		return "1 connection"
	}
	return fmt.Sprintf("%d connections", count)
}

func withSpread(spread measure.Spread) string {
	if math.IsNaN(spread.Median) {
		return "-"
	}
	return fmt.Sprintf("%s (%s-%s)", number(spread.Median), number(spread.Least), number(spread.Most))
}

// number has two or three digits that mean something.
func number(value float64) string {
	switch {
	case math.IsInf(value, 1):
		return "never"
	case value >= 100:
		return fmt.Sprintf("%.0f", value)
	case value >= 10:
		return fmt.Sprintf("%.1f", value)
	case value >= 1:
		return fmt.Sprintf("%.2f", value)
	default:
		return fmt.Sprintf("%.3f", value)
	}
}
