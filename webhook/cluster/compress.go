package cluster

import (
	"sync"

	"github.com/klauspost/compress/s2"
)

const (
	// firstDictionary is how many bytes of a resource are collected before anything is compressed.
	firstDictionary = 8 << 10
	// longestSample keeps one large object from filling the dictionary.
	longestSample = 8 << 10
	// wellCompressed is the ratio from which a text is not added to the dictionary.
	wellCompressed = 8
)

// compressor compresses the texts of one resource, without loss. Objects of a kind share most of their text, so a dictionary
// is learned from the first ones that differ.
type compressor struct {
	mu sync.Mutex
	// dictionary is nil until there are enough samples. Earlier ones live as long as the texts that were compressed with them.
	dictionary *s2.Dict
	learned    []byte
	// samples are texts that the dictionary does not compress well. It is rebuilt when they are as long as itself.
	samples []byte
	scratch []byte
}

// compressed is a compressed text.
type compressed struct {
	// dictionary is the one it was compressed with, nil if text is not compressed.
	dictionary *s2.Dict
	text       string
}

func (p *compressor) compress(text []byte) compressed {
	p.mu.Lock()
	defer p.mu.Unlock()
	made := p.encode(text)
	if len(made.text) > len(text)/wellCompressed && p.learn(text) {
		return p.encode(text)
	}
	return made
}

func (p *compressor) encode(text []byte) compressed {
	if p.dictionary == nil {
		return compressed{text: string(text)}
	}
	p.scratch = p.dictionary.Encode(p.scratch, text)
	return compressed{dictionary: p.dictionary, text: string(p.scratch)}
}

// learn adds a sample, and reports whether there is a new dictionary. A full one stays: later objects still share text with
// earlier ones.
func (p *compressor) learn(text []byte) bool {
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

// decompress returns the original text.
func (p compressed) decompress() ([]byte, error) {
	if p.dictionary == nil {
		return []byte(p.text), nil
	}
	return p.dictionary.Decode(nil, []byte(p.text))
}
