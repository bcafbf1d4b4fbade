package cluster

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/s2"
)

// alike are texts as those of objects of one kind: long, and different in their names only.
func alike(count int) (texts [][]byte) {
	shared := []byte(`{"containers":[{"name":"main","image":"registry.example.com/app:1.0"}],`)
	for index := range 40 {
		shared = fmt.Appendf(shared, `"field-%d":"what is common to all of them %d",`, index, index*index)
	}
	for index := range count {
		texts = append(texts, fmt.Appendf(bytes.Clone(shared), `"name":"db-%d","uid":"%032x"}`, index, index*7919))
	}
	return texts
}

// random are texts that have nothing in common.
func random(count, length int) (texts [][]byte) {
	source := rand.New(rand.NewPCG(1, 2))
	for range count {
		text := make([]byte, length)
		for index := range text {
			text[index] = byte(source.Uint32())
		}
		texts = append(texts, text)
	}
	return texts
}

func TestCompressionIsLossless(t *testing.T) {
	t.Parallel()
	for what, texts := range map[string][][]byte{
		"nothing":                            {{}},
		"a few, before there is anything":    alike(2),
		"many alike":                         alike(500),
		"many that have nothing in common":   random(200, 1000),
		"one that is longer than is learned": append(alike(20), random(1, 1<<20)...),
		"some of each":                       append(alike(100), append(random(100, 3000), alike(100)...)...),
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			var packer compressor
			var all []compressed
			for _, text := range texts {
				all = append(all, packer.compress(text))
			}
			for index, each := range all {
				got, err := each.decompress()
				if diff := cmp.Diff(string(texts[index]), string(got)); diff != "" || err != nil {
					t.Fatalf("text %d: %v (-want +got):\n%s", index, err, diff)
				}
			}
		})
	}
}

// TestCompressionSharesSimilarObjects packs objects of which each is new in two fields of many.
func TestCompressionSharesSimilarObjects(t *testing.T) {
	t.Parallel()
	var packer compressor
	texts := alike(500)
	var held, whole int
	for _, text := range texts {
		held += len(packer.compress(text).text)
		whole += len(text)
	}
	if held > whole/10 {
		t.Errorf("%d bytes are held of %d", held, whole)
	}
}

// TestCompressionDictionaryIsBounded compresses random texts, which have nothing in common.
func TestCompressionDictionaryIsBounded(t *testing.T) {
	t.Parallel()
	var packer compressor
	dictionaries := map[any]bool{}
	for _, text := range random(1000, 2000) {
		dictionaries[packer.compress(text).dictionary] = true
	}
	if len(packer.learned)+len(packer.samples) > s2.MaxDictSize || len(dictionaries) > 5 {
		t.Errorf("%d bytes are learned in %d dictionaries", len(packer.learned)+len(packer.samples), len(dictionaries))
	}
}

// FuzzCompression compares decompressed texts with the original ones.
func FuzzCompression(f *testing.F) {
	f.Add([]byte("{}"), uint8(3))
	f.Add([]byte(`{"metadata":{"name":"web-0","uid":"d3b07384-d9a0-4f3c-8d5a-0f7a3f3b4c11"}}`), uint8(200))
	f.Fuzz(func(t *testing.T, text []byte, before uint8) {
		var packer compressor
		for _, each := range alike(int(before)) {
			packer.compress(each)
		}
		got, err := packer.compress(text).decompress()
		if diff := cmp.Diff(string(text), string(got)); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	})
}
