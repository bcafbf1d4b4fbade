package engine

import "time"

// Timing is how long a rule took to report what it finds. What is said of all findings together is part of none.
type Timing struct {
	Rule string
	Took time.Duration
}

// Timings are those of one evaluation, in its order. OPA's own evaluator asks all rules at once and leaves them empty.
type Timings struct {
	List []Timing
}

// Time makes Evaluate note how long each rule takes.
func (p *Prepared) Time() *Timings {
	p.timings = &Timings{}
	return p.timings
}
