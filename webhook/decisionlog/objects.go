package decisionlog

import (
	"encoding/json"
	"fmt"

	"k8s.io/utils/lru"

	"github.com/stateward/stateward/policies/engine/lazy"
)

const (
	// keptObjects and largestKept bound what Objects hold: read as a whole, an object takes about ten times its text.
	keptObjects = 128
	largestKept = 32 << 10
)

// Objects reads the objects of records and keeps the latest ones: many records hold the same objects. It is used by one at a time.
type Objects struct {
	kept *lru.Cache
}

// NewObjects returns one that keeps none yet.
func NewObjects() *Objects { return &Objects{kept: lru.New(keptObjects)} }

// keptObject is an object as it was read, with its text: a digest is only what a record claims.
type keptObject struct {
	text  string
	value lazy.Value
}

// read returns the object of a digest, from its text or as it was read before.
func (o *Objects) read(digest string, text json.RawMessage) (lazy.Value, error) {
	if known, ok := o.kept.Get(digest); ok {
		if kept, _ := known.(keptObject); kept.text == string(text) {
			return kept.value, nil
		}
	}
	value, err := readObject(digest, text, &lazy.Reader{ManagedFields: true})
	if err == nil && len(text) <= largestKept {
		o.kept.Add(digest, keptObject{string(text), value})
	}
	return value, err
}

// readObject reads an object by a reader of its own: objects have nothing in common.
func readObject(digest string, text json.RawMessage, reader *lazy.Reader) (lazy.Value, error) {
	value, err := reader.Read(text)
	if err != nil {
		return nil, fmt.Errorf("read object %s of the record: %w", digest, err)
	}
	return value, nil
}
