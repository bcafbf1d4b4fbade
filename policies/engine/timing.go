package engine

import "time"

// Timing is how long a rule took to report. The assembly of all findings is part of none.
type Timing struct {
	Rule string
	Took time.Duration
}

// Timings are those of one evaluation, in its order. OPA's own evaluator runs all rules at once and leaves them empty.
type Timings struct {
	List []Timing
}

// Time makes Evaluate note how long each rule takes.
func (p *Prepared) Time() *Timings {
	p.timings = &Timings{}
	return p.timings
}
