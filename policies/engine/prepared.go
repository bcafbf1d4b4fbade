package engine

import (
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/policies/engine/lazy"
)

// Prepared is a request that has been read.
type Prepared struct {
	request Request
	kind    requestKind
	// rules are those that apply; nil where the request is exempt.
	rules    *ruleSet
	input    lazy.Value
	decision Decision
	reader   *lazy.Reader
	// recording is nil where nothing is recorded.
	recording *inventory.Recording
	// timings is nil where no time is taken.
	timings *Timings
}

// Done reports whether the decision is known without an evaluation: the request is exempt, or no rule checks it.
func (p *Prepared) Done() bool { return p.rules == nil || p.rules.empty() }

// Request is what was read.
func (p *Prepared) Request() Request { return p.request }

// Part is the object, oldObject or options of the request as rules see them; it must not be read by two at a time.
func (p *Prepared) Part(name string) lazy.Value { return lazy.Find(p.input, "request", name) }

// MetMask reports whether a masked value of a Masked request was read.
func (p *Prepared) MetMask() bool { return p.reader.MetMask }

// Record makes Evaluate note what it reads of the inventory.
func (p *Prepared) Record() *inventory.Recording {
	p.recording = &inventory.Recording{}
	return p.recording
}
