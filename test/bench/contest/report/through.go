package report

import (
	"fmt"
	"slices"

	"github.com/stateward/stateward/test/bench/contest/measure"
)

// through writes the times that users of a cluster notice.
func through(page *page, results Results) {
	if len(results.Through) == 0 {
		return
	}
	null := results.Contestants[0]
	page.paragraph("## Through an API server")
	page.paragraph("StatefulSets that keep to the rules are created, updated, scaled and deleted as dry runs. Each judge has a namespace of its own. "+
		"The row %q is the median latency of the API server alone, in milliseconds. The other rows are the microseconds that a judge adds to it, "+
		"and the ratio of the whole latency to that with the %s.", results.Through[0].Names[0], null)
	for _, group := range byClients(results.Through) {
		page.paragraph("### %s", Clients(group[0].Connections))
		if group[0].Connections > 1 {
			page.paragraph("Each client sends its next request as soon as the last one is answered; at the end is how many per second that makes.")
		}
		page.table(added(group, null))
	}
	page.paragraph("### 99th percentile")
	page.paragraph("The whole latency in milliseconds.")
	page.table(latest(results.Through))
}

// byClients groups the rows by the number of clients.
func byClients(rows []*Row) (groups [][]*Row) {
	for _, row := range rows {
		group := slices.IndexFunc(groups, func(group []*Row) bool { return group[0].Connections == row.Connections })
		if group < 0 {
			groups = append(groups, []*Row{row})
			continue
		}
		groups[group] = append(groups[group], row)
	}
	return groups
}

// added has a row for each judge, and a column for each kind of request.
func added(from []*Row, null string) [][]string {
	head := []string{"judged by"}
	for _, each := range from {
		head = append(head, each.What)
	}
	rows := [][]string{head}
	for _, name := range from[0].Names {
		row := []string{name}
		for _, each := range from {
			row = append(row, addedBy(name, each, null))
		}
		rows = append(rows, row)
	}
	return rows
}

func addedBy(name string, each *Row, null string) string {
	none, samples := each.Names[0], each.Samples[name]
	var text string
	if name == none {
		text = withSpread(measure.Of(samples, middle)) + " ms"
	} else {
		beyond := measure.Beyond(samples, each.Samples[none], microseconds)
		ratio := measure.Ratio(samples, each.Samples[null], middle)
		text = fmt.Sprintf("%+.0f (%+.0f to %+.0f); x %s", beyond.Median, beyond.Least, beyond.Most, number(ratio.Median))
	}
	if each.Connections > 1 {
		text += fmt.Sprintf("; %.0f/s", measure.Of(samples, perSecond).Median)
	}
	return text
}

func microseconds(sample measure.Sample) float64 { return 1000 * sample.Middle }

// latest has a row for each judge, and a column for each kind of request and number of clients.
func latest(from []*Row) [][]string {
	head := []string{"judged by"}
	for _, each := range from {
		head = append(head, each.What+", "+Clients(each.Connections))
	}
	rows := [][]string{head}
	for _, name := range from[0].Names {
		row := []string{name}
		for _, each := range from {
			row = append(row, number(measure.Of(each.Samples[name], late).Median))
		}
		rows = append(rows, row)
	}
	return rows
}

// Clients is how a number of clients is written.
func Clients(count int) string {
	if count == 1 {
		return "1 client"
	}
	return fmt.Sprintf("%d clients", count)
}
