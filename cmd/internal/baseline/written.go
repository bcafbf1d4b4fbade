package baseline

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/stateward/stateward/cmd/internal/manifest"
)

// serverFields are the metadata that only an API server writes. In a file they are what once was, or a user's
// invention: a deletionTimestamp there deletes nothing, and must not pass for an object that is going anyway.
func serverFields() []string {
	return []string{
		"creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "managedFields",
		"resourceVersion", "selfLink", "uid",
	}
}

// asWritten returns the document without what only an API server writes.
func asWritten(document manifest.Document) (manifest.Document, error) {
	raw, err := withoutServerFields(document.Raw)
	if err != nil {
		return manifest.Document{}, fmt.Errorf("%s: %w", document.Position(nil), err)
	}
	document.Raw = raw
	return document, nil
}

func withoutServerFields(raw json.RawMessage) (json.RawMessage, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(raw, &object); err != nil {
		return nil, fmt.Errorf("read the object: %w", err)
	}
	delete(object, "status")
	var metadata map[string]json.RawMessage
	if err := json.Unmarshal(object["metadata"], &metadata); err == nil && metadata != nil {
		for _, field := range serverFields() {
			delete(metadata, field)
		}
		encoded, err := json.Marshal(metadata)
		if err != nil {
			return nil, fmt.Errorf("write the metadata: %w", err)
		}
		object["metadata"] = encoded
	}
	return json.Marshal(object)
}

// decode keeps numbers as they are written: 1 and 1.0 differ, and nothing is rounded.
func decode(raw json.RawMessage) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	err := decoder.Decode(&value)
	return value, err
}
