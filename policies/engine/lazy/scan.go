package lazy

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/open-policy-agent/opa/v1/ast"
)

// The texts here are known to be valid.

// space is where something else than space follows.
func space(text string, at int) int {
	for text[at] == ' ' || text[at] == '\n' || text[at] == '\t' || text[at] == '\r' {
		at++
	}
	return at
}

// endOfString is behind the string that begins here.
func endOfString(text string, at int) int {
	for at++; ; at++ {
		at += strings.IndexByte(text[at:], '"')
		escapes := at
		for text[escapes-1] == '\\' {
			escapes--
		}
		// What is escaped ends nothing, if the escape is not escaped itself.
		if (at-escapes)%2 == 0 {
			return at + 1
		}
	}
}

// endOfScalar is behind the number or word that begins here.
func endOfScalar(text string, at int) int {
	for at < len(text) {
		switch text[at] {
		case ',', ']', '}', ' ', '\n', '\t', '\r':
			return at
		}
		at++
	}
	return at
}

func unquote(quoted string) string {
	if inner := quoted[1 : len(quoted)-1]; strings.IndexByte(inner, '\\') < 0 && utf8.ValidString(inner) {
		return inner
	}
	var text string
	// What is valid can be read.
	_ = json.Unmarshal([]byte(quoted), &text)
	return text
}

// scalar is a value without elements.
func (r *Reader) scalar(text string) *ast.Term {
	switch text[0] {
	case '"':
		r.MetMask = r.MetMask || r.Masked && strings.HasPrefix(text[1:], Mask)
		return r.term(ast.String(unquote(text)))
	case 't':
		return ast.InternedTerm(true)
	case 'f':
		return ast.InternedTerm(false)
	case 'n':
		return ast.InternedNullTerm
	}
	if interned := ast.InternedIntNumberTermFromString(text); interned != nil {
		return interned
	}
	return r.term(ast.Number(text))
}

// chunk is how many small things are allocated at a time.
const chunk = 64

func (r *Reader) term(value ast.Value) *ast.Term {
	if len(r.freeTerms) == 0 {
		r.freeTerms = make([]ast.Term, min(r.collections+r.values, chunk))
	}
	term := &r.freeTerms[0]
	r.freeTerms = r.freeTerms[1:]
	term.Value = value
	return term
}

func (r *Reader) key(name string) *ast.Term {
	if known, ok := r.keys[name]; ok {
		return known
	}
	if r.keys == nil {
		r.keys = make(map[string]*ast.Term, min(r.values, chunk))
	}
	key := r.term(ast.String(name))
	r.keys[name] = key
	return key
}

func (r *Reader) node() *node {
	if len(r.freeNodes) == 0 {
		r.freeNodes = make([]node, min(r.collections, chunk/4))
	}
	made := &r.freeNodes[0]
	r.freeNodes = r.freeNodes[1:]
	return made
}

// elements returns an empty list with room for so many.
func (r *Reader) elements(count int) (room []element) {
	room, r.freeElements = take(r.freeElements, count, r.values)
	return room
}

// fields is the same for fields.
func (r *Reader) fields(count int) (room []field) {
	room, r.freeFields = take(r.freeFields, count, r.values)
	return room
}

// take returns an empty list with room for so many things, of those that are free or else of new ones, and what is left.
func take[T any](free []T, count, most int) (room, left []T) {
	if count > chunk {
		return make([]T, 0, count), free
	}
	if count > len(free) {
		free = make([]T, min(most, chunk))
	}
	return free[:0:count], free[count:]
}
