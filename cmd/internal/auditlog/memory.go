package auditlog

import (
	"encoding/json"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// mostRemembered bounds the objects of one resource that are remembered, in bytes: half of it are those used last, the
// other half those used before.
const mostRemembered = 16 << 20

// memory holds the last version of the objects of one resource. What was not used for long is forgotten.
type memory struct {
	recent, before map[string]json.RawMessage
	size           int
}

func (m *memory) get(key string) json.RawMessage {
	if object, known := m.recent[key]; known {
		return object
	}
	object, known := m.before[key]
	if known {
		m.put(key, object)
	}
	return object
}

func (m *memory) put(key string, object json.RawMessage) {
	if m.recent == nil || m.size+len(object) > mostRemembered/2 {
		m.recent, m.before, m.size = map[string]json.RawMessage{}, m.recent, 0
	}
	m.recent[key] = object
	m.size += len(object)
}

func (m *memory) forget(key string) {
	delete(m.recent, key)
	delete(m.before, key)
}

// follows reports whether an object can be the next version of another: each change of a spec adds one to the
// generation, and one that is not in the log leaves a gap. An event may be in the log after one that came later.
func follows(object, old json.RawMessage) bool {
	var read, before metav1.PartialObjectMetadata
	if json.Unmarshal(object, &read) != nil || json.Unmarshal(old, &before) != nil {
		return false
	}
	return read.UID == before.UID && slices.Contains([]int64{0, 1}, read.Generation-before.Generation)
}

// terminates reports whether an object is still there after its deletion, as pods are until their kubelet has stopped them.
func terminates(object json.RawMessage) bool {
	var read metav1.PartialObjectMetadata
	return json.Unmarshal(object, &read) == nil && read.DeletionTimestamp != nil
}
