package auditor

import "time"

const (
	// share is the part of one processor that the audit may use: a twentieth.
	share = 20
	// ahead is how much may be spent on changes before the budget has it.
	ahead = 500 * time.Millisecond
	// perRequest is about what it takes to send a request and to read the answer, which other threads do.
	perRequest = 2 * time.Millisecond
	// perLookup is that of an object that an evaluation reads from the API server by its name.
	perLookup = time.Millisecond
)

// budget bounds the processor time of the audit: what is spent is a debt, which is repaid while nothing is done.
type budget struct {
	debt  time.Duration
	since time.Time
}

func (b *budget) repay(now time.Time) {
	b.debt = max(0, b.debt-now.Sub(b.since)/share)
	b.since = now
}

func (b *budget) spend(cost time.Duration) { b.debt += cost }

// allows reports whether there is time for something that has changed, or for anything else.
func (b *budget) allows(changed bool) bool {
	if changed {
		return b.debt < ahead
	}
	return b.debt == 0
}
