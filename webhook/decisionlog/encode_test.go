package decisionlog

import (
	"bytes"
	"testing"
	"unicode/utf8"

	"github.com/stateward/stateward/policies/engine/lazy"
)

// FuzzEncodeKeepsTheObject holds what is copied from the request to what is written value by value.
func FuzzEncodeKeepsTheObject(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"metadata":{"name":"web","managedFields":[{"manager":"kubectl"}]},"spec":{"replicas":3,"template":{"args":["a","b",1.0,1e3,null]}}}`,
		"{\"spec\": {\n  \"a\":\t1,\r\n \"a\": [2]\n}}", "{\"spec\":{\"a\":\"\u2028\\u2028\\ud800\"}}", "{\"spec\":{\"a\xff\":[\"\xfe\"]}}", `null`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		value, err := (&lazy.Reader{}).Read(raw)
		if err != nil {
			return
		}
		plain := newMasking(nil, nil)
		written := plain.encode(value).json
		if bytes.ContainsAny(written, "\r\n") || !utf8.Valid(written) {
			t.Fatalf("%q is written as %q, which is no line of UTF-8", raw, written)
		}
		again, err := (&lazy.Reader{}).Read(written)
		if err != nil {
			t.Fatalf("%q is written as %q: %v", raw, written, err)
		}
		if want, got := lazy.Forced(value), lazy.Forced(again); want.Compare(got) != 0 {
			t.Fatalf("%q is written as %q, which has %v and not %v", raw, written, got, want)
		}
	})
}
