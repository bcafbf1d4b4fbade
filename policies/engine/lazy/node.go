package lazy

import (
	"cmp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// node is an object or array of a document. It implements Collection.
type node struct {
	source *source
	// mark is its place in the marks, begin that in the text.
	mark, begin int32
	// root is true for the document, and metadata for that of an object whose managedFields are left out.
	root, metadata bool
	// before is the value at the same path in the previous version.
	before *node
	// elements of an array and fields of an object, sorted by name, are found on demand.
	elements []element
	fields   []field
	opened   bool
	// forced is all that is in it as OPA sees it.
	forced *ast.Term
}

// element is a value in an object or array.
type element struct {
	// begin and end are its place in the text; mark is that of an object or array, which is never the first.
	begin, end, mark int32
	// value is made on demand.
	value Value
}

// field is an element of an object.
type field struct {
	element
	name string
	// key is made on demand.
	key *ast.Term
}

// IsArray reports whether the node is an array; otherwise it is an object.
func (n *node) IsArray() bool { return n.source.text[n.begin] == '[' }

// Len is how many things stand in it.
func (n *node) Len() int {
	n.open()
	return len(n.elements) + len(n.fields)
}

// At returns the key and the value at a place, in the order that OPA has them in.
func (n *node) At(index int) (key *ast.Term, value Value) {
	value = n.value(index)
	if n.IsArray() {
		return ast.InternedTerm(index), value
	}
	each := &n.fields[index]
	if each.key == nil {
		each.key = n.source.reader.key(each.name)
	}
	return each.key, value
}

// Get returns the value at a key, or nil. It is the same value each time.
func (n *node) Get(key *ast.Term) (Value, error) {
	var index int
	var found bool
	switch name := key.Value.(type) {
	case ast.String:
		index, found = n.find(string(name))
	case ast.Number:
		index, found = name.Int()
		found = found && n.IsArray() && index >= 0 && index < n.Len()
	}
	if !found {
		return nil, nil
	}
	return n.value(index), nil
}

func (n *node) find(name string) (int, bool) {
	n.open()
	return slices.BinarySearchFunc(n.fields, name, func(each field, name string) int { return strings.Compare(each.name, name) })
}

// Force returns the whole value as a term of OPA.
func (n *node) Force() (*ast.Term, error) {
	if n.forced == nil {
		n.forced = n.read()
	}
	return n.forced, nil
}

func (n *node) read() *ast.Term {
	if n.IsArray() {
		// An array keeps its slice.
		values := make([]*ast.Term, n.Len())
		for index := range values {
			values[index] = n.forceAt(index)
		}
		return n.source.reader.term(ast.NewArray(values...))
	}
	reader := n.source.reader
	begin := len(reader.items)
	for index := range n.Len() {
		key, _ := n.At(index)
		item := [2]*ast.Term{key, n.forceAt(index)}
		reader.items = append(reader.items, item)
	}
	object := ast.NewObject(reader.items[begin:]...)
	reader.items = reader.items[:begin]
	return reader.term(object)
}

func (n *node) forceAt(index int) *ast.Term {
	// A document can always be read.
	term, _ := n.value(index).Force()
	return term
}

// text is what it was read from.
func (n *node) text() string { return n.source.text[n.begin:n.source.marks[n.mark].end] }

// Source returns the JSON that an object or array was read from, if all of that belongs to the value.
func Source(value Value) (text string, ok bool) {
	read, ok := value.(*node)
	// A document does without the managedFields of its metadata.
	if !ok || read.root || read.metadata {
		return "", false
	}
	return read.text(), true
}

// open finds its elements.
func (n *node) open() {
	if n.opened {
		return
	}
	n.opened = true
	text, size, next := n.source.text, int(n.source.marks[n.mark].size), n.mark+1
	if n.IsArray() {
		n.elements = n.source.reader.elements(size)
	} else {
		n.fields = n.source.reader.fields(size)
	}
	for at := space(text, int(n.begin)+1); text[at] != ']' && text[at] != '}'; at = space(text, at) {
		if text[at] == ',' {
			at = space(text, at+1)
		}
		if n.IsArray() {
			var each element
			each, next = n.source.element(at, next)
			n.elements, at = append(n.elements, each), int(each.end)
			continue
		}
		end := endOfString(text, at)
		each := field{name: unquote(text[at:end])}
		// A colon follows.
		each.element, next = n.source.element(space(text, space(text, end)+1), next)
		at = int(each.end)
		if !n.metadata || each.name != "managedFields" {
			n.fields = append(n.fields, each)
		}
	}
	n.fields = sortedFields(n.fields)
}

// element is the value that begins here. The next object or array has this mark; what has the one after it is returned.
func (s *source) element(at int, mark int32) (element, int32) {
	each := element{begin: int32(at)} //nolint:gosec // As long as the text.
	switch s.text[at] {
	case '{', '[':
		each.mark, each.end = mark, s.marks[mark].end
		return each, s.marks[mark].next
	case '"':
		each.end = int32(endOfString(s.text, at)) //nolint:gosec // As long as the text.
	default:
		each.end = int32(endOfScalar(s.text, at)) //nolint:gosec // As long as the text.
	}
	return each, mark
}

// sortedFields sorts fields by name. Of those with one name the last counts.
func sortedFields(fields []field) []field {
	slices.SortStableFunc(fields, func(a, b field) int { return cmp.Compare(a.name, b.name) })
	kept := fields[:0]
	for index, each := range fields {
		if index+1 == len(fields) || fields[index+1].name != each.name {
			kept = append(kept, each)
		}
	}
	return kept
}

// value is the value at a place.
func (n *node) value(index int) Value {
	n.open()
	var each *element
	var name string
	if n.IsArray() {
		each = &n.elements[index]
	} else {
		each, name = &n.fields[index].element, n.fields[index].name
	}
	switch {
	case each.value != nil:
	case each.mark == 0:
		each.value = Of(n.source.reader.scalar(n.source.text[each.begin:each.end]))
	default:
		each.value = n.within(each, n.before.at(index, name), n.root && name == "metadata")
	}
	return each.value
}

// within returns an object or array in this one: that of the previous version, if it is equal.
func (n *node) within(each *element, before *node, metadata bool) *node {
	if before != nil && before.text() == n.source.text[each.begin:each.end] {
		return before
	}
	made := n.source.reader.node()
	*made = node{source: n.source, mark: each.mark, begin: each.begin, before: before}
	made.metadata = metadata && !n.source.reader.ManagedFields
	return made
}

// at returns the object or array at an index of an array, or under a name of an object.
func (n *node) at(index int, name string) *node {
	if n == nil {
		return nil
	}
	if !n.IsArray() {
		var found bool
		if index, found = n.find(name); !found {
			return nil
		}
	}
	if index >= n.Len() {
		return nil
	}
	found, _ := n.value(index).(*node)
	return found
}
