// Package yamltest holds what fuzz tests of readers of YAML and JSON share.
package yamltest

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// KubectlBuffer is how many bytes kubectl reads at once.
const KubectlBuffer = 4096

// Seeds are texts that readers take for different things.
func Seeds() []string {
	return []string{
		"",
		"---\n",
		"#\r\r\r\r\r\r\r\t\r#",
		"# " + strings.Repeat("x", KubectlBuffer-2),
		"a: 1\n# " + strings.Repeat("x", 2*KubectlBuffer-2),
		"\xef\xbb\xbfa: 1\n",
		"\xff\xfea\x00:\x00 \x001\x00",
		"a: 1\n--- # next\nb: 2\n--- \nc: 3\r\n---\r\nd: 4",
		"a: 1\n---b\nc: 2\n",
		"# only a comment\n---\n\n---\nnull\n--- #\n~\n",
		"apiVersion: v1\nkind: List\nitems:\n- apiVersion: apps/v1\n  kind: StatefulSet\n  metadata: {name: a}\n",
		"apiVersion: apps/v1\nkind: StatefulSetList\nitems:\n- metadata: {name: a}\n- {apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: B}]}\n",
		`{"apiVersion":"v1","kind":"A"}{"apiVersion":"v1","kind":"B","items":null}` + "\n---\n{}",
		`{"apiVersion":"v1","kind":"A"}` + "\n---\napiVersion: v1\nkind: B\n",
		`{"a":1} b: 2` + "\nc: 3\n",
		"{a: 1}\n--- \n{b: 2}",
		"{} x",
		`{"a":{"b":[1,{"c":"\ud83d\ude00","c":2}]}}`,
		"a: &x {b: 1}\nc: *x\nd: {<<: *x, b: 2}\ne: {b: 3, <<: [*x, {b: 4}]}\n",
		"a: &a [*a]\n",
		"on: 1\nyes: 2\n1: 3\n'1': 4\n~: 5\n? [x]\n: 6\n",
		"a: .inf\nb: 017\nc: 1_000\nd: 1e400\ne: !!binary aGk=\nf: 2001-01-01\n",
		"a: \"b\rc\u2028d\"\ne: 1\u0085f: 2\n",
		"a: 1\n...\nb: 2\n",
		"%YAML 1.1\n---\na: 1\n",
		"a:\n\t- b\n",
		"a: b: c\n",
		"{a: -}",
		"[1:, -]",
		"a: [1\nb: 2\n",
		"kind: 1\napiVersion: {}\nmetadata: []\n",
		"? a\n: |\n  ---\n  x\n",
		"apiVersion: A\nkind: A\n0:\n! Y: #000000000",
		"&k kind: A\napiVersion: *k\n",
		"!!str a: 1\n!!int \"1\": 2\n",
		"\x01",
		"a: \x00",
		"a: \xff",
		"  \"\"\r0",
		"\xff\xfe0\x00\x00\x00",
	}
}

// Value is a JSON value in Go, with its numbers as they are written.
func Value(t *testing.T, raw []byte) (value any) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("raw is not JSON: %v\n%s", err, raw)
	}
	return value
}
