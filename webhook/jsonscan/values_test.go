package jsonscan_test

import (
	"encoding/json"
	"testing"

	"github.com/stateward/stateward/webhook/jsonscan"
)

// FuzzString proves that a string which is read is the one that encoding/json reads.
func FuzzString(f *testing.F) {
	for _, text := range []string{`"a"`, `"é\n"`, `"\u00e9\ud800"`, "\"\xff\"", "\"a\x01\"", `"\x"`, `""`, `null`, `"a`, `1`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		scanner, got := jsonscan.Scanner{Text: text}, ""
		if !scanner.String(&got) {
			return
		}
		var want string
		if err := json.Unmarshal(text[:scanner.At], &want); err != nil || got != want {
			t.Errorf("%q instead of %q, %v", got, want, err)
		}
	})
}

func TestStringsReadAListOnce(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{`["a","é"]`: true, `[]`: true, `["a",1]`: false, `["a"`: false, `"a"`: false, `null`: false} {
		var list []string
		scanner := jsonscan.Scanner{Text: []byte(text)}
		if got := scanner.Strings(&list); got != want {
			t.Errorf("%s: %v", text, got)
		}
		scanner = jsonscan.Scanner{Text: []byte(`[]`)}
		if want && (list == nil || scanner.Strings(&list)) {
			t.Errorf("%s: a second list is read", text)
		}
	}
}
