package measure

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Summary of what answers took, of which so many were due.
func Summary(took []time.Duration, due int) Sample {
	slices.Sort(took)
	at := func(part float64) float64 {
		index := int(math.Ceil(part*float64(max(due, len(took))))) - 1
		if index >= len(took) {
			return math.Inf(1)
		}
		return float64(took[max(0, index)].Nanoseconds()) / 1e6
	}
	sample := Sample{Asked: max(due, len(took)), Answered: len(took)}
	if len(took) > 0 {
		sample.Middle, sample.Late, sample.Last = at(0.5), at(0.99), at(1)
	}
	return sample
}

// Spread is the median of several rounds, and the least and the most of them.
type Spread struct{ Median, Least, Most float64 }

// Of summarises one number of all samples.
func Of(samples []Sample, number func(Sample) float64) Spread {
	values := make([]float64, 0, len(samples))
	for _, sample := range samples {
		values = append(values, number(sample))
	}
	return spread(values)
}

// Ratio summarises a number of samples beside that of others, round by round: whatever else the machine did in a round
// was the same for both.
func Ratio(samples, beside []Sample, number func(Sample) float64) Spread {
	values := make([]float64, 0, len(samples))
	for round := range min(len(samples), len(beside)) {
		values = append(values, number(samples[round])/number(beside[round]))
	}
	return spread(values)
}

// Beyond summarises by how much a number of samples exceeds that of others, round by round.
func Beyond(samples, beside []Sample, number func(Sample) float64) Spread {
	values := make([]float64, 0, len(samples))
	for round := range min(len(samples), len(beside)) {
		values = append(values, number(samples[round])-number(beside[round]))
	}
	return spread(values)
}

func spread(values []float64) Spread {
	if len(values) == 0 {
		return Spread{math.NaN(), math.NaN(), math.NaN()}
	}
	slices.SortFunc(values, cmp.Compare[float64])
	middle := values[len(values)/2]
	if len(values)%2 == 0 {
		middle = (values[len(values)/2-1] + middle) / 2
	}
	return Spread{Median: middle, Least: values[0], Most: values[len(values)-1]}
}
