package manifest

import (
	"encoding/json"
	"testing"
)

// FuzzPlainJSONText holds text that is not decoded to the decoder.
func FuzzPlainJSONText(f *testing.F) {
	for _, each := range []string{`"db"`, `""`, `"a\u0041"`, `"ü"`, `"a b"`, `1`, `null`, `["a"]`, `"\""`} {
		f.Add([]byte(each))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var value json.RawMessage
		if json.Unmarshal(raw, &value) != nil {
			return
		}
		text, plain := plainText(value)
		if !plain {
			return
		}
		var want string
		if err := json.Unmarshal(raw, &want); err != nil || text != want {
			t.Errorf("text %q, want %q, %v", text, want, err)
		}
	})
}
