// Package jsonscan finds the parts of a JSON text without reading them.
package jsonscan

import "bytes"

// Scanner walks JSON without validating it: the decoder that reads it afterwards does that.
type Scanner struct {
	Text []byte
	// At is the current offset.
	At int
}

// Next is the byte that follows after space, 0 at the end.
func (s *Scanner) Next() byte {
	for s.At < len(s.Text) {
		switch s.Text[s.At] {
		case ' ', '\n', '\t', '\r':
			s.At++
		default:
			return s.Text[s.At]
		}
	}
	return 0
}

// take skips one byte, if it is this one.
func (s *Scanner) take(wanted byte) bool {
	if s.Next() != wanted {
		return false
	}
	s.At++
	return true
}

// Fields scans an object and calls a function to scan the value of each field, with its name as a part of the text: most names are
// only compared, and a copy of each would cost more than that. A name that is written with escapes is not understood.
func (s *Scanner) Fields(value func(name []byte) bool) bool {
	if !s.take('{') {
		return false
	}
	if s.take('}') {
		return true
	}
	for {
		s.Next()
		begin := s.At
		if !s.quoted() {
			return false
		}
		name := s.Text[begin+1 : s.At-1]
		if bytes.IndexByte(name, '\\') >= 0 || !s.take(':') || !value(name) {
			return false
		}
		if s.take('}') {
			return true
		}
		if !s.take(',') {
			return false
		}
	}
}

// quoted scans a string.
func (s *Scanner) quoted() bool {
	if !s.take('"') {
		return false
	}
	end := endOfString(s.Text, s.At)
	s.At = max(end, s.At)
	return end > 0
}

// endOfString is the place behind the quote that ends a string, 0 where there is none.
func endOfString(text []byte, at int) int {
	for at < len(text) {
		quote := bytes.IndexByte(text[at:], '"')
		if quote < 0 {
			return 0
		}
		quote += at
		escapes := 0
		for quote-escapes > at && text[quote-escapes-1] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return quote + 1
		}
		at = quote + 1
	}
	return 0
}

// Skip scans a value.
func (s *Scanner) Skip() bool {
	switch s.Next() {
	case '"':
		return s.quoted()
	case '{', '[':
		return s.collection()
	}
	length := bytes.IndexAny(s.Text[s.At:], ",}] \n\t\r")
	s.At += max(length, 0)
	return length > 0
}

// collection scans an object or a list, to its closing bracket. Most of the bytes of an object are skipped here, so that it
// counts in a local variable.
func (s *Scanner) collection() bool {
	text, depth := s.Text, 0
	for at := s.At; at < len(text); at++ {
		switch text[at] {
		case '"':
			end := endOfString(text, at+1)
			if end == 0 {
				return false
			}
			at = end - 1
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		if depth == 0 {
			s.At = at + 1
			return true
		}
	}
	return false
}

// Items scans a list and calls a function to scan each value.
func (s *Scanner) Items(value func() bool) bool {
	if !s.take('[') {
		return false
	}
	if s.take(']') {
		return true
	}
	for {
		if !value() {
			return false
		}
		if s.take(']') {
			return true
		}
		if !s.take(',') {
			return false
		}
	}
}

// Value scans a value and returns it, nil for none.
func (s *Scanner) Value() []byte {
	s.Next()
	begin := s.At
	if !s.Skip() {
		return nil
	}
	return s.Text[begin:s.At:s.At]
}
