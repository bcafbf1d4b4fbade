package jsonscan

import (
	"encoding/json"
	"unicode/utf8"
)

// String reads a string as encoding/json does. It returns false for any other value, for a text that is not UTF-8, and where a
// value was read before: of two fields with one name the later counts.
func (s *Scanner) String(into *string) bool {
	if *into != "" || s.Next() != '"' {
		return false
	}
	quoted := s.Value()
	if quoted == nil {
		return false
	}
	inner := quoted[1 : len(quoted)-1]
	if IsPlain(inner) {
		*into = string(inner)
		return true
	}
	return utf8.Valid(inner) && json.Unmarshal(quoted, into) == nil
}

// Strings reads a list of strings, under the conditions of String. An empty list is not nil.
func (s *Scanner) Strings(into *[]string) bool {
	if *into != nil {
		return false
	}
	*into = []string{}
	return s.Items(func() bool {
		var text string
		ok := s.String(&text)
		*into = append(*into, text)
		return ok
	})
}

// IsPlain reports whether a part of a text means the same within quotes: it is UTF-8 without escapes and control characters.
func IsPlain(text []byte) bool {
	isASCII := true
	for _, char := range text {
		if char < ' ' || char == '\\' {
			return false
		}
		isASCII = isASCII && char < utf8.RuneSelf
	}
	return isASCII || utf8.Valid(text)
}
