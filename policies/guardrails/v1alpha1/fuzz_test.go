package v1alpha1_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
)

// FuzzGuardrails holds that whatever is accepted comes into force, and reads the same when it is written again.
func FuzzGuardrails(f *testing.F) {
	for _, spec := range []string{
		``, `"profile":"strict","fourEyes":true`,
		`"match":{"excludedNamespaces":["kube-*"],"namespaceSelector":{"matchExpressions":[{"key":"a","operator":"Exists"}]}}`,
		`"rules":[{"id":"headless-service","action":"warn","params":{"missing":"warn"},"match":{"names":["web"]}}]`,
		`"exceptions":[{"rules":["image-tag"],"match":{"labelSelector":{"matchLabels":{"a":"b"}}},"reason":"r","owner":"o","expires":"2099-01-01T00:00:00Z"}]`,
		`"profile":[],"fourEyes":"y","exceptions":[{"owner":true,"match":{"names":[1,null]},"rules":"a"}]`,
		`"rules":[{"id":"off"`, `"rules":null`, `"rules":[{"id":"image-registry","params":{"allow":["a",1]}}]`,
	} {
		f.Add([]byte(guardrailsWith(spec)))
	}
	library, err := policies.Embedded()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		guardrails, err := v1alpha1.ParseGuardrails(raw, library)
		if err != nil {
			return
		}
		if guardrails == nil {
			t.Fatal("neither Guardrails nor an error")
		}
		written, err := json.Marshal(guardrails)
		if err != nil {
			t.Fatal(err)
		}
		again, err := v1alpha1.ParseGuardrails(written, library)
		if err != nil {
			t.Fatalf("accepted, and refused when written again: %v\n%s", err, written)
		}
		if diff := cmp.Diff(guardrails, again); diff != "" {
			t.Errorf("another when written again (-first +again):\n%s", diff)
		}
		if _, err := engine.New(t.Context(), library, guardrails); err != nil {
			t.Errorf("accepted, and cannot come into force: %v", err)
		}
	})
}
