package engine

import (
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/policies/engine/lazy"
)

// Prepared is a review that has been read.
type Prepared struct {
	review Review
	kind   requestKind
	// rules are those that apply; nil where the review is exempt.
	rules   *ruleSet
	input   lazy.Value
	verdict Verdict
	reader  *lazy.Reader
	// recording is nil where nothing is recorded.
	recording *inventory.Recording
	// timings is nil where no time is taken.
	timings *Timings
}

// Done reports whether the verdict is known without an evaluation: the review is exempt, or no rule judges it.
func (p *Prepared) Done() bool { return p.rules == nil || p.rules.empty() }

// Review is what was read.
func (p *Prepared) Review() Review { return p.review }

// Part is the object, oldObject or options of the review as rules see them; it must not be read by two at a time.
func (p *Prepared) Part(name string) lazy.Value { return lazy.Find(p.input, "request", name) }

// MetMask reports whether a masked value of a Masked review was read.
func (p *Prepared) MetMask() bool { return p.reader.MetMask }

// Record makes Evaluate note what it reads of the World.
func (p *Prepared) Record() *inventory.Recording {
	p.recording = &inventory.Recording{}
	return p.recording
}
