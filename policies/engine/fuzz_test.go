package engine_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/util"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
)

// FuzzGuardrails holds that whatever is accepted comes into force, and reads the same when it is written again.
func FuzzGuardrails(f *testing.F) {
	for _, spec := range []string{
		``, `"profile":"strict","fourEyes":true`,
		`"match":{"excludedNamespaces":["kube-*"],"namespaceSelector":{"matchExpressions":[{"key":"a","operator":"Exists"}]}}`,
		`"rules":[{"id":"headless-service","action":"warn","params":{"missing":"warn"},"match":{"names":["web"]}}]`,
		`"exceptions":[{"rules":["image-tag"],"match":{"labelSelector":{"matchLabels":{"a":"b"}}},"reason":"r","owner":"o","expires":"2099-01-01T00:00:00Z"}]`,
		`"rules":[{"id":"off"`, `"rules":null`, `"rules":[{"id":"image-registry","params":{"allow":["a",1]}}]`,
	} {
		f.Add([]byte(guardrailsWith(spec)))
	}
	library, err := policies.Embedded()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		guardrails, err := engine.ParseGuardrails(raw, library)
		if err != nil {
			return
		}
		written, err := json.Marshal(guardrails)
		if err != nil {
			t.Fatal(err)
		}
		again, err := engine.ParseGuardrails(written, library)
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

// FuzzParseObject holds that an object reads as OPA reads it by itself, but for managedFields.
func FuzzParseObject(f *testing.F) {
	for _, raw := range []string{
		``, ` {} `, `null`, `[]`, `1`, `"a"`, `{"a":1}x`, `{"a":1,}`, `{"a":[1,2.50,-0,1e3,1E+400,true,false,null,"",{}, [ ] ]}`,
		`{"a":1,"a":{"b":2},"\u0061":3}`, `{"a":"\ud83d\ude00\ud83d \"\\\/\b","é":"` + "\xff" + `"}`,
		`{"metadata":{"managedFields":[{"a":1}],"name":"x"},"spec":{"managedFields":1,"metadata":{"managedFields":2}}}`,
		`{"a":0,"b":0,"c":0,"d":0,"e":0,"f":0,"g":0,"h":0,"i":0,"j":0,"k":0,"l":0,"m":0,"n":0,"o":0,"p":0,"q":0,"r":0,"a":1,"r":2}`,
		`{"a":1e999999999}`, `{"a":100000000000000000000000000000000000000001,"b":0.1e-7,"c":017}`,
	} {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		want, wantErr := wayOfOPA(raw)
		got, err := engine.ParseObject(raw)
		if wantErr != nil || err != nil {
			if wantErr == nil || err == nil {
				t.Fatalf("error %v, OPA's is %v", err, wantErr)
			}
			return
		}
		if ast.Compare(want, got) != 0 {
			t.Fatalf("read as %v, by OPA as %v", got, want)
		}
		if want.Hash() != got.Hash() {
			t.Fatalf("%v has hash %d, from OPA %d", got, got.Hash(), want.Hash())
		}
	})
}

func wayOfOPA(raw []byte) (ast.Value, error) {
	if len(raw) == 0 {
		return ast.NullValue, nil
	}
	var decoded any
	if err := util.UnmarshalJSON(raw, &decoded); err != nil {
		return nil, err
	}
	switch object := decoded.(type) {
	case nil:
	case map[string]any:
		if metadata, ok := object["metadata"].(map[string]any); ok {
			delete(metadata, "managedFields")
		}
	default:
		return nil, errors.New("it is no object")
	}
	return ast.InterfaceToValue(decoded)
}
