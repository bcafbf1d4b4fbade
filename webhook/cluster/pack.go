package cluster

import (
	"sync"

	"github.com/klauspost/compress/s2"
)

const (
	// firstDictionary is how much is seen of a resource, in bytes, before anything is packed.
	firstDictionary = 8 << 10
	// longestSample keeps one large object from being all that is learned.
	longestSample = 8 << 10
	// wellPacked is how many times shorter than its text something is that has nothing to teach.
	wellPacked = 8
)

// packer packs the texts of one resource. Objects of a kind have most of their text in common, so each is held as what it
// has not in common with a dictionary, which is learned from the first of them that differ. Nothing is lost.
type packer struct {
	mu sync.Mutex
	// dictionary is nil until enough was seen. Those before it are held by what was packed with them.
	dictionary *s2.Dict
	learned    []byte
	// samples are texts that the dictionary does not pack well. It is made anew when they are as much as is in it.
	samples []byte
	scratch []byte
}

// packed is a text as it is held.
type packed struct {
	// dictionary is that which it was packed with, nil where text is the text itself.
	dictionary *s2.Dict
	text       string
}

func (p *packer) pack(text []byte) packed {
	p.mu.Lock()
	defer p.mu.Unlock()
	made := p.encode(text)
	if len(made.text) > len(text)/wellPacked && p.learn(text) {
		return p.encode(text)
	}
	return made
}

func (p *packer) encode(text []byte) packed {
	if p.dictionary == nil {
		return packed{text: string(text)}
	}
	p.scratch = p.dictionary.Encode(p.scratch, text)
	return packed{dictionary: p.dictionary, text: string(p.scratch)}
}

// learn reports whether there is a new dictionary. One that is full stays: a later object is packed with what it has in
// common with the earlier ones.
func (p *packer) learn(text []byte) bool {
	if len(text) > longestSample || len(p.learned)+len(p.samples)+len(text) > s2.MaxDictSize {
		return false
	}
	p.samples = append(p.samples, text...)
	if len(p.samples) < max(firstDictionary, len(p.learned)) {
		return false
	}
	p.learned = append(p.learned[:len(p.learned):len(p.learned)], p.samples...)
	p.samples = nil
	p.dictionary = s2.MakeDict(p.learned, nil)
	return true
}

// unpack returns the text.
func (p packed) unpack() ([]byte, error) {
	if p.dictionary == nil {
		return []byte(p.text), nil
	}
	return p.dictionary.Decode(nil, []byte(p.text))
}
