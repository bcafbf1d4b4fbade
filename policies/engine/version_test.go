package engine

import (
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
)

// FuzzVersions holds that a version of an object reads the same after another one as alone.
func FuzzVersions(f *testing.F) {
	for _, versions := range [][2]string{
		{`{"a":{"b":[{"c":1},{"d":2}]}}`, `{"a":{"b":[{"c":1},{"d":3}]}}`},
		{`{"a":{"b":1},"c":{"d":2}}`, `{"c":{"d":2},"a":{"b":1}}`},
		{`{"a":[1],"a":{"b":1}}`, `{"a":{"b":1},"a":[1]}`},
		{`{"a":{},"b":{}}`, `{"a":{"b":{}},"b":[]}`},
		{`{"metadata":{"managedFields":[{"a":{}}],"x":{}}}`, `{"x":{"managedFields":[{"a":{}}],"x":{}},"metadata":{"managedFields":[{"a":{}}],"x":{}}}`},
		{`[{}]`, `{"a":[{}]}`},
		{`{"a":{"b":1e999999999}}`, `{"a":{"b":1}}`},
	} {
		f.Add([]byte(versions[0]), []byte(versions[1]))
	}
	f.Fuzz(func(t *testing.T, before, raw []byte) {
		parser := &objectParser{}
		if _, err := parser.parse(before); err != nil {
			return
		}
		got, err := parser.parse(raw)
		want, wantErr := ParseObject(raw)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("error %v, alone %v", err, wantErr)
		}
		if err == nil && (ast.Compare(want, got) != 0 || want.Hash() != got.Hash()) {
			t.Fatalf("read as %v, alone as %v", got, want)
		}
	})
}

func TestWhatTwoVersionsHaveInCommonIsReadOnce(t *testing.T) {
	t.Parallel()
	parser := &objectParser{}
	first, err := parser.parse([]byte(`{"spec":{"a":[{"b":1}],"c":{"d":2}}}`))
	if err != nil {
		t.Fatal(err)
	}
	second, err := parser.parse([]byte(`{"spec":{"a":[{"b":1}],"c":{"d":3}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if find(first, "spec", "a") != find(second, "spec", "a") {
		t.Error("the list is there twice")
	}
	if find(first, "spec", "c") == find(second, "spec", "c") {
		t.Error("the object that is another is there once")
	}
}
