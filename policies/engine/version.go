package engine

import "github.com/open-policy-agent/opa/v1/ast"

// version is an object or a list with the text that it was read from. An update brings two versions of an object that
// differ in little: the other needs to be read only where its text is another.
type version struct {
	text string
	term *ast.Term
	// key is where it stands in what it is within; first and last are of what is within it, next stands beside it.
	key               *ast.Term
	first, last, next *version
	// expected is what was not asked for yet: two versions have their fields in the same order.
	expected *version
}

func (p *objectParser) newVersion() *version {
	if len(p.versions) == 0 {
		p.versions = make([]version, 32)
	}
	made := &p.versions[0]
	p.versions = p.versions[1:]
	return made
}

// add remembers an object or list that stands within.
func (v *version) add(key *ast.Term, within *version) {
	if within == nil {
		return
	}
	// It may be one of the version before, which has neighbours of its own.
	within.key, within.next = key, nil
	if v.last == nil {
		v.first, v.expected = within, within
	} else {
		v.last.next = within
	}
	v.last = within
}

// at is what stood at a key, nil if nobody knows; keys of one text are one term. Some are looked for in vain, which costs no
// more than to read them.
func (v *version) at(key *ast.Term) *version {
	if v == nil {
		return nil
	}
	for candidate, tries := v.expected, 0; candidate != nil && tries < fewFields; candidate, tries = candidate.next, tries+1 {
		if candidate.key == key {
			v.expected = candidate.next
			return candidate
		}
	}
	return nil
}
