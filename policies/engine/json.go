package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/util"
)

// ParseObject reads a JSON object, or null, as Rego sees it: an empty text is null. Objects are read so often that the
// way by maps, which OPA itself goes, would be half the work of a decision; a fuzz test holds both ways together. The
// managedFields of an object's metadata are left out: no built-in rule reads them, and they are half of many objects.
func ParseObject(raw json.RawMessage) (ast.Value, error) {
	return (&objectParser{}).parse(raw)
}

// parse reads one version of an object after another. What a version has in common with the one before is not read again.
func (p *objectParser) parse(raw json.RawMessage) (ast.Value, error) {
	if len(raw) == 0 {
		return ast.NullValue, nil
	}
	if !json.Valid(raw) {
		return nil, invalidJSON(raw)
	}
	if p.keys == nil {
		p.keys = make(map[string]*ast.Term, 64)
	}
	// All texts are parts of this one, so that they need not be allocated one by one.
	p.rest = string(raw)
	read, version := p.value(0, p.version)
	if p.err != nil {
		return nil, p.err
	}
	p.version = version
	switch value := read.Value.(type) {
	case ast.Object, ast.Null:
		return value, nil
	default:
		return nil, fmt.Errorf("it is a JSON %s and must be an object", ast.ValueName(value))
	}
}

// invalidJSON says what is wrong, and where, in the words of the standard library.
func invalidJSON(raw json.RawMessage) error {
	var decoded any
	decoder := util.NewJSONDecoder(bytes.NewReader(raw))
	if err := decoder.Decode(&decoded); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("something follows the JSON object at byte %d", decoder.InputOffset())
	}
	return errors.New("it is no valid JSON")
}

// objectParser reads JSON that is known to be valid.
type objectParser struct {
	rest string
	// keys are the terms of the keys read so far: containers and ports have the same ones again and again.
	keys map[string]*ast.Term
	// fields and items are those of all objects and lists that are being read, the innermost last.
	fields [][2]*ast.Term
	items  []*ast.Term
	// terms are allocated many at a time.
	terms []ast.Term
	// version is what was read last, and versions are allocated many at a time.
	version  *version
	versions []version
	// managed says that managedFields are read as well.
	managed bool
	// inMetadata says that the object being read is the metadata of the whole.
	inMetadata bool
	// err is of the first number that Rego cannot calculate with.
	err error
}

// term returns a term of the value.
func (p *objectParser) term(value ast.Value) *ast.Term {
	if len(p.terms) == 0 {
		p.terms = make([]ast.Term, 128)
	}
	term := &p.terms[0]
	term.Value = value
	p.terms = p.terms[1:]
	return term
}

// value reads a value that stands so many objects and lists deep; before is what stood there in the version before.
func (p *objectParser) value(depth int, before *version) (*ast.Term, *version) {
	p.space()
	switch p.rest[0] {
	case '{', '[':
		return p.collection(depth, before)
	case '"':
		return p.term(ast.String(unquote(p.quoted()))), nil
	case 't':
		p.rest = p.rest[len("true"):]
		return ast.InternedTerm(true), nil
	case 'f':
		p.rest = p.rest[len("false"):]
		return ast.InternedTerm(false), nil
	case 'n':
		p.rest = p.rest[len("null"):]
		return ast.InternedNullTerm, nil
	default:
		return p.number(), nil
	}
}

// collection reads an object or a list, unless it is there already: a text that begins with a whole one is that one.
func (p *objectParser) collection(depth int, before *version) (*ast.Term, *version) {
	if before != nil && strings.HasPrefix(p.rest, before.text) {
		p.rest = p.rest[len(before.text):]
		return before.term, before
	}
	text, read := p.rest, p.newVersion()
	if p.rest[0] == '{' {
		read.term = p.object(depth, before, read)
	} else {
		read.term = p.array(depth, before, read)
	}
	read.text = text[:len(text)-len(p.rest)]
	return read.term, read
}

func (p *objectParser) object(depth int, before, read *version) *ast.Term {
	p.rest = p.rest[1:]
	metadata := depth == 1 && p.inMetadata
	begin := len(p.fields)
	var index map[*ast.Term]int
	for p.next('}') {
		key := p.key()
		p.space()
		p.rest = p.rest[1:]
		if metadata && !p.managed && isKey(key, managedFields) {
			p.skip()
			continue
		}
		p.inMetadata = depth == 0 && isKey(key, "metadata")
		value, within := p.value(depth+1, before.at(key))
		index = p.put(begin, index, key, value)
		read.add(key, within)
	}
	object := ast.NewObject(p.fields[begin:]...)
	p.fields = p.fields[:begin]
	return p.term(object)
}

// skip goes over a value.
func (p *objectParser) skip() {
	p.space()
	for depth := 0; ; {
		switch p.rest[0] {
		case '"':
			p.quoted()
		case '{', '[':
			depth++
			p.rest = p.rest[1:]
		case '}', ']':
			depth--
			p.rest = p.rest[1:]
		case ',', ':', ' ', '\n', '\t', '\r':
			p.rest = p.rest[1:]
		default:
			p.plain()
		}
		if depth == 0 {
			return
		}
	}
}

func isKey(key *ast.Term, name string) bool {
	text, _ := key.Value.(ast.String)
	return string(text) == name
}

// managedFields are what servers keep of an object for themselves.
const managedFields = "managedFields"

// fewFields are sooner looked through than looked up.
const fewFields = 16

// put adds a field to those from begin on. Of two with one key, which in one document are one term, the later counts: to
// find that out here spares OPA's objects work that grows with the square of their number. index tells where each key
// is, once there are many.
func (p *objectParser) put(begin int, index map[*ast.Term]int, key, value *ast.Term) map[*ast.Term]int {
	fields := p.fields[begin:]
	if index == nil && len(fields) > fewFields {
		index = make(map[*ast.Term]int, 2*len(fields))
		for at, field := range fields {
			index[field[0]] = at
		}
	}
	at, again := index[key]
	if index == nil {
		at = slices.IndexFunc(fields, func(field [2]*ast.Term) bool { return field[0] == key })
		again = at >= 0
	}
	switch {
	case again:
		fields[at][1] = value
	case index != nil:
		index[key] = len(fields)
		fallthrough
	default:
		p.fields = append(p.fields, [2]*ast.Term{key, value})
	}
	return index
}

func (p *objectParser) array(depth int, before, read *version) *ast.Term {
	p.rest = p.rest[1:]
	begin := len(p.items)
	for p.next(']') {
		// The place in a list is its key.
		place := ast.InternedTerm(len(p.items) - begin)
		item, within := p.value(depth+1, before.at(place))
		p.items = append(p.items, item)
		read.add(place, within)
	}
	// An array keeps the slice that it is made of.
	array := ast.NewArray(slices.Clone(p.items[begin:])...)
	p.items = p.items[:begin]
	return p.term(array)
}

// next reports whether another item follows, and goes behind the end if not.
func (p *objectParser) next(end byte) bool {
	p.space()
	if p.rest[0] == end {
		p.rest = p.rest[1:]
		return false
	}
	if p.rest[0] == ',' {
		p.rest = p.rest[1:]
		p.space()
	}
	return true
}

func (p *objectParser) space() {
	for p.rest[0] == ' ' || p.rest[0] == '\n' || p.rest[0] == '\t' || p.rest[0] == '\r' {
		p.rest = p.rest[1:]
	}
}

func (p *objectParser) key() *ast.Term {
	text := unquote(p.quoted())
	if known, ok := p.keys[text]; ok {
		return known
	}
	key := p.term(ast.String(text))
	p.keys[text] = key
	return key
}

// quoted returns a string with its quotes.
func (p *objectParser) quoted() string {
	end := 1
	for p.rest[end] != '"' {
		if p.rest[end] == '\\' {
			end++
		}
		end++
	}
	quoted := p.rest[:end+1]
	p.rest = p.rest[end+1:]
	return quoted
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

// plain returns what is neither a string nor a collection.
func (p *objectParser) plain() string {
	end := strings.IndexAny(p.rest, ",]} \t\r\n")
	if end < 0 {
		end = len(p.rest)
	}
	text := p.rest[:end]
	p.rest = p.rest[end:]
	return text
}

func (p *objectParser) number() *ast.Term {
	number := p.plain()
	if interned := ast.InternedIntNumberTermFromString(number); interned != nil {
		return interned
	}
	checked, err := ast.NumberChecked(number)
	if p.err == nil {
		p.err = err
	}
	return p.term(checked)
}
